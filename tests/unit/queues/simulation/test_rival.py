"""Unit: the model of app_queue does what its source does, on callers few enough to follow."""

import numpy as np
import pytest

from queues.simulation.callers import Callers, Demand, draw_callers
from queues.simulation.house import House, alike
from queues.simulation.laws import Endless, Exponential
from queues.simulation.outcome import End
from queues.simulation.rival import AppQueue, run_rival
from queues.simulation.run import run

AT_ONCE = AppQueue(poll_s=1.0, ring_s=0.0)


def callers(*each: tuple[float, int, float, float]) -> Callers:
    """Callers by arrival, need, length of the talk and patience."""
    columns = [np.array(column) for column in zip(*each, strict=True)]
    arrived, need, service, patience = columns
    return Callers(arrived.astype(float), need.astype(np.int64), service, patience)


def test_a_caller_who_finds_nobody_waiting_takes_an_idle_member_at_once() -> None:
    outcome = run_rival(alike(2), callers((0.3, 0, 10.0, 99.0), (0.4, 0, 10.0, 99.0)), AT_ONCE)
    assert outcome.wait.tolist() == [0.0, 0.0]
    assert sorted(outcome.agent.tolist()) == [0, 1]


def test_a_caller_who_waits_looks_once_a_second_from_the_arrival_on() -> None:
    outcome = run_rival(alike(1), callers((0.0, 0, 10.0, 99.0), (0.5, 0, 1.0, 99.0)), AT_ONCE)
    assert outcome.wait.tolist() == pytest.approx([0.0, 10.0])  # freed at 10, looks at 10.5


def test_a_caller_who_just_comes_is_served_at_once_before_one_who_has_not_looked_again() -> None:
    """As seen on Asterisk: two members got free since the look of the one who waits."""
    came = callers(
        (0.0, 0, 7.0, 99.0), (0.3, 0, 6.7, 99.0), (1.9, 0, 3.0, 99.0), (7.3, 0, 3.0, 9.0)
    )
    outcome = run_rival(alike(2), came, AT_ONCE)
    assert outcome.wait.tolist() == pytest.approx([0.0, 0.0, 6.0, 0.0])


def test_the_next_in_line_waits_for_its_own_look_though_a_member_is_idle() -> None:
    came = callers((0.0, 0, 10.0, 99.0), (0.5, 0, 0.25, 99.0), (0.9, 0, 1.0, 99.0))
    assert run_rival(alike(1), came, AT_ONCE).wait.tolist() == pytest.approx([0.0, 10.0, 10.0])


def test_a_later_call_is_served_first_where_it_looks_first() -> None:
    """Two needs, one member: app_queue knows no order between its queues."""
    house = House(("bill", "repair"), (("bill", "repair"),))
    came = callers((0.0, 0, 10.25, 99.0), (0.5, 0, 5.0, 99.0), (1.3, 1, 5.0, 99.0))
    assert run_rival(house, came, AT_ONCE).wait.tolist() == pytest.approx([0.0, 15.0, 9.0])
    assert run(house, came).wait.tolist() == pytest.approx([0.0, 9.75, 13.95])


def test_ringing_counts_as_waiting_and_nobody_hangs_up_while_it_rings() -> None:
    outcome = run_rival(alike(1), callers((0.0, 0, 10.0, 2.0), (1.0, 0, 10.0, 5.0)), AppQueue())
    assert outcome.end.tolist() == [End.ANSWERED, End.HUNG_UP]
    assert outcome.wait.tolist() == pytest.approx([4.0, 5.0])


def test_it_sees_the_same_callers_and_the_same_seed_is_the_same_day() -> None:
    demand = Demand(2000.0, 0.1, (0.5, 0.5), Exponential(30.0), Endless())
    house = House(("bill", "repair"), (("bill",), ("repair",), ("bill", "repair"), ("bill",)))
    first, second = (run_rival(house, draw_callers(demand, 5), AppQueue()) for _ in range(2))
    assert np.array_equal(first.wait, second.wait)
    assert (first.end == End.ANSWERED).all()
    assert np.array_equal(
        first.callers.arrived, run(house, draw_callers(demand, 5)).callers.arrived
    )
