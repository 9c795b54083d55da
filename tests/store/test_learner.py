"""Store: what is learned of the records, when it is told to the centre, and when not."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from ivr.telling.learner import Learner
from queues.centre.values.learned import NOTHING, EstimatesLearned, Learned
from queues.ids import QueueId
from queues.reports.learning import LEAST_TALKS, LEAST_WAITS
from queues.reports.outcomes import WaitEnd
from queues.store import EndedTalk, EndedWait, Position, Store

DESK = QueueId("desk")
WAIT = EndedWait(
    1, "c", DESK, '{"skills":[],"language":null}', 900.0, 1000.0, 100.0, "talked",
    100.0, 100.0, None, None, 2, 30.0, 4, None,
)  # fmt: skip
TALK = EndedTalk(1, "c", DESK, 1000.0, 4.0, 180.0, 16.0)
DEADLINE_S = 20.0


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = Store.open(
        f"sqlite:///{tmp_path}/home/store.db", key_file=tmp_path / "home/store.key", node="here"
    )
    yield opened
    opened.close()


def note(store: Store, talks: int, waits: int) -> None:
    """Talks of 200 s, and waits of 1 to 200 s that were foretold to last 100 s."""
    before = store.records.position(1)
    seq = before.seq
    store.records.add(
        before,
        Position(1, seq + talks + waits, "{}"),
        talks=[replace(TALK, seq=seq + n) for n in range(talks)],
        waits=[replace(WAIT, seq=seq + n, lasted_s=200.0 * (n + 1) / waits) for n in range(waits)],
    )


class Told:
    """A learner, and what it told the centre."""

    def __init__(self, store: Store, known: Learned = NOTHING, *, hour_s: float = 3600.0) -> None:
        self.learned: list[Learned] = []
        self.seq = store.last_seq
        self.learner = Learner(
            store, known, (DESK,), lambda: self.seq, self._take, look_s=0.01, hour_s=hour_s
        )

    def _take(self, what: EstimatesLearned) -> None:
        self.learned.append(what.learned)

    async def until(self, told: Callable[[], bool]) -> None:
        running = asyncio.create_task(self.learner.run())
        try:
            async with asyncio.timeout(DEADLINE_S):
                while not told():  # noqa: ASYNC110  (what is told is looked at from outside)
                    await asyncio.sleep(0.01)
        finally:
            running.cancel()
            await asyncio.wait({running})


async def test_pace_and_range_are_learned_of_the_records_at_a_start(store: Store) -> None:
    note(store, LEAST_TALKS, LEAST_WAITS)
    told = Told(store)
    await told.until(lambda: bool(told.learned))
    (learned,) = told.learned
    (pace,) = learned.paces
    assert (pace.queue, pace.hold_s, pace.ring_s, pace.patience_s) == (DESK, 200.0, 4.0, None)
    band = learned.spreads[0].bands[0]
    assert (band.low, band.high) == pytest.approx((0.2, 1.8), abs=0.03)


async def test_while_a_range_is_lacking_it_is_looked_each_hour_and_told_only_what_is_new(
    store: Store,
) -> None:
    note(store, LEAST_TALKS, 0)
    told = Told(store, hour_s=0.05)

    def seen() -> bool:
        if len(told.learned) == 1 and not told.learned[0].spreads:
            note(store, 0, LEAST_WAITS)
            told.learned.append(NOTHING)
        return bool(told.learned and told.learned[-1].spreads)

    await told.until(seen)
    first, _, second = told.learned
    assert (first.paces, first.spreads) == (second.paces, ())
    assert {spread.queue for spread in second.spreads} == {DESK}


async def test_what_is_known_stays_where_records_are_gone(store: Store) -> None:
    note(store, LEAST_TALKS, LEAST_WAITS)
    known = Told(store).learner.learn()
    store.records.clear()
    told = Told(store, known, hour_s=0.01)
    looked = 0

    def learn() -> Learned:
        nonlocal looked
        looked += 1
        return Learner.learn(told.learner)

    told.learner.learn = learn  # type: ignore[method-assign]
    await told.until(lambda: looked > 0)
    assert told.learned == []


async def test_it_waits_for_the_records_of_what_is_in_the_journal(store: Store) -> None:
    note(store, LEAST_TALKS, LEAST_WAITS)
    told = Told(store)
    told.seq = store.last_seq - 1
    running = asyncio.create_task(told.learner.run())
    await asyncio.sleep(0.1)
    assert told.learned == []
    running.cancel()
    await asyncio.wait({running})
    told.seq = store.last_seq
    await told.until(lambda: bool(told.learned))


def test_who_hung_up_is_told_from_who_was_served(store: Store) -> None:
    before = store.records.position(1)
    gone = [replace(WAIT, seq=n, lasted_s=50.0, end=WaitEnd.HUNG_UP.value) for n in range(10)]
    talks = [replace(TALK, seq=n) for n in range(LEAST_TALKS)]
    store.records.add(before, Position(1, 100, "{}"), waits=gone, talks=talks)
    (pace,) = Told(store).learner.learn().paces
    assert pace.patience_s == 50.0
