"""Whether the waiting side's memory stays flat over a great many calls, journal and store on.

The real dispatcher, ledger, journal, store and second centre serve simulated callers in a process
of their own; only the switch is played, and everybody in it does at once what people take minutes
for. One caller in ten hangs up while waiting, and half the talks are ended by the agent. It is
read whenever nobody is left: what the process takes, and how many pieces of memory Python holds,
which tells of a single id that is kept for ever.
"""

from __future__ import annotations

import asyncio
import gc
import itertools
import multiprocessing
import os
import statistics
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import uvloop

from ivr.bench.simulated import SERVICE, agents_sign_in, open_store
from ivr.bench.site import bench_folder, resident_bytes
from ivr.bench.table import Row
from ivr.keeping.journal import StoredJournal
from ivr.keeping.snapshots import Snapshots
from queues.centre.commands import ReturnReason
from queues.centre.inputs.calls import CallEnded, EndCause, QueueEntered
from queues.centre.inputs.house import PlaceChanged, PlaceState
from queues.centre.inputs.input import Input
from queues.centre.inputs.offers import AgentLegEnded, OfferAnswered, TalkStarted
from queues.centre.occupancy import WINDOW_S
from queues.centre.state import Centre
from queues.dispatcher import Clock, Dispatcher
from queues.ids import CallId, LineId, OfferId, PlaceId, QueueId
from queues.live import Hub
from queues.store import Store

_CALLS: Final = 100_000
_CALLS_QUICK: Final = 2_000
_READINGS: Final = 20
_AT_ONCE: Final = 150  # callers in the centre
_IMPATIENT: Final = 10  # one in so many hangs up while waiting
_BAR_KB: Final = 0.1  # 10 MB over 100,000 calls
_BAR_PIECES: Final = 0.1
_ALL_FORGOTTEN_S: Final = 60.0 + WINDOW_S  # ended calls, and talks that count for occupancy


@dataclass(frozen=True, slots=True)
class Reading:
    """What is held when so many calls are over and nobody is left."""

    calls: int
    resident_kb: float
    pieces: int


