"""Journey: Asterisk runs by itself, the service under it is ended in peace and started again."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import AsyncExitStack, suppress
from itertools import pairwise
from pathlib import Path

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.journeys.people import (
    AGENT_HZ,
    a_talk,
    agent,
    caller,
    order,
    settled,
    until,
    waits,
)
from tests.journeys.service import (
    COMMAND,
    Service,
    call,
    command,
    end_asterisk,
    eventually,
    kept_dialogues,
    start,
    wait_ready,
    write_settings,
)
from tests.journeys.supervisor import Supervisor, supervisor
from tests.journeys.test_recovery import HOLE_S, MENU
from tests.unit.ivr.service.test_operations import BY_PROMETHEUS, expressions, names_in

APART = {"FREIZEICHEN_ASTERISK__RUNS_BY_ITSELF": "true"}
WATCHDOG_S = 2.0
STOPPED_S = 15.0  # of the unit's 30
QUEUE = {"id": "service", "ring_timeout_s": 60, "wrap_up_s": 1}


@pytest.fixture
def heard(folder: Path) -> Iterator[Supervisor]:
    with supervisor(folder) as listening:
        yield listening


@pytest.fixture
def started(folder: Path) -> Iterator[list[subprocess.Popen[bytes]]]:
    """What a journey has started, in this order; ended in the other."""
    processes: list[subprocess.Popen[bytes]] = []
    yield processes
    for process in reversed(processes):
        if process.poll() is None:
            process.terminate()
            with suppress(subprocess.TimeoutExpired):
                process.wait(20)
    end_asterisk(folder)


@pytest.fixture
def service(folder: Path, heard: Supervisor, started: list[subprocess.Popen[bytes]]) -> Service:
    write_settings(folder, queues=[QUEUE])
    started.append(start(folder, words=("asterisk", "run"), output="output-asterisk"))
    started.append(start_beside(folder, heard, "output"))
    return wait_ready(folder, started[-1])


def start_beside(folder: Path, heard: Supervisor, output: str) -> subprocess.Popen[bytes]:
    environment = APART | heard.environment(WATCHDOG_S)
    return start(folder, environment=environment, output=output)


@pytest.mark.timeout(300)
async def test_sigterm_drops_nobody_and_the_next_start_goes_on_with_all(
    service: Service, heard: Supervisor, started: list[subprocess.Popen[bytes]]
) -> None:
    asterisk_pid = service.asterisk_pid
    async with AsyncExitStack() as stack:
        talks, _ = await a_talk(stack, service)
        rings = await stack.enter_async_context(caller(service))
        await waits(service, rings, 2)
        other = await stack.enter_async_context(agent(service, "desk2", answers_after_s=60))
        await until(lambda: other.calls)
        waiting = await stack.enter_async_context(caller(service))
        await waits(service, waiting, 3)
        (service.folder / "menu.yaml").write_text(MENU)
        in_menu = asyncio.create_task(
            asyncio.to_thread(call, service, "100", service.folder / "menu.yaml")
        )
        await until(lambda: kept_dialogues(service, "tenancy") == 1)
        before = await asyncio.to_thread(order, service)
        assert [state for *_, state in before] == ["talking", "offered", "waiting"]
        assert heard.times("READY")
        fed = heard.times("WATCHDOG")
        assert len(fed) >= 2
        assert max(b - a for a, b in pairwise(fed)) < WATCHDOG_S
        await asyncio.sleep(1.5)  # so that the menu is heard, and cannot be over

        stopped_s = asyncio.get_running_loop().time()
        status = await asyncio.to_thread(service.stop, signal.SIGTERM, STOPPED_S)
        assert status == 0, service.said()
        assert await until(lambda: heard.times("STOPPING"))
        os.kill(asterisk_pid, 0)
        rang_until = other.calls[0].ended_at
        assert rang_until is not None, "the phone rings on although nobody is there"
        assert other.calls[0].answered_at is None
        for each in (talks, rings, waiting):
            assert not each.phone.ended.is_set()

        started.append(start_beside(service.folder, heard, "output-2"))
        following = await asyncio.to_thread(wait_ready, service.folder, started[-1])
        await until(lambda: settled(following))
        after = await asyncio.to_thread(order, following)
        assert [row[:2] for row in after] == [row[:2] for row in before]
        assert abs(talks.pitch() - AGENT_HZ) < 12
        callers = {"talks": talks, "rings": rings, "waiting": waiting}
        assert not [name for name, each in callers.items() if each.phone.ended.is_set()]
        gaps = {name: each.longest_gap(stopped_s) for name, each in callers.items()}
        assert max(gaps.values()) < HOLE_S, gaps
        await until(lambda: len(other.calls) == 2)  # it rings again, for the one who was next
        status, report = await in_menu
        assert status == 0, report
        await asyncio.to_thread(a_backup_and_a_log, following, before[0][0])
        await asyncio.to_thread(named_metrics_are_told, following)
        for each in (rings, waiting):
            await each.phone.hang_up()
        await talks.phone.hang_up()
        await until(lambda: not following.get("calls"))
    said = following.said()
    assert "Traceback" not in said
    assert following.api.headers["authorization"].split()[1] not in said
    assert following.run.callers[0].password not in said
    await asyncio.to_thread(no_sign_of_life_while_asterisk_is_silent, following, heard)
    await asyncio.to_thread(asterisk_comes_back_with_faulty_settings, following, started)


def a_backup_and_a_log(service: Service, talks: str) -> None:
    """Beside the running service: a backup of it, no restore under it, the way of a call."""
    file = str(service.folder / ".freizeichen" / "one.backup")
    status, said = as_owner(service, "backup", file)
    assert status == 0, said
    status, said = as_owner(service, "restore", file, "--force")
    assert (status, "a service already runs here" in said) == (1, True), said
    status, said = command(service, "logs", talks)
    assert status == 0
    for told in ("a call arrived", "call queued", "talk began", "a call is gone on with"):
        assert told in said


def as_owner(service: Service, *words: str) -> tuple[int, str]:
    """A command of the account that the service runs as, as a unit's timer would run it."""
    owner = (service.folder / ".freizeichen").stat()
    become = {} if os.geteuid() != 0 else {"user": owner.st_uid, "group": owner.st_gid}
    done = subprocess.run(
        [COMMAND, *words], cwd=service.folder, capture_output=True, text=True, check=False, **become
    )
    return done.returncode, done.stdout + done.stderr


