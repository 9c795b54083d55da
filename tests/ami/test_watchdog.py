"""A link that is dead or of no use: the supervisor is told soon where a new start mends it."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

import pytest

from ivr.asterisk.greeting import greets
from ivr.asterisk.heartbeat import Heartbeat
from ivr.service.notify import Notifier
from ivr.service.watchdog import Watchdog
from tests.ami.misbehaving_server import BANNER, Peer, misbehaving
from tests.ami.running import running_client, until
from tests.switch import Switch, free_ports

WITHIN_S = 6.0  # so often a sign of life is wanted; 30 s in the unit. A beat is due each second
SOON_S = WITHIN_S + 0.5  # with what a busy machine adds


async def ordinary(peer: Peer) -> None:
    await peer.login()
    await peer.serve()


async def takes_no_beat(peer: Peer) -> None:
    """Answers pings and nothing else, so that the link stands and no decision gets through."""
    await peer.login()
    while True:
        await peer.until("Setvar")


async def takes_no_login(peer: Peer) -> None:
    await peer.write(BANNER)
    await peer.silence()


async def stands_still(peer: Peer) -> None:
    await peer.silence()


@contextmanager
def supervisor(folder: Path) -> Iterator[socket.socket]:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening:
        listening.setblocking(False)
        listening.bind(str(folder / "notify"))
        yield listening


class Heard:
    """What the supervisor heard so far."""

    def __init__(self, listening: socket.socket) -> None:
        self._listening = listening
        self._said: list[str] = []

    def __call__(self) -> list[str]:
        while True:
            try:
                self._said.append(self._listening.recv(65_536).decode())
            except BlockingIOError:
                return self._said


@asynccontextmanager
async def watched(port: int, folder: Path, *, healthy: bool = True) -> AsyncIterator[Heard]:
    """A link with its beat and its watchdog, and what is said of them."""
    with supervisor(folder) as listening:
        notifier = Notifier(str(folder / "notify"))
        async with running_client(port, wait_up=False) as client:
            heart = Heartbeat(
                client, is_healthy=lambda: healthy, callers=tuple, is_ours=lambda _: False
            )
            dog = Watchdog(
                notifier.alive,
                notifier.give_up,
                lambda: heart.beats,
                lambda: greets("127.0.0.1", port, within_s=0.2),
                within_s=WITHIN_S,
            )
            tasks = [asyncio.create_task(each) for each in (heart.run(), dog.run())]
            try:
                yield Heard(listening)
            finally:
                for task in tasks:
                    task.cancel()
                await asyncio.wait(tasks)


@pytest.mark.parametrize("script", [takes_no_beat, takes_no_login])
async def test_a_new_start_is_asked_for_within_the_time_of_a_sign_of_life_if_the_fault_is_ours(
    script: object, tmp_path: Path
) -> None:
    async with misbehaving(script) as server, watched(server.port, tmp_path) as heard:  # type: ignore[arg-type]
        await until(lambda: "WATCHDOG=trigger" in heard(), within_s=SOON_S)
        assert "WATCHDOG=1" in heard()


async def test_a_service_that_does_not_decide_is_started_anew(tmp_path: Path) -> None:
    async with (
        misbehaving(ordinary) as server,
        watched(server.port, tmp_path, healthy=False) as heard,
    ):
        await until(lambda: "WATCHDOG=trigger" in heard(), within_s=SOON_S)


@pytest.mark.parametrize("script", [ordinary, stands_still])
async def test_nothing_is_asked_for_while_beats_are_taken_or_the_switch_stands_still(
    script: object, tmp_path: Path
) -> None:
    async with misbehaving(script) as server, watched(server.port, tmp_path) as heard:  # type: ignore[arg-type]
        await asyncio.sleep(WITHIN_S + 2)
        assert "WATCHDOG=trigger" not in heard()
        assert "WATCHDOG=1" in heard()


async def test_nothing_is_asked_for_while_there_is_no_switch(tmp_path: Path) -> None:
    (port,) = free_ports(1)
    async with watched(port, tmp_path) as heard:
        await asyncio.sleep(WITHIN_S + 2)
        assert "WATCHDOG=trigger" not in heard()


async def test_a_real_asterisk_greets_and_one_that_stands_still_does_not(actors: Switch) -> None:
    assert await greets("127.0.0.1", actors.ami_port)
    actors.freeze()
    try:
        assert not await greets("127.0.0.1", actors.ami_port, within_s=0.5)
    finally:
        actors.thaw()
    (closed,) = free_ports(1)
    assert not await greets("127.0.0.1", closed)
