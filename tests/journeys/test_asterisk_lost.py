"""Journeys: Asterisk or the service goes away under a call; what is left is true."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.journeys.service import (
    SCRIPTS,
    Service,
    call,
    eventually,
    running_service,
    start,
    wait_ready,
)

WAITS = "about: waits\nsteps:\n  - press: '0'\n  - wait_s: {}\n  - hang_up: true\n"


@pytest.fixture
def service(folder: Path) -> Iterator[Service]:
    with running_service(folder) as running:
        yield running


def caller(service: Service, for_s: float) -> tuple[threading.Thread, list[Any]]:
    """A caller in a thread of its own; the report is added when the call is over."""
    path = service.folder / "waits.yaml"
    path.write_text(WAITS.format(for_s))
    reports: list[Any] = []
    thread = threading.Thread(target=lambda: reports.append(call(service, "100", path)))
    thread.start()
    eventually(service.in_queue, 20)
    return thread, reports


def status_of(service: Service) -> int:
    try:
        return service.health()[0]
    except httpx.HTTPError:
        return 0


def test_asterisk_killed_under_a_call_leaves_no_ghost_and_comes_back(service: Service) -> None:
    with service.api as api:
        api.post("/api/v1/agents/anna/ready").raise_for_status()
    thread, _ = caller(service, 12)
    first = service.asterisk_pid
    os.kill(first, signal.SIGKILL)
    eventually(lambda: status_of(service) == 503, 8)
    eventually(lambda: status_of(service) == 200, 20)
    assert service.asterisk_pid != first
    assert service.get("calls") == []
    assert service.agent("anna")["state"] == "ready"
    status, report = call(service, "300", SCRIPTS / "ko-keys.yaml")
    assert status == 0, report
    thread.join(60)
    assert "starting it again" in service.said()


def test_asterisk_frozen_is_noticed_within_6_seconds_and_the_call_goes_on(
    service: Service,
) -> None:
    thread, reports = caller(service, 18)
    before = service.in_queue()[0]
    os.kill(service.asterisk_pid, signal.SIGSTOP)
    try:
        eventually(lambda: status_of(service) == 503, 6)
    finally:
        os.kill(service.asterisk_pid, signal.SIGCONT)
    eventually(lambda: status_of(service) == 200, 15)
    after = service.in_queue()[0]
    assert (after["id"], after["since"]) == (before["id"], before["since"])
    thread.join(60)
    assert reports[0][0] == 0, reports


def test_a_service_that_is_killed_leaves_its_callers_on_the_line(service: Service) -> None:
    """The next one takes Asterisk over and goes on: a caller who waits hears nothing of it."""
    thread, reports = caller(service, 16)
    asterisk = service.asterisk_pid
    service.process.kill()
    service.process.wait(5)
    again = start(service.folder)
    try:
        # The run file of the killed service is still there: wait for the new one's.
        eventually(lambda: f'"pid": {again.pid}' in run_file(service), 20)
        following = wait_ready(service.folder, again)
        assert following.asterisk_pid == asterisk
        eventually(lambda: thread.is_alive() and following.health()[0] == 200)
        thread.join(60)
        assert reports[0][0] == 0, reports
        assert reports[0][1]["hung_up_by"] == "caller"
        heard = [each["prompt"] for each in reports[0][1]["heard"]]
        assert heard[-1] == "connecting"
        assert following.stop() == 0
    finally:
        if again.poll() is None:
            again.kill()
            again.wait(5)


def run_file(service: Service) -> str:
    path = service.folder / ".freizeichen/run.json"
    return path.read_text() if path.exists() else ""


@pytest.mark.parametrize("kind", [signal.SIGINT, signal.SIGTERM])
def test_ending_the_service_ends_all_it_started_and_nothing_else(
    service: Service, kind: signal.Signals
) -> None:
    asterisk = service.asterisk_pid
    assert service.stop(kind) == 0
    assert not Path(f"/proc/{asterisk}").exists()
    assert run_file(service) == ""


def test_a_second_service_on_one_folder_says_what_is_in_the_way(service: Service) -> None:
    second = start(service.folder, output="second")
    assert second.wait(20) == 1
    said = (service.folder / "second").read_text()
    assert f"process {service.process.pid}" in said
    assert service.run.address in said
    assert status_of(service) == 200
