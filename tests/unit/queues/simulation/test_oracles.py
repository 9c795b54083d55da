"""Unit: a few calls of the exact cases, and what takes the luck out of a run's figures.

The whole of it, by its own rule, is `freizeichen bench router`.
"""

import numpy as np
import pytest

from queues.centre.facts.fact import Fact
from queues.centre.inputs.agents import PauseAsked, ReadyAsked
from queues.centre.inputs.input import Input
from queues.centre.state import Centre
from queues.centre.step import step
from queues.ids import AgentId
from queues.simulation.callers import Demand, draw_callers
from queues.simulation.controls import (
    Known,
    Sample,
    controlled_means,
    plain_means,
    sample,
    waiting_found,
)
from queues.simulation.formulas import ErlangC
from queues.simulation.house import alike
from queues.simulation.laws import Endless, Exponential
from queues.simulation.oracles import FAMILIES, WIDEST_SHARE, Case, cases, judged, sampled
from queues.simulation.run import Step, run
from queues.simulation.student import interval, t_quantile

SEEDS = range(1, 6)


def the_case(name: str) -> Case:
    return next(case for case in cases() if case.name == name)


def test_every_family_is_there_and_names_are_unique() -> None:
    assert [len(family()) for family in FAMILIES.values()] == [6, 9, 3, 9, 3, 3]
    names = [case.name for case in cases()]
    assert len(set(names)) == len(names)


@pytest.mark.parametrize("name", ["B(10, 14)", "M2", "M/G/1 cv² 0", "A4", "P1", "floor 0.8"])
def test_a_few_calls_through_the_centre_come_near_the_exact_values(name: str) -> None:
    case = the_case(name)
    calls = max(6_000, int(40 * case.relaxation * case.rate))
    for verdict in judged(case, [sampled(case, seed, calls=calls) for seed in SEEDS]):
        assert verdict.plain.holds(verdict.value.exact), verdict
        assert verdict.found.mean == pytest.approx(verdict.value.exact, rel=0.15), verdict


def test_a_verdict_needs_the_value_inside_and_a_narrow_interval() -> None:
    case = the_case("M2")
    verdict = judged(case, [sampled(case, seed, calls=3_000) for seed in SEEDS])[1]
    assert verdict.value.widest == pytest.approx(0.03 * 1.2857142857)
    assert verdict.value.name == "mean wait"
    assert case.values[0].widest == WIDEST_SHARE


def one_run(seed: int, take: Step = step) -> tuple[np.ndarray, np.ndarray]:
    """Plain and controlled mean wait of many short runs of M/M/2 at load 0.75."""
    samples = []
    for number in range(10 * seed, 10 * seed + 10):
        callers = draw_callers(Demand(2000.0, 1.5, (1.0,), Exponential(1.0), Endless()), number)
        outcome = run(alike(2), callers, take=take)
        known = Known(1.5, Exponential(1.0), Endless(), 2)
        samples.append(sample(outcome, outcome.wait[:, None], known, skip=300, batches=20))
    return plain_means(samples)[:, 0], controlled_means(samples)[:, 0]


def test_taking_the_luck_out_leaves_the_mean_and_a_tenth_of_the_spread() -> None:
    plain, controlled = one_run(1)
    assert controlled.mean() == pytest.approx(ErlangC(1.5, 1, 2).mean_wait, rel=0.05)
    assert controlled.std() < plain.std() / 3


def test_a_run_is_corrected_by_what_the_other_runs_show_alone() -> None:
    chance = np.random.default_rng(1)
    lucky, *others = (Sample(chance.normal(size=(20, 1)), np.zeros((20, 1))) for _ in range(4))
    lucky = Sample(lucky.figures, 3 * lucky.figures)  # as if it explained all
    samples = [lucky, *others]
    assert controlled_means(samples) == pytest.approx(plain_means(samples))
    assert controlled_means([lucky]) == pytest.approx(plain_means([lucky]))


def test_taking_the_luck_out_hides_no_agent_who_idles() -> None:
    """A router that now and then leaves an agent idle comes out as slow as it is."""
    entered = 0

    def idling(centre: Centre, what: Input, now: float) -> tuple[Fact, ...]:
        nonlocal entered
        entered += what.TYPE == "queue_entered"
        facts = step(centre, what, now)
        asked = PauseAsked if entered % 40 < 8 else ReadyAsked
        agent = AgentId("a1")
        pause = asked(agent, "break") if asked is PauseAsked else ReadyAsked(agent)
        return (*facts, *step(centre, pause, now))

    exact = ErlangC(1.5, 1, 2).mean_wait
    plain, controlled = one_run(2, idling)
    assert plain.mean() > 1.5 * exact
    assert controlled.mean() == pytest.approx(plain.mean(), rel=0.1)


def test_how_many_waited_is_counted_as_each_caller_found_it() -> None:
    outcome = run(alike(1), draw_callers(Demand(50.0, 1.0, (1.0,), Exponential(2.0), Endless()), 1))
    off_line = outcome.callers.arrived + outcome.wait
    expected = [
        sum(off_line[:number] > at) for number, at in enumerate(outcome.callers.arrived.tolist())
    ]
    assert waiting_found(outcome).tolist() == expected


@pytest.mark.parametrize(
    ("freedom", "sure", "quantile"), [(9, 0.95, 2.2622), (9, 0.999, 4.7809), (39, 0.95, 2.0227)]
)
def test_students_t_is_that_of_the_tables(freedom: int, sure: float, quantile: float) -> None:
    assert t_quantile(freedom, sure) == pytest.approx(quantile, abs=1e-4)


def test_an_interval_needs_values_and_one_value_says_nothing_of_the_spread() -> None:
    assert interval([1.0, 3.0]).mean == 2.0
    assert interval([1.0]).half_width == float("inf")
    with pytest.raises(ValueError, match="at least one"):
        interval([])
