"""Unit: the centre's time runs on, whatever is done to the wall clock; waits are what they are."""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from queues.centre.facts.offers import OfferMade, TalkBegan
from queues.centre.inputs.house import ClockMoved
from queues.centre.recovery import recover
from queues.centre.replay import replay
from queues.centre.state import Centre
from queues.dispatcher import Clock
from queues.dispatcher.clock import MOVED_S
from tests.unit.queues.journalled import NOON, in_virtual_time, started
from tests.unit.queues.scenes import Scene
from tests.unit.queues.test_dispatcher import C1, C2
from tests.unit.queues.test_faults import Faulty

TWO_HOURS = 7200.0
EITHER_WAY = pytest.mark.parametrize("by_s", [TWO_HOURS, -TWO_HOURS])


@dataclass
class Hands:
    """A wall clock and a monotonic clock in the test's hand."""

    wall: float = NOON
    monotonic: float = 50.0

    def pass_time(self, seconds: float) -> None:
        self.wall += seconds
        self.monotonic += seconds

    def clock(self, centre: Centre | None = None) -> Clock:
        if centre is None:
            return Clock(lambda: self.wall, lambda: self.monotonic)
        return Clock.after(centre, lambda: self.wall, lambda: self.monotonic)


def test_it_never_runs_backwards_even_if_the_monotonic_clock_does() -> None:
    ticks: Iterator[float] = iter((5.0, 6.0, 4.0, 7.0))
    clock = Clock(wall=lambda: 1000.0, monotonic=lambda: next(ticks))
    assert [clock.now(), clock.now(), clock.now()] == [1001.0, 1001.0, 1002.0]


@EITHER_WAY
def test_the_wall_clock_moves_only_what_is_shown(by_s: float) -> None:
    hands = Hands()
    clock = hands.clock()
    hands.pass_time(10)
    hands.wall += by_s
    assert (clock.now(), clock.wall(), clock.moved_s()) == (NOON + 10, NOON + 10, by_s)
    clock.anchor(by_s)
    hands.pass_time(5)
    assert (clock.now(), clock.wall(), clock.moved_s()) == (NOON + 15, NOON + 15 + by_s, 0.0)


def test_a_drift_of_less_than_two_seconds_is_left_until_it_is_two() -> None:
    hands = Hands()
    clock = hands.clock()
    hands.wall += 1.9
    assert clock.moved_s() == 0.0
    hands.wall += 0.1
    assert clock.moved_s() == MOVED_S


@EITHER_WAY
@in_virtual_time
async def test_waits_and_deadlines_are_the_same_when_the_clock_is_set_by_two_hours(
    by_s: float,
) -> None:
    async with started(wrap_up_s=30.0) as stage:
        stage.ready("a")
        stage.enter(C1)
        await asyncio.sleep(10)
        stage.enter(C2)
        await asyncio.sleep(20)
        stage.telephony.agent_hangs_up(stage.telephony.legs()[0])  # wrap-up of 30 s begins
        await asyncio.sleep(10)
        stage.wall_ahead_s += by_s
        await asyncio.sleep(19)
        assert stage.agent("a").state == "wrap_up"
        await asyncio.sleep(2)
        assert stage.agent("a").state == "talking"
        made = stage.found(OfferMade)[-1]
        assert isinstance(made, OfferMade)
        assert (made.call, made.waited_s) == (C2, pytest.approx(50.0))
        times = [row.at for row in stage.journal.rows]
        assert times == sorted(times)


@EITHER_WAY
@in_virtual_time
async def test_it_is_an_input_like_any_other_and_what_is_shown_follows_it(by_s: float) -> None:
    async with started() as stage:
        stage.enter(C1)
        stage.wall_ahead_s += by_s
        await asyncio.sleep(2)
        moved = [row for row in stage.journal.rows if row.type == "clock_moved"]
        assert [row.payload for row in moved] == [{"by_s": by_s}]
        (call,) = stage.dispatcher.view().calls
        assert call.since == pytest.approx(NOON + 1 + by_s)
        assert stage.dispatcher.shown().calls == (call,)
        await asyncio.sleep(60)
        assert len([row for row in stage.journal.rows if row.type == "clock_moved"]) == 1
        assert replay(stage.journal.rows).differences == 0


@in_virtual_time
async def test_a_clock_that_is_set_back_to_where_it_was_leaves_no_trace_in_what_is_shown() -> None:
    async with started() as stage:
        stage.enter(C1)
        for by_s in (TWO_HOURS, -TWO_HOURS):
            stage.wall_ahead_s += by_s
            await asyncio.sleep(2)
        (call,) = stage.dispatcher.view().calls
        assert call.since == pytest.approx(NOON + 1)


@in_virtual_time
async def test_a_call_that_came_after_the_clock_was_set_is_shown_at_its_true_time() -> None:
    async with started() as stage:
        stage.wall_ahead_s += TWO_HOURS
        await asyncio.sleep(2)
        stage.enter(C1)
        (call,) = stage.dispatcher.view().calls
        assert call.since == pytest.approx(NOON + 3 + TWO_HOURS)
        stage.ready("a")
        await asyncio.sleep(1)
        assert stage.found(TalkBegan)


@EITHER_WAY
@in_virtual_time
async def test_after_a_restart_waits_go_on_and_the_true_time_is_shown(by_s: float) -> None:
    async with started() as stage:
        stage.enter(C1)
        stage.wall_ahead_s += by_s
        await asyncio.sleep(9)
        rows = list(stage.journal.rows)
    centre = recover(None, rows)
    hands = Hands(wall=NOON + 10 + by_s + 3)
    clock = hands.clock(centre)
    assert clock.now() - centre.calls[C1].since == pytest.approx(12)
    assert clock.wall() == pytest.approx(hands.wall)
    assert clock.moved_s() == 0.0


def test_a_clock_that_was_set_back_between_two_starts_never_comes_before_the_last_fact() -> None:
    scene = Scene()
    scene.enter("c1", after=100)
    hands = Hands(wall=scene.now - TWO_HOURS)
    clock = hands.clock(scene.centre)
    assert clock.now() == scene.now
    assert clock.moved_s() == -TWO_HOURS
    clock.anchor(-TWO_HOURS)
    assert clock.wall() == hands.wall


def test_when_nothing_is_alive_the_time_is_the_wall_clocks_again() -> None:
    scene = Scene()
    scene.centre.wall_ahead_s = TWO_HOURS  # a clock that was wrong at the start before
    hands = Hands()
    clock = hands.clock(scene.centre)
    assert clock.now() == NOON
    assert clock.moved_s() == -TWO_HOURS
    clock.anchor(-TWO_HOURS)
    assert clock.wall() == NOON


@in_virtual_time
async def test_a_fault_in_recording_it_is_tried_again_at_the_next_look() -> None:
    async with started(dispatcher=Faulty) as stage:
        stage.dispatcher.fails_on, stage.dispatcher.times = ClockMoved, 1
        stage.wall_ahead_s += TWO_HOURS
        await asyncio.sleep(3)
        assert stage.dispatcher.tried == 2
        assert len([row for row in stage.journal.rows if row.type == "clock_moved"]) == 1
