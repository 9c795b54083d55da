"""Journeys: real callers and agents by SIP; what they heard comes from their own RTP."""

from __future__ import annotations

import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.folders import open_folder
from tests.journeys.service import (
    COMMAND,
    SCRIPTS,
    Service,
    call,
    eventually,
    running_service,
)

AGENT = """
agents:
  - {agent: anna, %s}
"""


@pytest.fixture(scope="module")
def service() -> Iterator[Service]:
    with open_folder() as folder, running_service(folder) as running:
        yield running


def script(folder: Path, text: str) -> Path:
    path = folder / "script.yaml"
    path.write_text(f"about: a journey\n{text}", encoding="utf-8")
    return path


def prompts_of(report: dict[str, Any]) -> list[str]:
    return [heard["prompt"] for heard in report["heard"]]


@pytest.mark.parametrize(("line", "name"), [("300", "ko"), ("100", "de"), ("200", "en")])
def test_a_caller_who_presses_0_is_put_through_and_hears_the_agent(
    service: Service, line: str, name: str
) -> None:
    status, report = call(service, line, SCRIPTS / f"{name}-keys.yaml")
    assert status == 0, report
    assert report["ok"]
    assert report["bridge"]["agent"]
    assert {"welcome", "connecting"} <= set(prompts_of(report))
    eventually(lambda: not service.get("calls"))


def test_a_caller_whose_agent_hangs_up_is_asked_whether_there_is_anything_else(
    service: Service, tmp_path: Path
) -> None:
    status, report = call(
        service,
        "100",
        script(
            tmp_path,
            AGENT % "speak: {tone_hz: 440, for_s: 1}, hang_up_after_s: 2"
            + """
steps:
  - press: "0"
  - hear_tone: {hz: 440, within_s: 20}
  - hear: anything_else
  - hang_up: true
""",
        ),
    )
    assert status == 0, report
    assert report["hung_up_by"] == "caller"


def test_a_wrong_key_and_silence_lead_to_a_human_and_never_to_a_dead_line(
    service: Service, tmp_path: Path
) -> None:
    status, report = call(
        service,
        "100",
        script(
            tmp_path,
            """
steps:
  - press: "7"
  - hear: main_menu
  - press: "7"
  - hear: not_a_choice
  - press: "7"
  - hear: connecting
  - hang_up: true
""",
        ),
    )
    assert status == 0, report


def test_an_agent_who_does_not_answer_is_paused_and_the_caller_keeps_the_place(
    service: Service, tmp_path: Path
) -> None:
    path = script(
        tmp_path,
        AGENT % "answer: never"
        + """
steps:
  - press: "0"
  - wait_s: 12
  - hang_up: true
""",
    )
    reports: list[tuple[int, dict[str, Any]]] = []
    calling = threading.Thread(target=lambda: reports.append(call(service, "100", path)))
    calling.start()
    try:
        waiting = eventually(service.in_queue, 20)[0]
        eventually(lambda: service.agent("anna")["state"] == "ringing", 15)
        eventually(lambda: service.agent("anna")["state"] == "paused", 15)
        assert service.agent("anna")["reason"] == "missed"
        still = service.in_queue()[0]
        assert (still["id"], still["since"]) == (waiting["id"], waiting["since"])
        assert still["state"] == "waiting"
    finally:
        calling.join()
    assert reports[0][0] == 0, reports
    eventually(lambda: not service.get("calls"))


def test_a_caller_who_hangs_up_while_it_rings_frees_the_agent_at_once(
    service: Service, tmp_path: Path
) -> None:
    path = script(
        tmp_path,
        AGENT % "answer: never"
        + """
steps:
  - press: "0"
  - hear: {prompt: connecting, to_end: true}
  - wait_s: 1.5
  - hang_up: true
""",
    )
    seen: list[str] = []
    done = threading.Event()

    def watch() -> None:
        while not done.wait(0.05):
            state = service.agent("anna")["state"]
            if not seen or seen[-1] != state:
                seen.append(state)

    watching = threading.Thread(target=watch)
    watching.start()
    try:
        status, report = call(service, "100", path)
    finally:
        done.set()
        watching.join()
    assert status == 0, report
    assert "ringing" in seen
    assert "paused" not in seen  # it was not the agent who missed it
    assert report["agents"][0]["rang"]
    eventually(lambda: not service.get("calls"))


def test_an_agent_whose_phone_is_not_there_is_never_offered_a_call(
    service: Service, tmp_path: Path
) -> None:
    with service.api as api:
        api.post("/api/v1/agents/jiwoo/ready").raise_for_status()
    path = script(tmp_path, "steps:\n  - press: '0'\n  - wait_s: 8\n  - hang_up: true\n")
    seen: set[str] = set()
    calling = threading.Thread(target=lambda: call(service, "100", path))
    calling.start()
    eventually(service.in_queue, 20)
    while calling.is_alive():
        seen.add(service.agent("jiwoo")["state"])
        calling.join(0.1)
    assert seen == {"ready"}
    assert service.agent("jiwoo")["place_state"] == "unreachable"
    with service.api as api:
        api.post("/api/v1/agents/jiwoo/sign-out").raise_for_status()


def test_status_says_that_a_call_would_be_answered_and_tells_the_accounts(
    service: Service,
) -> None:
    done = subprocess.run(
        [COMMAND, "status", "--json"],
        cwd=service.folder,
        capture_output=True,
        text=True,
        check=True,
    )
    assert '"caller1"' in done.stdout
    assert '"number": "300"' in done.stdout


def test_nothing_personal_stands_in_any_log(service: Service) -> None:
    """The callers of this module came from caller1 and pressed keys; neither is written down."""
    words = service.said()
    asterisk = "\n".join(
        path.read_text(errors="replace")
        for path in (service.folder / ".freizeichen/asterisk/log").iterdir()
    )
    secrets = [account.password for account in (*service.run.callers, *service.run.places)]
    log = (service.folder / ".freizeichen/log/service.log").read_text()
    for secret in secrets:
        assert secret not in log
        assert secret not in asterisk
    assert "dialogue failed" not in words
    assert "event not handled" not in words
    assert "caller1" not in log
    assert "caller1" not in asterisk
