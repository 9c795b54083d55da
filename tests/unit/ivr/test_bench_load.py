"""Unit: what the bench of load makes of what SIPp, the metrics and the processes say."""

from __future__ import annotations

import math

import pytest

from ivr.bench.load.bench import Block, Found, rows_of
from ivr.bench.load.calls import Placed, read_figures
from ivr.bench.load.readings import Counted, Held, share_within
from ivr.bench.site import BenchFailed
from ivr.bench.table import Row

FIGURES = """StartTime;CurrentCall;SuccessfulCall(C);FailedCall(C);
1;12;0;0;
2;200;150;1;
3;0;398;2;
"""


def test_what_became_of_all_calls_stands_in_the_last_line_and_the_most_at_once_anywhere() -> None:
    placed = Placed()
    read_figures(FIGURES, placed)
    assert (placed.went_well, placed.failed, placed.most_at_once) == (398, 2, 200)


def test_a_tester_that_told_nothing_is_no_result() -> None:
    with pytest.raises(BenchFailed):
        read_figures("StartTime;CurrentCall\n", Placed())


def counted(decided: dict[str, float], lag: dict[float, float]) -> Counted:
    return Counted(decided, lag, 0.0, 0.0)


def test_lateness_is_the_bound_within_which_that_share_of_the_new_events_lay() -> None:
    before = counted({}, {0.01: 100.0, 0.1: 100.0, math.inf: 500.0})
    after = counted({}, {0.01: 150.0, 0.1: 199.0, math.inf: 600.0})
    assert share_within(before, after, 0.5) == 0.01
    assert share_within(before, after, 0.99) == 0.1
    assert share_within(before, after, 0.999) == math.inf
    assert share_within(after, after, 0.99) == math.inf  # nothing was told at all


def found(**changes: float) -> dict[str, Row]:
    values = {"queued": 100.0, "closed": 90.0, "noted": 10.0, "kb": 0.0, "files": 30.0, "ms": 30.0}
    values |= changes
    rest = Held(0.0, 1000.0, 1000.0, 30, 40, 20)
    held = [Held(5.0 * n, 1000 + 100 * values["kb"] * n, 1000.0, 30, 40, 20) for n in range(9)]
    after = Held(0.0, 1000.0, 1000.0, round(values["files"]), 40, 20)
    rival = Block(Placed(100, 0, 200, 10), 10.0, 2.0, 0.0)
    decided = {
        "call_queued": values["queued"],
        "call_closed": values["closed"],
        "call_end_noted": values["noted"],
    }
    rows = rows_of(
        Found(
            Block(Placed(100, 0, 200, 10), 10.0, 2.0, values["ms"] / 10 - 2.0),
            (rival, rival),
            counted({}, {0.1: 0.0, math.inf: 0.0}),
            counted(decided, {0.1: 100.0, math.inf: 100.0}),
            (rest, after),
            held,
        ),
        quick=False,
    )
    return {row.name: row for row in rows}


def failing(**changes: float) -> set[str]:
    return {name for name, row in found(**changes).items() if not row.holds}


def test_a_load_that_costs_little_and_leaves_nothing_holds_all_bars() -> None:
    assert failing(ms=25.0) == set()


@pytest.mark.parametrize(
    ("changes", "name"),
    [
        ({"queued": 99.0, "closed": 89.0}, "not known"),
        ({"closed": 89.0}, "not known"),
        ({"kb": 2.0}, "memory of the service"),
        ({"files": 31.0}, "descriptors of the service"),
        ({"ms": 27.0}, "of the rival's"),
    ],
)
def test_each_thing_that_is_lost_kept_or_costs_too_much_fails_its_row(
    changes: dict[str, float], name: str
) -> None:
    rows = failing(**({"ms": 25.0} | changes))
    assert len(rows) == 1, rows
    assert name in rows.pop()
