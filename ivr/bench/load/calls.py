"""Calls placed by SIPp, some of them served by agents' phones, and what became of all of them."""

from __future__ import annotations

import asyncio
import csv
import subprocess
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from ivr.bench.desks import SOUNDS_S, close_phones, open_phones, stays_reachable
from ivr.bench.load.site import LINE, House
from ivr.bench.plain_phone import NoAnswer, PlainPhone
from ivr.bench.site import BenchFailed

A_SECOND: Final = 20
LASTS_S: Final = 10  # a call that no agent ends
_HOST: Final = "127.0.0.1"
_SCENARIO: Final = Path(__file__).with_name("caller.xml")
_PICKS_UP_S: Final = 0.2
_TALKS_S: Final = 4.0
_HARMLESS: Final = 2**31 - 1  # the number that a phone's sound says
_ONE_IN: Final = 10  # is soon served
_LATE_S: Final = 30.0  # by which SIPp may be done later than its last call


@dataclass(slots=True)
class Placed:
    """What became of the calls: set up and ended as written, or not; and of the agents' rings."""

    went_well: int = 0
    failed: int = 0
    most_at_once: int = 0
    talks: int = 0


class Desk:
    """An agent who picks up, talks for a while, and hangs up."""

    def __init__(self, house: House, number: int, placed: Placed, tasks: asyncio.TaskGroup) -> None:
        self.phone = PlainPhone((_HOST, house.sip_port), house.phones[number], _HARMLESS)
        self.phone.on_invite = self._rung
        self._placed = placed
        self._tasks = tasks

    def _rung(self, _at_s: float) -> None:
        self.phone.ring()
        self._tasks.create_task(self._serves())

    async def _serves(self) -> None:
        await asyncio.sleep(_PICKS_UP_S)
        if not self.phone.answer():
            return
        self._placed.talks += 1
        self.phone.sounds(SOUNDS_S)
        try:
            async with asyncio.timeout(_TALKS_S):
                await self.phone.ended.wait()
        except TimeoutError:
            with suppress(NoAnswer):  # the caller was quicker
                await self.phone.hang_up()


class Desks:
    """All agents' phones of a house, from `open` to `close`."""

    def __init__(self, house: House, placed: Placed, tasks: asyncio.TaskGroup) -> None:
        self._tasks = tasks
        self._phones = [Desk(house, n, placed, tasks).phone for n in range(len(house.phones))]
        self._kept: list[asyncio.Task[None]] = []

    async def open(self) -> None:
        """Be there; raises `BenchFailed`."""
        await open_phones(self._phones)
        self._kept = [self._tasks.create_task(stays_reachable(phone)) for phone in self._phones]

    async def close(self) -> None:
        """Be gone."""
        for task in self._kept:
            task.cancel()
        await close_phones(self._phones)


async def place_calls(
    house: House, sipp: Sequence[str], folder: Path, for_s: int, placed: Placed
) -> None:
    """Call for so many seconds, and come back when the last call is over. Raises `BenchFailed`."""
    figures = folder / "sipp.csv"
    figures.unlink(missing_ok=True)
    keys = folder / "keys.csv"
    keys.write_text("\n".join(["SEQUENTIAL", *(["1"] * (_ONE_IN - 1)), "2", ""]))
    count = A_SECOND * for_s
    words = [
        *sipp,
        f"{_HOST}:{house.sip_port}",
        *("-inf", str(keys)),
        *("-i", _HOST, "-sf", str(_SCENARIO), "-nostdin"),
        *("-m", str(count), "-r", str(A_SECOND), "-l", str(count)),
        *("-au", house.caller.username, "-ap", house.caller.password),
        *("-key", "who", house.caller.username, "-key", "line", LINE),
        *("-trace_stat", "-stf", str(figures), "-fd", "1"),
    ]
    process = subprocess.Popen(  # noqa: S603, ASYNC220  (a program we chose; it starts at once)
        words,
        cwd=folder,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        async with asyncio.timeout(for_s + LASTS_S + _LATE_S):
            while process.poll() is None:  # noqa: ASYNC110  (a process sets no event)
                await asyncio.sleep(0.2)
    except TimeoutError:
        raise BenchFailed("the calls did not come to an end") from None
    finally:
        if process.poll() is None:
            process.kill()
        process.wait()
    read_figures(figures.read_text(), placed)


def read_figures(text: str, placed: Placed) -> None:
    """Add what SIPp's file of figures (its `-trace_stat`) says of all calls."""
    rows = list(csv.DictReader(text.splitlines(), delimiter=";"))
    if not rows:
        raise BenchFailed("SIPp told nothing of its calls")
    placed.went_well += int(rows[-1]["SuccessfulCall(C)"])
    placed.failed += int(rows[-1]["FailedCall(C)"])
    most = max(int(row["CurrentCall"]) for row in rows)
    placed.most_at_once = max(placed.most_at_once, most)
