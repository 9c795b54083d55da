"""Unit: the plan found is enough in every half-hour, and no half-hour can spare an agent."""

from dataclasses import replace
from functools import partial

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from queues.simulation.callers import Demand
from queues.simulation.formulas import least_agents
from queues.simulation.house import House, alike
from queues.simulation.laws import Constant, Endless, Exponential, Floats
from queues.simulation.staffing import (
    Goal,
    NotReached,
    Plan,
    calls_by_slot,
    counted,
    fewest_agents,
    first_plan,
    least_plan,
    reached,
)

GOAL = Goal(0.8, 20.0)
STEADY = Demand(3 * 1800.0, 40 / 1800, (1.0,), Exponential(120.0), Endless())
SEEDS = range(1, 4)


def measuring(demand: Demand, house: House, plan: Plan, seeds: range = SEEDS) -> Floats:
    return reached([counted(demand, house, plan, GOAL, seed) for seed in seeds])


def test_it_begins_with_what_erlang_c_says_of_each_half_hour() -> None:
    assert calls_by_slot(STEADY) == pytest.approx([40.0] * 3)
    agents = least_agents(40 / 1800, 120.0, within_s=20.0, share=0.8)
    assert first_plan(STEADY, alike(1), GOAL) == (agents,) * 3
    ringing = House(("any",), (("any",),), ring_s=5.0, wrap_up_s=30.0)
    longer = least_agents(40 / 1800, 155.0, within_s=15.0, share=0.8)
    assert first_plan(STEADY, ringing, GOAL) == (longer,) * 3


def test_calls_by_half_hour_follow_a_rate_that_changes_and_a_day_that_ends_within_one() -> None:
    rising = replace(STEADY, duration_s=4500.0, rate=lambda t: t / 1800 / 1800)
    assert calls_by_slot(rising) == pytest.approx([0.5, 1.5, 1.125], rel=1e-3)


@pytest.mark.parametrize(
    ("demand", "house"),
    [
        (STEADY, alike(1)),
        (replace(STEADY, patience=Exponential(200.0)), House(("any",), (("any",),), 3.0, 10.0)),
        (
            replace(STEADY, shares=(0.8, 0.2), rate=lambda t: (30 + 20 * (t > 3600)) / 1800),
            House(("a", "b"), (("a",), ("a",), ("a", "b"), ("b",))),
        ),
    ],
    ids=["alike", "with patience, ring and wrap-up", "two needs and a busier second hour"],
)
def test_the_plan_is_enough_and_no_half_hour_can_spare_an_agent(
    demand: Demand, house: House
) -> None:
    measure = partial(measuring, demand, house)
    fewest = fewest_agents(house)
    plan = least_plan(first_plan(demand, house, GOAL), fewest, GOAL, measure)
    assert (measure(plan) >= GOAL.share).all()
    for slot, agents in enumerate(plan):
        less = tuple(each - (n == slot) for n, each in enumerate(plan))
        assert agents == fewest or (measure(less) < GOAL.share).any()


@given(st.lists(st.integers(1, 12), min_size=1, max_size=9), st.integers(0, 4))
@settings(max_examples=100, deadline=None)
def test_whatever_the_half_hours_need_of_each_other_the_search_ends_with_enough(
    needed: list[int], carried: int
) -> None:
    """What a half-hour lacks is felt in so many after it: also further away than is thought."""

    def measure(plan: Plan) -> Floats:
        lacks = [max(0, need - agents) for need, agents in zip(needed, plan, strict=True)]
        felt = [sum(lacks[max(0, n - carried) : n + 1]) for n in range(len(plan))]
        return np.array([1.0 if each == 0 else 0.5 for each in felt])

    plan = least_plan((5,) * len(needed), 1, GOAL, measure)
    assert plan == tuple(needed)


def test_every_need_is_served_all_the_time_and_the_rest_keeps_the_mix_of_skills() -> None:
    house = House(("a", "b", "c"), (("a",),) * 6 + (("b",),) * 2 + (("b", "c"),))
    assert fewest_agents(house) == 2
    demand = replace(STEADY, shares=(0.5, 0.4, 0.1), service=Constant(60.0))
    least = least_plan(first_plan(demand, house, GOAL), 2, GOAL, partial(measuring, demand, house))
    assert min(least) >= 2
    served = measuring(demand, house, (2,) * 3)
    assert (served > 0).all()


def test_who_signs_out_at_a_half_hour_ends_the_talk_first() -> None:
    demand = replace(STEADY, duration_s=3600.0, rate=10 / 1800, service=Constant(600.0))
    many = counted(demand, alike(1), (10, 10), GOAL, 1)
    none = counted(demand, alike(1), (10, 1), GOAL, 1)
    assert many.came.sum() == none.came.sum()
    assert many.in_time[0] == none.in_time[0]
    assert none.in_time[1] < many.in_time[1]


def test_a_goal_that_no_number_of_agents_reaches_is_refused() -> None:
    with pytest.raises(NotReached):
        first_plan(STEADY, House(("any",), (("any",),), ring_s=30.0), GOAL)
    with pytest.raises(NotReached):
        least_plan((1, 1), 1, GOAL, lambda plan: np.zeros(len(plan)))