def memory_rows(*, quick: bool) -> list[Row]:
    """How much a call through the centre leaves in memory, over the second half of the calls."""
    calls = _CALLS_QUICK if quick else _CALLS
    spawned = multiprocessing.get_context("spawn")
    with bench_folder() as folder, ProcessPoolExecutor(1, mp_context=spawned) as process:
        read = process.submit(serve_calls, folder, calls).result()
    half = read[len(read) // 2 - 1 :]
    name = f"a call through the centre leaves behind, second half of {calls:,} calls: memory"
    # A few calls say nothing: the last 2,000 facts are kept for clients of the live stream.
    return [
        Row(
            name,
            (steady_slope([(each.calls, each.resident_kb) for each in half]),),
            "kB",
            bar=None if quick else _BAR_KB,
        ),
        Row(
            "the same: pieces of Python's memory",
            (steady_slope([(each.calls, each.pieces) for each in half]),),
            "pieces",
            bar=None if quick else _BAR_PIECES,
        ),
    ]


def steady_slope(read: Sequence[tuple[int, float]]) -> float:
    """The median slope between any two readings (Theil 1950, Sen 1968): one outlier moves nothing.

    Outliers there are: whether the reader of the journal still holds its last page is chance.
    """
    pairs = itertools.combinations(read, 2)
    return statistics.median((b[1] - a[1]) / (b[0] - a[0]) for a, b in pairs)


def serve_calls(folder: Path, calls: int) -> list[Reading]:
    """Serve so many calls in this process; gives what it took after each part of them."""
    store = open_store(folder)
    try:
        return uvloop.run(_day(store, calls))
    finally:
        store.close()


async def _day(store: Store, calls: int) -> list[Reading]:
    switch = _PlayedSwitch()
    centre = Centre()
    snapshots = Snapshots(store, centre, 0)
    dispatcher = Dispatcher(
        switch,
        switch,
        Clock(lambda: time.time() + switch.ahead_s, lambda: time.monotonic() + switch.ahead_s),
        Hub(),
        journal=StoredJournal(store.journal),
        centre=centre,
        last_seq=store.last_seq,
        epoch=store.epoch,
        node=store.node,
    )
    read: list[Reading] = []
    async with asyncio.TaskGroup() as tasks:
        deciding = tasks.create_task(dispatcher.run())
        switch.opens(dispatcher)
        each = calls // _READINGS
        last = min(each // 2, 2 * _AT_ONCE)  # after the time has passed each agent has a talk
        for part in range(1, _READINGS + 1):
            await switch.serves(each - last)
            switch.ahead_s += _ALL_FORGOTTEN_S
            await switch.serves(last)
            await asyncio.to_thread(snapshots.follow)
            read.append(_reading(part * each))
        deciding.cancel()
    return read


def _reading(calls: int) -> Reading:
    gc.collect()
    return Reading(calls, resident_bytes(os.getpid()) / 1000, sys.getallocatedblocks())


class _PlayedSwitch:
    """`Telephony` and `Dialogues` of callers and agents who do at once what they will do.

    It remembers only who is there now, so that what grows is not its own.
    """

    def __init__(self) -> None:
        self.ahead_s = 0.0  # by which time passes faster here
        self._numbers = itertools.count(1)
        self._to_come = 0
        self._all_gone = asyncio.Event()
        self._legs: dict[OfferId, tuple[CallId, PlaceId]] = {}
        self._alive: set[CallId] = set()

    def opens(self, dispatcher: Dispatcher) -> None:
        """Agents sign in."""
        self._dispatcher = dispatcher
        for what in agents_sign_in():
            self._submit(what)

    async def serves(self, calls: int) -> None:
        """Come back when so many callers came and all are gone."""
        self._to_come = calls
        self._all_gone.clear()
        for _ in range(min(_AT_ONCE, calls)):
            self._caller_comes()
        await self._all_gone.wait()

    async def ring(self, offer: OfferId, call: CallId, place: PlaceId, *, timeout_s: float) -> None:
        """The phone rings, and the agent picks up."""
        self._legs[offer] = call, place
        self._submit(PlaceChanged(place, PlaceState.IN_USE))
        self._later(OfferAnswered(offer))

    async def connect(self, offer: OfferId, call: CallId) -> None:
        """They talk, and one of them ends it."""
        self._submit(TalkStarted(offer))
        if hash(offer) % 2:
            asyncio.get_running_loop().call_soon(self._caller_goes, call)
        else:
            asyncio.get_running_loop().call_soon(self._agent_goes, offer)

    async def hold(self, offer: OfferId, call: CallId) -> None:
        """Do nothing."""

    async def fetch(self, offer: OfferId, call: CallId) -> None:
        """Nobody transfers."""

    async def cancel(self, offer: OfferId) -> None:
        """The agent's leg ends."""
        self._leg_ends(offer)

    def connected(self, call: CallId) -> None:
        """The dialogue is silent."""

    def waits_again(self, call: CallId) -> None:
        """The caller waits on."""

    def returned(self, call: CallId, reason: ReturnReason, queue: QueueId) -> None:
        """The dialogue says goodbye."""
        asyncio.get_running_loop().call_soon(self._caller_goes, call)

    def _caller_comes(self) -> None:
        self._to_come -= 1
        number = next(self._numbers)
        call = CallId(f"1780308000.{number}")
        self._alive.add(call)
        self._submit(QueueEntered(call, LineId("100"), SERVICE))
        if number % _IMPATIENT == 0:
            asyncio.get_running_loop().call_soon(self._caller_goes, call)

    def _caller_goes(self, call: CallId) -> None:
        if call not in self._alive:
            return
        self._alive.remove(call)
        self._submit(CallEnded(call, EndCause.HUNG_UP))
        if self._to_come:
            self._caller_comes()
        elif not self._alive:
            self._all_gone.set()

    def _agent_goes(self, offer: OfferId) -> None:
        if offer in self._legs:
            self._leg_ends(offer)
            self._submit(AgentLegEnded(offer))

    def _leg_ends(self, offer: OfferId) -> None:
        leg = self._legs.pop(offer, None)
        if leg is not None:
            self._submit(PlaceChanged(leg[1], PlaceState.FREE))

    def _later(self, what: Input) -> None:
        asyncio.get_running_loop().call_soon(self._submit, what)

    def _submit(self, what: Input) -> None:
        self._dispatcher.submit(what)
