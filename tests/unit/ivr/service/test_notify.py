"""Unit: what a supervisor hears over a real socket; the watchdog is fed by beats and the loop."""

from __future__ import annotations

import asyncio
import os
import socket
import threading
from pathlib import Path

import pytest

from ivr.service.notify import Notifier
from ivr.service.watchdog import Watchdog


def heard(listening: socket.socket) -> list[str]:
    said = []
    while True:
        try:
            said.append(listening.recv(65_536).decode())
        except BlockingIOError:
            return said


@pytest.mark.parametrize("is_abstract", [False, True])
def test_a_supervisor_hears_how_the_start_gets_on_that_it_is_done_and_that_the_end_began(
    tmp_path: Path, is_abstract: bool
) -> None:
    name = f"freizeichen-test-{os.getpid()}"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening:
        listening.setblocking(False)
        listening.bind(f"\0{name}" if is_abstract else str(tmp_path / "notify"))
        address = f"@{name}" if is_abstract else str(tmp_path / "notify")
        environment = {"NOTIFY_SOCKET": address, "WATCHDOG_USEC": "30000000", "HOME": "/"}
        notifier = Notifier.of(environment)
        assert environment == {"HOME": "/"}  # no program that we start takes itself for us
        assert notifier.is_heard
        assert notifier.watchdog_s == 30.0
        notifier.progress("prompts: 20 of\n126")
        notifier.ready("ready")
        notifier.progress("Asterisk is back")
        notifier.alive()
        notifier.give_up()
        notifier.stopping()
        assert heard(listening) == [
            "STATUS=prompts: 20 of 126\nEXTEND_TIMEOUT_USEC=300000000",
            "READY=1\nSTATUS=ready",
            "STATUS=Asterisk is back",
            "WATCHDOG=1",
            "WATCHDOG=trigger",
            "STOPPING=1\nSTATUS=ending; calls go on in Asterisk",
        ]


def test_that_it_is_ready_is_heard_also_by_a_supervisor_who_listens_late(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening:
        listening.setblocking(False)
        listening.bind(str(tmp_path / "notify"))
        notifier = Notifier(str(tmp_path / "notify"))
        for _ in range(2000):  # more than the kernel keeps: the rest is let go of at once
            notifier.alive()
        said: list[str] = []
        late = threading.Timer(0.2, lambda: said.extend(heard(listening)))
        late.start()
        notifier.ready("ready")
        late.join()
        said += heard(listening)
    assert said[0] == "WATCHDOG=1"
    assert said[-1] == "READY=1\nSTATUS=ready"
    assert len(said) < 2000


@pytest.mark.parametrize(
    "environment",
    [
        {},
        {"NOTIFY_SOCKET": ""},
        {"NOTIFY_SOCKET": "relative", "WATCHDOG_USEC": "x"},
        {"WATCHDOG_USEC": "1000000"},
    ],
)
def test_where_nobody_listens_nothing_is_said_or_wanted(environment: dict[str, str]) -> None:
    notifier = Notifier.of(environment)
    notifier.ready("ready")
    assert not notifier.is_heard
    assert notifier.watchdog_s is None or "NOTIFY_SOCKET" in environment


def test_the_watchdog_of_another_process_is_not_ours(tmp_path: Path) -> None:
    environment = {
        "NOTIFY_SOCKET": str(tmp_path / "gone"),
        "WATCHDOG_USEC": "1000000",
        "WATCHDOG_PID": str(os.getpid() + 1),
    }
    assert Notifier.of(dict(environment)).watchdog_s is None
    notifier = Notifier.of(environment | {"WATCHDOG_PID": str(os.getpid())})
    assert notifier.watchdog_s == 1.0
    notifier.alive()  # a supervisor that is gone costs nothing


async def is_away() -> bool:
    return False


def never() -> None:
    raise AssertionError("a new start was asked for")


async def test_the_feeding_ends_when_no_beat_is_taken_and_begins_again_with_the_next() -> None:
    fed, beats = 0, 0

    def alive() -> None:
        nonlocal fed
        fed += 1

    async def until_quiet() -> int:
        while True:
            before = fed
            await asyncio.sleep(0.1)
            if fed == before:
                return fed

    dog = Watchdog(alive, never, lambda: beats, is_away, within_s=0.1)
    task = asyncio.create_task(dog.run())
    try:
        async with asyncio.timeout(20):
            for _ in range(20):
                beats += 1
                await asyncio.sleep(0.05)
            assert fed >= 10
            quiet_at = await until_quiet()
            beats += 1
            while fed == quiet_at:  # noqa: ASYNC110  (counting sets no event)
                await asyncio.sleep(0.01)
    finally:
        task.cancel()
