"""The caller and its agents' pyVoIP phones against a real Asterisk."""

from __future__ import annotations

import asyncio
import dataclasses
import json
import threading
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from ivr.caller.phone import CallFailed, SipServer, caller_phone
from ivr.caller.read_script import read_script
from ivr.caller.report import Report
from ivr.caller.run import Service, make_call
from ivr.cli.call import call
from tests.caller.conftest import NotingDesk
from tests.switch import Switch

PUT_THROUGH = """
agents:
  - answer_after_s: 0.3
    speak: {tone_hz: 1130, for_s: 3}
    hang_up_after_s: 3
steps:
  - hear: welcome
  - hear: main_menu
  - press: "0#"
  - hear: connecting
  - hear_tone: {hz: 1130, for_s: 0.5, within_s: 10}
  - say: {tone_hz: 700, for_s: 0.5}
  - hear: anything_else
  - wait_for_hang_up: {within_s: 5}
expect: {bridged: true, hung_up_by: service, heard_by_agent: true}
"""


async def called(service: Service, to: str, script: str) -> Report:
    return await make_call(service, to, read_script(script))


async def comes_true(true: Callable[[], Awaitable[bool]], within_s: float = 3.0) -> bool:
    deadline = time.monotonic() + within_s
    while time.monotonic() < deadline:
        if await true():
            return True
        await asyncio.sleep(0.05)
    return False


async def nobody_is_on_the_line(line: Switch) -> bool:
    return "0 active channels" in await line.console("core show channels count")


async def test_a_caller_presses_keys_is_put_through_and_hears_the_agent_in_its_own_rtp(
    line: Switch, service: Service, noting_desk: NotingDesk
) -> None:
    service = dataclasses.replace(service, desk=noting_desk.desk)

    report = await called(service, "701", PUT_THROUGH)

    assert report.ok, (report.failed_step, report.why)
    heard = [(one.prompt, one.language, one.cut) for one in report.heard]
    assert heard == [
        ("welcome", "ko", False),
        ("main_menu", "ko", True),
        ("connecting", "ko", False),
        ("anything_else", "ko", False),
    ]
    assert [key.key for key in report.digits] == ["0", "#"]
    menu, connecting = report.heard[1], report.heard[2]
    assert menu.to_s is not None
    assert report.digits[0].at_s <= menu.to_s + 0.1 <= connecting.from_s + 0.2
    assert report.bridge is not None
    assert report.bridge.agent == "agent-desk1"
    assert report.bridge.heard_at_s > connecting.from_s
    (tone,) = report.tones
    assert 2.0 < tone.to_s - tone.from_s < 3.2
    (agent,) = report.agents
    assert agent.rang
    assert agent.answered_after_s is not None
    assert 0.3 <= agent.answered_after_s < 1.0
    assert agent.hung_up_by == "agent"
    assert agent.heard_caller_s is not None
    assert 0.3 < agent.heard_caller_s < 0.8
    ready_and_gone = ["/api/v1/agents/agent-desk1/ready", "/api/v1/agents/agent-desk1/sign-out"]
    assert noting_desk.paths == ready_and_gone
    assert await comes_true(lambda: nobody_is_on_the_line(line))
    contacts = await line.console("pjsip show contacts")
    assert "desk1" not in contacts
    assert not [t.name for t in threading.enumerate() if t.name.startswith(("SIP", "RTP r", "ag"))]


async def test_an_agent_who_declines_and_one_who_lets_it_ring_are_reported_as_not_answered(
    service: Service,
) -> None:
    report = await called(
        service,
        "705",
        """
agents:
  - {answer: decline, answer_after_s: 0.1}
  - {answer: never}
steps:
  - wait_for_hang_up: {within_s: 6}
expect: {bridged: false, hung_up_by: service}
""",
    )

    assert report.ok, (report.failed_step, report.why)
    assert [agent.rang for agent in report.agents] == [True, True]
    assert [agent.answered_after_s for agent in report.agents] == [None, None]


async def test_a_prompt_that_is_not_played_fails_the_script_and_says_what_was_heard_instead(
    line: Switch, service: Service
) -> None:
    report = await called(service, "702", "steps:\n  - hear: goodbye\n  - press: '1'")

    assert not report.ok
    assert report.failed_step == "line 2: hear goodbye"
    assert report.why is not None
    assert "heard instead: welcome (en)" in report.why
    assert report.hung_up_by == "service"
    assert len(report.steps) == 1
    assert await comes_true(lambda: nobody_is_on_the_line(line))


