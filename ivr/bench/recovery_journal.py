"""How long the waiting side takes to come back out of a great many facts, and no snapshot.

The journal is that of a day as the centre itself decides it, inputs and facts, under a load that
keeps callers waiting. What is timed is what a start does: the store opened and checked, every row
read, every fact applied.
"""

from __future__ import annotations

import itertools
import multiprocessing
import random
import time
from collections import deque
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Final

from ivr.bench.progress import Tell
from ivr.bench.simulated import AGENTS, SERVICE, agents_sign_in, open_store
from ivr.bench.site import BenchFailed, bench_folder
from ivr.bench.table import Row
from ivr.keeping.journal import new_row
from ivr.keeping.kept import come_back
from queues.centre.commands import ReturnReason
from queues.centre.facts.calls import CallReturned
from queues.centre.facts.fact import Fact
from queues.centre.facts.offers import OfferMade
from queues.centre.inputs.calls import CallEnded, EndCause, QueueEntered
from queues.centre.inputs.house import PlaceChanged, PlaceState
from queues.centre.inputs.input import Input
from queues.centre.inputs.offers import AgentLegEnded, OfferAnswered, TalkStarted
from queues.centre.journal.codec import fact_row, input_row
from queues.centre.state import Centre
from queues.centre.step import step
from queues.ids import CallId, LineId, OfferId, PlaceId
from queues.store import NewRow

FACTS: Final = 100_000
_FACTS_QUICK: Final = 5_000
_BAR_S: Final = 5.0
_WAITING: Final = 100
_EIGHT_O_CLOCK: Final = 1_780_293_600.0
_AT_ONCE: Final = 500
_WRITTEN_S: Final = 60.0


def journal_rows(*, quick: bool, tell: Tell) -> list[Row]:
    """The row of the time that facts take. Raises `BenchFailed` when the journal cannot be made."""
    facts = _FACTS_QUICK if quick else FACTS
    spawned = multiprocessing.get_context("spawn")
    runs: list[float] = []
    with bench_folder() as folder:
        tell(f"writing a journal of {facts:,} facts")
        write_journal(folder, facts)
        for run in range(1, 4 if quick else 6):
            # Each in a process of its own, as a start is.
            with ProcessPoolExecutor(1, mp_context=spawned) as process:
                took_s, calls = process.submit(_come_back_once, folder).result()
            if calls < _WAITING:
                raise BenchFailed(f"only {calls} callers came back out of the journal")
            tell(f"recovery, run {run}: {took_s:.2f} s")
            runs.append(took_s)
    name = f"{facts:,} facts recovered, reading included"
    return [Row(name, tuple(runs), "s", bar=_BAR_S)]


def write_journal(folder: Path, facts: int) -> None:
    """Keep a day of at least so many facts in a store in this folder, with its inputs."""
    store = open_store(folder)
    try:
        day = _rows(facts)
        while rows := list(itertools.islice(day, _AT_ONCE)):
            store.journal.submit(rows)
            if not store.journal.flush(_WRITTEN_S):
                raise BenchFailed("the journal cannot be written")
    finally:
        store.close(_WRITTEN_S)


def _come_back_once(folder: Path) -> tuple[float, int]:
    began = time.monotonic()
    store = open_store(folder)
    try:
        kept = come_back(store)
        return time.monotonic() - began, len(kept.centre.calls)
    finally:
        store.close()


def _rows(facts: int) -> Iterator[NewRow]:
    made, now = 0, _EIGHT_O_CLOCK
    centre, day = Centre(), _Day()
    while made < facts:
        what = day.next_input()
        now += 0.01
        yield new_row(input_row(what, seq=0, at=now, epoch=1, node="bench"))
        for fact in step(centre, what, now):
            day.goes_on(fact)
            made += 1
            yield new_row(fact_row(fact, seq=0, epoch=1, node="bench"))


class _Day:
    """Callers and agents who do what is their turn: talks are made and ended, callers come."""

    def __init__(self) -> None:
        self._chance = random.Random(1)  # noqa: S311  (a day by its number, no secret)
        self._numbers = itertools.count(1)
        self._due = deque(agents_sign_in())
        for _ in range(_WAITING + AGENTS):
            self._caller_comes()

    def next_input(self) -> Input:
        """What happens next."""
        return self._due.popleft()

    def goes_on(self, fact: Fact) -> None:
        """Have follow what follows from a fact among people and phones."""
        match fact:
            case OfferMade():
                self._talk(fact.offer, fact.call, fact.place)
            case CallReturned() if fact.reason is ReturnReason.TALK_OVER:
                self._due.append(CallEnded(fact.call, EndCause.HUNG_UP))
            case _:
                pass

    def _talk(self, offer: OfferId, call: CallId, place: PlaceId) -> None:
        ends: Input = (
            AgentLegEnded(offer)
            if self._chance.random() < 0.5
            else CallEnded(call, EndCause.HUNG_UP)
        )
        self._due += (
            PlaceChanged(place, PlaceState.IN_USE),
            OfferAnswered(offer),
            TalkStarted(offer),
            ends,
            PlaceChanged(place, PlaceState.FREE),
        )
        self._caller_comes()

    def _caller_comes(self) -> None:
        call = CallId(f"1780293600.{next(self._numbers)}")
        self._due.append(QueueEntered(call, LineId("100"), SERVICE))
