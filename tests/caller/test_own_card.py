"""Which of the service's calls is our own, and what it is told to have understood."""

from __future__ import annotations

import dataclasses
import time
from pathlib import Path
from typing import Any

import pytest

from ivr.caller.read_script import read_script
from ivr.caller.report import Report
from ivr.caller.run import Service, make_call
from tests.caller.calls_desk import CallsDesk, calls_desk, entry, row
from tests.switch import Switch

TALKED = """
agents: [{answer_after_s: 0.2, speak: {tone_hz: 1130, for_s: 3}, hang_up_after_s: 2}]
steps:
  - hear: main_menu
  - press: "0#"
  - hear_tone: {hz: 1130, for_s: 0.5, within_s: 10}
  - wait_for_hang_up: {within_s: 10}
expect: {bridged: true, understood: [인터넷, 도움]}
"""
WAITED = "steps: [wait_s: 0.5, hang_up: true]"


async def called(service: Service, desk: CallsDesk, to: str, script: str) -> Report:
    return await make_call(dataclasses.replace(service, desk=desk.desk), to, read_script(script))


def said(report: Report) -> list[str] | None:
    return None if report.understood is None else [one.said for one in report.understood]


async def test_the_card_is_that_of_the_call_that_talked_with_the_agent_we_heard(
    service: Service, tmp_path: Path
) -> None:
    began = time.time()

    async def rows() -> list[dict[str, Any]]:
        return [
            row("other-line", "300", "talking", "agent-desk1"),
            row("other-agent", "701", "talking", "agent-desk2"),
            row("waits", "701", "waiting"),
            row("own", "701", "talking", "agent-desk1"),
        ]

    async with calls_desk(tmp_path, rows) as desk:
        for call in ("other-line", "other-agent", "waits"):
            desk.cards[call] = [entry("main", "voice", "서비스", "hours")]
        desk.cards["own"] = [
            entry("main", "voice", "인터넷", "internet", began),
            entry("after_internet", "key", "9", "internet", began + 1),
            entry("after_internet", "voice", "도움", "human", began + 2),
        ]
        report = await called(service, desk, "701", TALKED)

    assert report.ok, (report.failed_step, report.why)
    assert report.hung_up_by == "service"  # long after the talk, when the row may be gone
    assert report.understood is not None
    first = report.understood[0]
    assert (first.node, first.by, first.said, first.led_to) == (
        "main",
        "voice",
        "인터넷",
        "internet",
    )
    assert said(report) == ["인터넷", "9", "도움"]
    assert first.at_s is not None
    assert -3 < first.at_s < 0  # the call was answered after `began`
    told = report.as_json()["understood"]
    assert told[2]["said"] == "도움"
    assert "도움" not in repr(report)


async def test_a_caller_who_waits_alone_on_the_line_is_known_by_being_gone_after_the_hang_up(
    line: Switch, service: Service, tmp_path: Path
) -> None:
    async def rows() -> list[dict[str, Any]]:
        idle = "0 active channels" in await line.console("core show channels count")
        own = [] if idle else [row("own", "706", "offered", "somebody")]
        return [row("elsewhere", "300", "waiting"), *own]

    async with calls_desk(tmp_path, rows) as desk:
        without = await called(service, desk, "706", WAITED)
        desk.cards["own"] = [entry("main", "voice", "도움", "human")]
        report = await called(service, desk, "706", WAITED)

    assert said(report) == ["도움"]
    assert without.ok
    assert without.understood is None  # a service that gives no cards


@pytest.mark.parametrize("strangers", [1, 2])
async def test_the_card_of_somebody_who_still_waits_when_we_are_gone_is_not_told(
    service: Service, tmp_path: Path, strangers: int
) -> None:
    async def rows() -> list[dict[str, Any]]:
        return [row(f"stranger-{number}", "706", "waiting") for number in range(strangers)]

    async with calls_desk(tmp_path, rows) as desk:
        desk.cards["stranger-0"] = [entry("main", "voice", "도움", "human")]
        report = await called(service, desk, "706", f"{WAITED}\nexpect: {{understood: [도움]}}")

    assert report.understood is None
    assert report.why == "the service did not tell what it understood in this call"