async def test_silence_is_told_from_sound_and_a_failed_call_is_hung_up(
    line: Switch, service: Service
) -> None:
    report = await called(
        service,
        "706",
        "steps: [quiet: {for_s: 0.5, within_s: 3}, hear: {prompt: welcome, within_s: 1}]",
    )

    assert report.failed_step == "line 1: hear welcome"
    assert [step.ok for step in report.steps] == [True, False]
    assert report.hung_up_by == "caller"
    assert await comes_true(lambda: nobody_is_on_the_line(line))


async def test_a_rejection_is_reported_with_its_sip_code(service: Service) -> None:
    busy = await called(service, "703", "expect: {rejected: 486}")
    unknown = await called(service, "799", "steps: [hear: welcome]")

    assert (busy.ok, busy.rejected) == (True, 486)
    assert (unknown.ok, unknown.rejected) == (False, 404)
    assert unknown.why is not None
    assert "404" in unknown.why


async def test_a_call_that_is_not_answered_in_time_is_cancelled(
    line: Switch, service: Service
) -> None:
    report = await called(service, "704", "answered_within_s: 0.5\nsteps: [hear: welcome]")

    assert (report.ok, report.rejected) == (False, 487)
    assert await comes_true(lambda: nobody_is_on_the_line(line))


async def test_a_wrong_password_is_a_rejection_and_not_a_wait(service: Service) -> None:
    server = dataclasses.replace(service.server, password="wrong")

    async with caller_phone(server) as phone:
        with pytest.raises(CallFailed) as failed:
            await phone.dial("702", 5)

    assert failed.value.status == 401


async def test_a_switch_that_is_not_there_is_named(service: Service) -> None:
    nobody: SipServer = dataclasses.replace(service.server, port=9)

    report = await make_call(
        dataclasses.replace(service, server=nobody),
        "702",
        read_script("answered_within_s: 0.5\nsteps: [hear: welcome]"),
    )

    assert report.why is not None
    assert "nobody answers SIP at 127.0.0.1:9" in report.why


def test_the_command_prints_the_report_as_json_and_fails_when_a_step_does(
    service: Service, tmp_path: Path
) -> None:
    app = typer.Typer()
    app.command()(call)
    script = tmp_path / "call.yaml"
    where = ["--server", f"127.0.0.1:{service.server.port}", "--user", service.server.username]
    where += ["--password", service.server.password, "--prompts", str(service.prompts)]
    arguments = ["--to", "702", "--script", str(script), *where]

    script.write_text("steps: [hear: welcome, wait_for_hang_up: {within_s: 5}]")
    well = CliRunner().invoke(app, [*arguments, "--json"])
    script.write_text("steps: [hear: goodbye]")
    badly = CliRunner().invoke(app, arguments)

    assert well.exit_code == 0, well.output
    told = json.loads(well.output)
    assert [heard["prompt"] for heard in told["heard"]] == ["welcome"]
    assert told["ok"] is True
    assert badly.exit_code == 1
    assert "hear goodbye" in badly.output


def test_the_command_says_what_is_missing(tmp_path: Path) -> None:
    app = typer.Typer()
    app.command()(call)
    script = tmp_path / "call.yaml"
    script.write_text("steps: [hear: welcome]")

    alone = CliRunner().invoke(
        app, ["--to", "300", "--script", str(script), "--run-folder", str(tmp_path)]
    )
    script.write_text("steps: [listen: welcome]")
    faulty = CliRunner().invoke(app, ["--to", "300", "--script", str(script)])

    assert alone.exit_code == 1
    assert "no service runs here" in alone.output
    assert faulty.exit_code == 1
    assert "call.yaml:1: unknown step 'listen'" in faulty.output


def test_the_command_looks_for_the_service_beside_the_settings_that_are_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = typer.Typer()
    app.command()(call)
    script = tmp_path / "call.yaml"
    script.write_text("steps: [hear: welcome]")
    monkeypatch.setenv("FREIZEICHEN_SETTINGS", str(tmp_path / "there" / "freizeichen.yaml"))
    told = CliRunner().invoke(app, ["--to", "300", "--script", str(script)])
    assert told.exit_code == 1
    sought = str(tmp_path.resolve() / "there" / ".freizeichen" / "run.json")
    assert sought in told.output.replace("\n", "")
