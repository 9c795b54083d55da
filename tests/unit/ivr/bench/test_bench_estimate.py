"""Unit: when the rows on told waits hold their bars."""

from __future__ import annotations

import numpy as np
import pytest

from ivr.bench.estimate import day_rows
from ivr.bench.table import Row
from ivr.resources import days
from queues.simulation.day import Day
from queues.simulation.judging import Judged
from queues.simulation.read_day import read_day


@pytest.fixture
def day() -> Day:
    return read_day((days() / "day-60x6.yaml").read_text("utf-8"))


def judged(held: float, *, bias_s: float = 0.0, probes: int = 600) -> list[Judged]:
    """Two days on which so many of the probes of each need waited within 50 to 150 s."""
    number = np.arange(probes)
    wait = np.where((number // 6) % 100 < 100 * held, 100.0, 200.0)
    ones = np.ones(probes)
    one = Judged(number % 6.0, wait, wait + bias_s, 50 * ones, 150 * ones, 30 * ones, 0.05)
    return [one, one]


def rows(day: Day, days_judged: list[Judged]) -> dict[str, Row]:
    return {row.name.split(": ")[1]: row for row in day_rows(day, "A", days_judged)}


def test_ranges_that_hold_eight_of_ten_of_every_need_hold_all_bars(day: Day) -> None:
    found = rows(day, judged(0.8))
    assert all(row.holds for row in found.values())
    assert found["P10 to P90 holds"].value == pytest.approx(0.8)
    assert sum(row.bar is not None for row in found.values()) == 8  # all, six needs, bias
    assert found["error (RRMSE) for who waits"].against_values[0] > 0.5
    assert found["not known, hung up within the range"].value == pytest.approx(0.05)


@pytest.mark.parametrize("held", [0.7, 0.9])
def test_a_range_too_narrow_or_too_wide_holds_no_bar(day: Day, held: float) -> None:
    found = rows(day, judged(held))
    assert not found["P10 to P90 holds, off 0.8"].holds
    assert not found["P10 to P90 holds for tenancy, off 0.8"].holds


def test_what_is_foretold_too_long_on_the_whole_is_a_bias(day: Day) -> None:
    assert not rows(day, judged(0.8, bias_s=11.0))["bias"].holds
    assert not rows(day, judged(0.8, bias_s=-11.0))["bias"].holds


def test_where_nobody_was_told_anything_nothing_holds(day: Day) -> None:
    (row,) = day_rows(day, "A", judged(0.8, probes=0))
    assert not row.holds
