"""Unit: a day's file is read, and whatever is wrong in it is named with line and expectation."""

import re
from pathlib import Path

import numpy as np
import pytest

import queues.simulation
from queues.simulation.callers import draw_callers
from queues.simulation.expression import NotAFormula, formula
from queues.simulation.fields import DayFaulty
from queues.simulation.laws import Endless, Exponential, Gamma, Lognormal
from queues.simulation.read_day import read_day

DAYS = Path(queues.simulation.__file__).parent / "days"
GOOD = """\
duration_s: 3600
arrivals: {per_hour: 100}
needs: {bill: 0.5, repair: 0.5}
service_s: {law: exponential, mean: 180}
agents:
  A:
    - [bill]
    - [repair, bill]
"""


def with_line(number: int, text: str) -> str:
    lines = GOOD.splitlines()
    lines[number - 1] = text
    return "\n".join(lines)


def faults_of(text: str) -> tuple[str, ...]:
    with pytest.raises(DayFaulty) as caught:
        read_day(text, "day.yaml")
    return caught.value.faults


def test_the_day_with_six_needs_is_read_whole() -> None:
    day = read_day((DAYS / "day-60x6.yaml").read_text())
    assert [len(house.agents) for house in day.houses.values()] == [60, 60, 60]
    assert day.houses["A"].agents[5] == ("tenancy", "repair", "bill", "other")
    assert day.demand.service == Lognormal(180, 1.0)
    assert day.demand.patience == Exponential(350)
    assert (day.seeds, day.mark_s, day.houses["B"].ring_s) == ((1, 40), 20, 4)
    assert day.rival is not None
    assert day.rival_figures is not None
    assert callable(day.demand.rate)
    at = np.array([0.0, 1350.0, 4050.0])
    assert day.demand.rate(at) * 3600 == pytest.approx([1150, 1150 * 1.3, 1150 * 0.7])


def test_the_day_with_a_surge_is_read_and_says_what_is_not_played() -> None:
    day = read_day((DAYS / "surge-day.yaml").read_text())
    assert len(day.houses["all"].agents) == 12
    assert day.not_simulated == ("offer", "estimate", "callback")
    assert callable(day.demand.rate)
    top = day.demand.rate(np.array([0.0, 3 * 3600.0, 8 * 3600.0])) * 3600
    assert top == pytest.approx([150, 410, 150])
    assert len(draw_callers(day.demand, 1)) == pytest.approx(1525, abs=150)


def test_the_weekday_of_a_bank_is_read_with_its_half_hours_and_a_law_for_each_need() -> None:
    day = read_day((DAYS / "bank-weekday.yaml").read_text())
    assert (day.begins_min, len(day.houses["all"].agents)) == (7 * 60, 5)
    assert callable(day.demand.rate)
    at = np.array([0.0, 1799.0, 1800.0, 17 * 3600.0])
    assert day.demand.rate(at) * 1800 == pytest.approx([16, 16, 23.3, 15.9])
    assert day.demand.mean_service_s == pytest.approx(177, rel=0.04)
    callers = draw_callers(day.demand, 1)
    assert len(callers) == pytest.approx(1432, abs=120)
    assert callers.service[callers.need == 1].mean() == pytest.approx(107, rel=0.25)
    assert callers.service[callers.need == 2].mean() == pytest.approx(276.6, rel=0.4)
    assert np.isfinite(callers.patience).all()


def test_a_short_day_takes_what_is_usual() -> None:
    day = read_day(GOOD)
    assert day.demand.patience == Endless()
    assert (day.mark_s, day.seeds, day.houses["A"].ring_s) == (20, (1, 10), 0)
    gamma = with_line(4, "service_s: {law: gamma, mean: 60, cv2: 1.5}")
    assert read_day(gamma).demand.service == Gamma(60, 1.5)


