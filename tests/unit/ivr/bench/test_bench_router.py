"""Unit: when an oracle's row holds, and when a comparison may be printed."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ivr.bench.router_rival import VARIANTS, Found, Pair, comparison_rows, rival_rows
from ivr.bench.table import Bar, Row
from ivr.resources import days
from queues.simulation.day import Day
from queues.simulation.read_day import read_day

OWN = {
    "answered_within_mark": 0.505,
    "p95_s": 144.0,
    "abandoned": 0.101,
    "worst_over_best_need": 2.31,
    "mean_wait_s": 38.0,
}


@pytest.fixture
def day() -> Day:
    return read_day((days() / "day-60x6.yaml").read_text("utf-8"))


def found(*, ours: float = 1.0, rivals: float = 1.0) -> Found:
    our_figures = {name: value * ours for name, value in OWN.items()}
    pair = Pair(
        {variant.name: our_figures for variant in VARIANTS},
        {name: value * rivals for name, value in OWN.items()},
    )
    return {"A": [pair, pair], "B": [pair, pair]}


@pytest.mark.parametrize(
    ("interval", "exact", "holds"),
    [
        ((0.98, 1.0, 1.02), 1.01, True),
        ((0.98, 1.0, 1.02), 1.03, False),  # outside
        ((0.9, 1.0, 1.1), 1.0, False),  # too wide
    ],
)
def test_an_exact_value_is_met_inside_an_interval_that_is_narrow_enough(
    interval: tuple[float, ...], exact: float, holds: bool
) -> None:
    row = Row("wait", interval, "s", Bar.MEETS, 0.03, "exact", (exact,))
    assert row.holds is holds
    assert row.json()["bar"] == "+- 0.03"


def test_the_rival_has_to_come_to_its_own_figures(day: Day) -> None:
    assert all(row.holds for row in rival_rows(day, found(rivals=1.04)))
    off = rival_rows(day, found(rivals=1.06))
    assert [row.holds for row in off] == [False, False, False, True]  # the last within a tenth


def test_a_rival_without_figures_of_its_own_holds_nothing(day: Day) -> None:
    assert not any(row.holds for row in rival_rows(replace(day, rival_figures=None), found()))
    assert not any(row.holds for row in rival_rows(day, {"B": found()["B"]}))


def test_a_share_of_the_rivals_is_taken_seed_by_seed_and_has_a_bar(day: Day) -> None:
    rows = {row.name: row for row in comparison_rows(day, found(ours=0.8))}
    share = rows["longest wait first: p95 of wait, share of the rival's"]
    assert (share.value, share.bar, share.holds) == (pytest.approx(0.8), 0.82, True)
    assert rows["longest wait first: mean wait"].value == pytest.approx(0.8 * 38)
    assert rows["longest wait first: mean wait"].against_values == (pytest.approx(38),)
    assert rows["longest wait first: answered in 20 s, share of the rival's"].bar is None
    answered = rows["service level first: answered in 20 s, share of the rival's"]
    assert (answered.bar, answered.holds) == (1.0, False)  # at least as many as the rival
