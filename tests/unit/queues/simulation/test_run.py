"""Unit: a simulated day keeps the rules of the house, and the same seed is the same day."""

from collections import Counter
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from queues.centre.facts.fact import Fact
from queues.centre.facts.offers import OfferMade
from queues.centre.inputs.house import TimerFired
from queues.centre.inputs.input import Input
from queues.centre.state import Centre
from queues.centre.step import step
from queues.simulation.callers import Callers, Demand, draw_callers
from queues.simulation.house import House, alike
from queues.simulation.laws import Constant, Endless, Exponential
from queues.simulation.outcome import End, Outcome
from queues.simulation.run import run
from queues.simulation.strict import strict_step

NEEDS = ("bill", "repair", "other")
SKILLS = st.lists(st.sampled_from(NEEDS), min_size=1, max_size=3, unique=True).map(tuple)
DEMAND = Demand(600.0, 0.1, (0.5, 0.3, 0.2), Exponential(40.0), Exponential(60.0))


@st.composite
def houses(draw: st.DrawFn) -> House:
    """Houses in which somebody serves each need."""
    agents = draw(st.lists(SKILLS, max_size=4))
    rings, wraps = st.sampled_from([0.0, 4.0]), st.sampled_from([0.0, 15.0])
    return House(NEEDS, (*agents, NEEDS), draw(rings), draw(wraps), draw(st.booleans()))


def callers(*each: tuple[float, float, float], need: int = 0) -> Callers:
    """Callers by arrival, length of the talk and patience."""
    arrived, service, patience = (
        np.array(column, dtype=float) for column in zip(*each, strict=True)
    )
    return Callers(arrived, np.full(len(each), need, dtype=np.int64), service, patience)


def talks_by_agent(outcome: Outcome) -> dict[int, list[tuple[float, float]]]:
    found: dict[int, list[tuple[float, float]]] = {}
    for number in np.flatnonzero(outcome.answered):
        began = float(outcome.callers.arrived[number] + outcome.wait[number])
        ended = began + float(outcome.callers.service[number])
        found.setdefault(int(outcome.agent[number]), []).append((began, ended))
    return found


@given(house=houses(), seed=st.integers(0, 2**32))
@settings(max_examples=60, deadline=None)
def test_no_agent_idles_while_a_fitting_call_waits_and_the_centre_ends_empty(
    house: House, seed: int
) -> None:
    centre = Centre()

    def watched(centre: Centre, what: Input, now: float) -> tuple[Fact, ...]:
        facts = step(centre, what, now)
        assert not any(pool.waiting and pool.free for pool in centre.pools.values())
        return facts

    run(house, draw_callers(DEMAND, seed), take=watched, centre=centre)
    assert not centre.calls
    assert not centre.offers
    assert not centre.deadlines


@given(house=houses(), seed=st.integers(0, 2**32))
@settings(max_examples=60, deadline=None)
def test_each_caller_has_one_end_and_nobody_is_overtaken_within_a_need(
    house: House, seed: int
) -> None:
    came = draw_callers(DEMAND, seed)
    offered: list[int] = []

    def noting(centre: Centre, what: Input, now: float) -> tuple[Fact, ...]:
        facts = step(centre, what, now)
        offered.extend(int(fact.call) for fact in facts if isinstance(fact, OfferMade))
        return facts

    outcome = run(house, came, take=noting)
    assert set(outcome.end.tolist()) <= {int(end) for end in End}
    assert max(Counter(offered).values(), default=0) <= 1
    assert sorted(offered) == np.flatnonzero(outcome.answered).tolist()
    for need in range(len(NEEDS)):
        mine = [caller for caller in offered if came.need[caller] == need]
        assert mine == sorted(mine)
    hung_up = outcome.end == End.HUNG_UP
    assert outcome.wait[hung_up] == pytest.approx(came.patience[hung_up])
    assert (outcome.wait[outcome.answered] >= house.ring_s - 1e-9).all()
    assert (outcome.wait[outcome.answered] <= came.patience[outcome.answered] + house.ring_s).all()


