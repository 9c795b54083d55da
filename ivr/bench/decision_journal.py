"""How many calls a minute go through dispatcher, centre and a real journal on one core.

Callers wait in a crowded house; phones answer at once and talks end at once, so that nothing but
our own work takes time. A call counts when it has ended, its rows committed before its phone rang.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import time
from concurrent.futures import ProcessPoolExecutor
from typing import Final

from ivr.bench.crowded_house import Callers, opening
from ivr.bench.simulated import open_store
from ivr.bench.site import bench_folder
from ivr.keeping.journal import StoredJournal
from queues.centre.commands import ReturnReason
from queues.centre.inputs.calls import CallEnded, EndCause
from queues.centre.inputs.input import Input
from queues.centre.inputs.offers import AgentLegEnded, OfferAnswered, TalkStarted
from queues.dispatcher import Clock, Dispatcher
from queues.ids import CallId, OfferId, PlaceId, QueueId
from queues.live import Hub

_WAITING: Final = 1_000
_CALLS: Final = 3_000
_CALLS_QUICK: Final = 300
_DEADLINE_S: Final = 300.0


def calls_a_minute(*, runs: int, quick: bool) -> tuple[float, ...]:
    """The figure of each run, each in a process of its own that keeps to one core."""
    calls = _CALLS_QUICK if quick else _CALLS
    spawned = multiprocessing.get_context("spawn")
    found = []
    for seed in range(1, runs + 1):
        with ProcessPoolExecutor(1, mp_context=spawned) as process:
            found.append(60 * process.submit(_calls_a_second, seed, calls).result())
    return tuple(found)


def _calls_a_second(seed: int, calls: int) -> float:
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    return asyncio.run(_run(seed, calls))


async def _run(seed: int, calls: int) -> float:
    with bench_folder() as folder:
        store = await asyncio.to_thread(open_store, folder)
        try:
            return await _Site(StoredJournal(store.journal), seed, calls).calls_a_second()
        finally:
            await asyncio.to_thread(store.close)


class _Site:
    """Telephone switch and dialogues in one: both answer at once, with the next input."""

    def __init__(self, journal: StoredJournal, seed: int, calls: int) -> None:
        self._callers, self._seed, self._left = Callers(seed), seed, calls
        self._calls = calls
        self._over = asyncio.Event()
        clock = Clock(time.time, time.monotonic)
        self._dispatcher = Dispatcher(
            self, self, clock, Hub(), journal=journal, epoch=1, node="bench"
        )

    async def calls_a_second(self) -> float:
        """Let so many calls end."""
        for what in opening(self._seed):
            self._dispatcher.submit(what)
        for _ in range(_WAITING):
            self._dispatcher.submit(self._callers.next_caller())
        running = asyncio.create_task(self._dispatcher.run(), name="dispatcher")
        try:
            began = time.monotonic()
            async with asyncio.timeout(_DEADLINE_S):
                await self._over.wait()
            return self._calls / (time.monotonic() - began)
        finally:
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)

    async def ring(self, offer: OfferId, call: CallId, place: PlaceId, *, timeout_s: float) -> None:
        """Pick up."""
        self._next(OfferAnswered(offer))

    async def hold(self, offer: OfferId, call: CallId) -> None:
        """Do nothing."""

    async def fetch(self, offer: OfferId, call: CallId) -> None:
        """Nobody transfers."""

    async def cancel(self, offer: OfferId) -> None:
        """Nothing rings long enough to be cancelled."""

    async def connect(self, offer: OfferId, call: CallId) -> None:
        """Talk, and hang up."""
        self._next(TalkStarted(offer))
        self._next(AgentLegEnded(offer))

    def connected(self, call: CallId) -> None:
        """The dialogue has nothing to do."""

    def waits_again(self, call: CallId) -> None:
        """No phone is lost here."""

    def returned(self, call: CallId, reason: ReturnReason, queue: QueueId) -> None:
        """Say goodbye; another caller comes."""
        self._next(CallEnded(call, EndCause.HUNG_UP))
        self._next(self._callers.next_caller())
        self._left -= 1
        if self._left == 0:
            self._over.set()

    def _next(self, what: Input) -> None:
        asyncio.get_running_loop().call_soon(self._dispatcher.submit, what)