def named_metrics_are_told(service: Service) -> None:
    """Whatever rules and board ask for is told by a running service."""
    text = httpx.get(f"{service.run.address}/metrics", timeout=5).text
    told = {s.name for f in text_string_to_metric_families(text) for s in f.samples}
    for where, expr in expressions():
        assert names_in(expr) <= told | BY_PROMETHEUS, where


def no_sign_of_life_while_asterisk_is_silent(service: Service, heard: Supervisor) -> None:
    os.kill(service.asterisk_pid, signal.SIGSTOP)
    try:
        eventually(lambda: silent_for(heard, WATCHDOG_S * 1.5), 30)
    finally:
        os.kill(service.asterisk_pid, signal.SIGCONT)
    began_s = time.monotonic()
    eventually(lambda: len(heard.times("WATCHDOG", began_s)) >= 2, 30)
    assert "no beat was taken" in service.said()


def asterisk_comes_back_with_faulty_settings(
    service: Service, started: list[subprocess.Popen[bytes]]
) -> None:
    """As its unit would start it at night: with what it had, beside a service that waits for it."""
    before = service.asterisk_pid
    os.kill(before, signal.SIGTERM)
    eventually(lambda: service.health()[0] != httpx.codes.OK, 30)
    assert started[0].wait(20) is not None
    with (service.folder / "freizeichen.yaml").open("a") as settings:
        settings.write("\nnonsense: 1\n")
    words = ("asterisk", "run")
    started.append(start(service.folder, words=words, output="output-asterisk-2"))
    eventually(lambda: service.health()[0] == httpx.codes.OK, 30)
    assert service.asterisk_pid != before
    said = (service.folder / "output-asterisk-2").read_text()
    assert "nonsense: this is no setting" in said
    assert "Asterisk runs with the configuration of the last time" in said


def silent_for(heard: Supervisor, seconds: float) -> bool:
    return time.monotonic() - heard.times("WATCHDOG")[-1] > seconds