@given(house=houses(), seed=st.integers(0, 2**32))
@settings(max_examples=40, deadline=None)
def test_an_agent_has_one_call_at_a_time_of_a_need_that_is_served_and_rests_in_wrap_up(
    house: House, seed: int
) -> None:
    outcome = run(house, draw_callers(DEMAND, seed))
    for number in np.flatnonzero(outcome.answered):
        assert NEEDS[outcome.callers.need[number]] in house.agents[outcome.agent[number]]
    for talks in talks_by_agent(outcome).values():
        talks.sort()
        for (_, ended), (began, _) in pairwise(talks):
            assert began >= ended + house.ring_s + house.wrap_up_s - 1e-6


def test_the_same_seed_is_the_same_day_and_another_seed_another() -> None:
    house = alike(5, needs=NEEDS)
    first, second = (run(house, draw_callers(DEMAND, 7)) for _ in range(2))
    assert np.array_equal(first.wait, second.wait)
    assert np.array_equal(first.agent, second.agent)
    other = draw_callers(DEMAND, 8)
    assert not np.array_equal(first.callers.arrived[:5], other.arrived[:5])


def test_another_law_of_talks_leaves_arrivals_needs_and_patience_as_they_were() -> None:
    changed = Demand(600.0, 0.1, DEMAND.shares, Constant(10.0), DEMAND.patience)
    was, now = draw_callers(DEMAND, 3), draw_callers(changed, 3)
    assert np.array_equal(was.arrived, now.arrived)
    assert np.array_equal(was.need, now.need)
    assert np.array_equal(was.patience, now.patience)


def test_ringing_counts_as_waiting_and_nobody_hangs_up_while_it_rings() -> None:
    house = House(("any",), (("any",),), ring_s=4.0)
    outcome = run(house, callers((0.0, 10.0, 2.0), (1.0, 10.0, 14.0), (2.0, 10.0, 5.0)))
    assert outcome.end.tolist() == [End.ANSWERED, End.ANSWERED, End.HUNG_UP]
    assert outcome.wait.tolist() == pytest.approx([4.0, 17.0, 5.0])


def test_wrap_up_is_ended_by_the_timer_that_the_centre_asks_for() -> None:
    heard: list[tuple[str, float]] = []

    def noting(centre: Centre, what: Input, now: float) -> tuple[Fact, ...]:
        heard.append((what.TYPE, now))
        return step(centre, what, now)

    house = House(("any",), (("any",),), wrap_up_s=30.0)
    outcome = run(house, callers((0.0, 10.0, 99.0), (1.0, 10.0, 99.0)), take=noting)
    assert outcome.wait.tolist() == pytest.approx([0.0, 39.0])
    assert (TimerFired.TYPE, 40.0) in heard


def test_without_a_waiting_room_who_finds_nobody_free_is_turned_away() -> None:
    house = alike(1, waiting_room=False)
    outcome = run(house, callers((0.0, 10.0, 99.0), (1.0, 10.0, 99.0), (11.0, 1.0, 99.0)))
    assert outcome.end.tolist() == [End.ANSWERED, End.TURNED_AWAY, End.ANSWERED]


def test_under_strict_priority_the_first_class_always_goes_first() -> None:
    house = alike(1, needs=("first", "second"))
    came = Callers(
        np.array([0.0, 1.0, 2.0]), np.array([1, 1, 0]), np.full(3, 10.0), np.full(3, np.inf)
    )
    assert run(house, came, take=strict_step).wait.tolist() == pytest.approx([0.0, 19.0, 8.0])
    assert run(house, came).wait.tolist() == pytest.approx([0.0, 9.0, 18.0])


def test_a_day_without_callers_ends_at_once() -> None:
    nobody = draw_callers(Demand(1e-9, 1e-9, (1.0,), Constant(1.0), Endless()), 1)
    assert len(run(alike(1), nobody).wait) == 0
