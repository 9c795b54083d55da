"""Unit: waits foretold on simulated days: what is noted, learned, judged; and app_queue's word."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from queues.centre.values.learned import NOTHING, Band, Learned, Spread
from queues.centre.values.needs import ANYBODY
from queues.ids import QueueId
from queues.reports.learning import learn_paces
from queues.simulation.callers import Callers, Demand
from queues.simulation.foretold import callers_with_probes, foretell_day, seen_of
from queues.simulation.house import alike
from queues.simulation.judging import Judged, judge, relative_error, told_figures
from queues.simulation.laws import Exponential
from queues.simulation.learned_days import judge_days, learn_days
from queues.simulation.moving_average import announced
from queues.simulation.outcome import End, Outcome

DEMAND = Demand(7200.0, 0.05, (1.0,), Exponential(100.0), Exponential(100.0))
DAY = """\
duration_s: 7200
arrivals: {per_hour: 160}
needs: {law: 0.6, tax: 0.4}
service_s: {law: exponential, mean: 90}
patience_s: {law: exponential, mean: 200}
agents: 4
ring_s: 4
"""


def test_what_is_foretold_of_each_caller_who_waits_is_noted_and_learned_from() -> None:
    callers, _ = callers_with_probes(DEMAND, 1, 0.0)
    before = foretell_day(alike(4), callers, NOTHING)
    assert before.told == {}
    talks, waits = seen_of(before, 1)
    (pace,) = learn_paces(talks, waits)
    assert pace.hold_s == pytest.approx(100, rel=0.25)
    assert pace.patience_s == pytest.approx(100, rel=0.4)
    found = foretell_day(alike(4), callers, Learned((pace,)))
    delayed = {n for n, wait in enumerate(found.outcome.wait.tolist()) if wait > 0}
    assert found.told.keys() == delayed
    _, waits = seen_of(found, 1)
    assert {n for n, wait in enumerate(waits) if wait.foretold is not None} == delayed
    assert (found.outcome.wait == before.outcome.wait).all()  # to be told changes nothing


def test_probes_never_hang_up_and_all_else_of_the_callers_stays() -> None:
    callers, probes = callers_with_probes(DEMAND, 1, 0.3)
    plain, none = callers_with_probes(DEMAND, 1, 0.0)
    assert not any(none)
    assert np.isinf(callers.patience).tolist() == list(probes)
    assert 0.2 < sum(probes) / len(probes) < 0.4
    assert (callers.arrived == plain.arrived).all()
    assert (callers.service == plain.service).all()


def test_days_are_judged_by_what_was_learned_of_others() -> None:
    learned = learn_days(map, DAY, "all", range(1, 9))
    assert {spread.queue for spread in learned.spreads} == {"law", "tax"}
    judged = judge_days(map, DAY, "all", range(9, 17), learned)
    held = np.concatenate([each.held for each in judged])
    assert held.mean() == pytest.approx(0.8, abs=0.12)
    assert len(held) > 50
    figures = told_figures(judged[0], ("law", "tax"))
    assert figures["range_held_as_spoken"] >= figures["range_held"]
    assert {"range_held[law]", "range_held[tax]"} <= figures.keys()


def test_only_probes_who_were_told_a_range_are_judged_and_of_others_who_hung_up_in_it() -> None:
    callers, probes = callers_with_probes(DEMAND, 3, 0.3)
    talks, waits = seen_of(foretell_day(alike(4), callers, NOTHING), 1)
    band = Band(None, 0.5, 1.0, 2.0)
    any_ = QueueId("any")
    learned = Learned(learn_paces(talks, waits), (Spread(any_, ANYBODY, (band,)),))
    found = foretell_day(alike(4), callers, learned)
    judged = judge(found, probes)
    told = [caller for caller in found.told if probes[caller]]
    assert len(judged.wait) == len(told) > 0
    assert (judged.high == pytest.approx(4 * judged.low)) is True
    others = [caller for caller in found.told if not probes[caller]]
    gone = [
        caller
        for caller in others
        if found.outcome.end[caller] == End.HUNG_UP
        and found.outcome.wait[caller] <= (found.told[caller].high_s or 0)
    ]
    assert judged.unknown == pytest.approx(len(gone) / len(others))
    nobody = judge(replace(found, told={}), probes)
    assert (len(nobody.held), nobody.unknown) == (0, 0.0)


def test_a_range_is_judged_as_it_is_and_as_it_is_spoken() -> None:
    one = np.array([0.0])
    judged = Judged(one, np.array([100.0]), one, np.array([101.0]), np.array([130.0]), one, 0.0)
    assert judged.held.tolist() == [0.0]
    assert judged.held_as_spoken.tolist() == [1.0]  # between 1 and 3 minutes


def test_the_moving_average_weighs_the_last_answered_wait_by_a_quarter() -> None:
    arrived, wait = np.array([0.0, 1.0, 2.0, 100.0]), np.array([40.0, 8.0, 50.0, 1.0])
    callers = Callers(arrived, np.array([0, 0, 1, 0]), np.ones(4), np.full(4, np.inf))
    end = np.array([End.ANSWERED, End.ANSWERED, End.ANSWERED, End.HUNG_UP], dtype=np.int8)
    outcome = Outcome(callers, end, wait, np.zeros(4, dtype=np.int32))
    assert announced(outcome).tolist() == [0.0, 0.0, 0.0, (3 * 2 + 40) / 4]  # 8 at 9 s, 40 at 40 s


def test_the_error_is_that_of_the_field() -> None:
    told, wait = np.array([1.0, 5.0]), np.array([3.0, 3.0])
    assert relative_error(told, wait) == pytest.approx(2 / 3)