@pytest.mark.parametrize(
    ("line", "text", "says"),
    [
        (1, "duration_s: -5", "expected seconds above 0"),
        (1, "duration_s: .nan", "expected seconds above 0"),
        (1, "duration: 3600", "is not known here; expected agents, "),
        (2, "arrivals: {per_hour: 0}", "expected calls an hour"),
        (2, "arrivals: {per_hour: 9, process: bursts}", "expected poisson"),
        (2, "arrivals: {per_hour: 9, shape: 't - 100'}", "never negative"),
        (2, "arrivals: {per_hour: 9, shape: '__import__(1)'}", "expected only t, numbers"),
        (2, "arrivals: {per_hour: 999999999}", "at most 5000000 calls"),
        (2, "arrivals: often", "expected a mapping"),
        (2, "arrivals: {per_half_hour: [9]}", "has 1; expected 2 numbers, as the day has half"),
        (2, "arrivals: {per_half_hour: [9, -1]}", "expected numbers of calls, 0 or more"),
        (2, "arrivals: {per_half_hour: 9}", "expected a list"),
        (2, "arrivals: {per_half_hour: [9, 9], per_hour: 9}", "does not go with 'per_half_hour'"),
        (1, "duration_s: 3600\nbegins_at: noon", "expected a time of the day such as '07:00'"),
        (4, "service_s: {by_need: {bill: {law: constant, mean: 9}}}", "'repair' is missing"),
        (4, "service_s: {by_need: {}, mean: 9}", "mean: is not known here"),
        (3, "needs: {bill: 0.5, repair: 0.6}", "add up to 1.1; expected 1"),
        (3, "needs: {bill: 0.5, repair: half}", "expected a share from 0 to 1"),
        (4, "service_s: {law: weibull, mean: 180}", "expected exponential or lognormal"),
        (4, "service_s: {law: lognormal, mean: 180}", "'log_sd' is missing"),
        (4, "service_s: {law: exponential, mean: true}", "expected seconds above 0"),
        (4, "service_s: {law: exponential, mean: 9, cv2: 2}", "cv2: is not known here"),
        (2, "arrivals: {per_hour: 9}\nseeds: {from: 1, to: 2.5}", "expected whole numbers"),
        (2, "arrivals: {per_hour: 9}\nseeds: {from: 5, to: 2}", "from 'from' on"),
        (7, "    - [bill, cooking]", "expected a list of different needs: bill, repair"),
        (7, "    - []", "expected a list of different needs"),
        (8, "    - [bill]", "nobody serves 'repair'"),
    ],
)
def test_what_is_wrong_is_named_with_its_line_and_what_was_expected(
    line: int, text: str, says: str
) -> None:
    faults = faults_of(with_line(line, text))
    assert any(says in fault for fault in faults), faults
    nobody = 6 if "nobody" in says else line
    nobody += "seeds" in text or "begins" in text
    missing = 1 if "not known here; expected agents" in says else nobody
    assert any(fault.startswith(f"day.yaml:{missing}:") for fault in faults), faults


@pytest.mark.parametrize("text", ["", "- a list", "a: [", "a: 1\na: 2", "x" * 300_000, "\x00"])
def test_what_is_no_day_at_all_is_one_clear_fault(text: str) -> None:
    (fault,) = faults_of(text)
    assert re.match(r"day\.yaml:\d+: ", fault)


def test_all_faults_are_told_at_once() -> None:
    faults = faults_of("duration_s: 0\narrivals: {}\nservice_s: {law: constant}\nagents: 0\n")
    assert len(faults) == 4


@pytest.mark.parametrize(
    "text", ["", "t.real", "x", "sin(1, 2)", "max(t)", "[t]", "lambda: t", "'a'", "True", "1" * 400]
)
def test_a_formula_is_arithmetic_and_nothing_else(text: str) -> None:
    with pytest.raises(NotAFormula, match="expected"):
        formula(text, "t")


def test_a_formula_is_worked_out_for_whole_arrays() -> None:
    at = np.array([0.0, 1.0, 2.0])
    assert formula("2 * t ** 2 - max(1, -t) / 4", "t")(at) == pytest.approx([-0.25, 1.75, 7.75])
    assert formula("3", "t")(at) == pytest.approx([3, 3, 3])
