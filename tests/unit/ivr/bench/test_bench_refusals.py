"""Unit: a refused call is a figure of the bench and not its end, unless there are many."""

from __future__ import annotations

import pytest

from ivr.bench.refusals import Refusals
from ivr.bench.site import BenchFailed
from ivr.caller.phone import CallFailed


def test_a_refused_call_is_counted_with_its_reason_and_the_bench_goes_on() -> None:
    refusals = Refusals()
    with refusals.counted():
        pass
    assert refusals.row().json()["holds"] is True
    for _ in range(2):
        with refusals.counted():
            raise CallFailed(503, "Service Unavailable")
    with refusals.counted():
        raise CallFailed(486, "Busy Here")
    assert str(refusals) == "2 x 503 Service Unavailable, 1 x 486 Busy Here"
    row = refusals.row().json()
    assert (row["value"], row["holds"]) == (3.0, False)


def refuse(refusals: Refusals, times: int) -> None:
    for _ in range(times):
        with refusals.counted():
            raise CallFailed(503, "Service Unavailable")


def test_a_service_that_refuses_call_after_call_ends_the_bench() -> None:
    refusals = Refusals()
    refuse(refusals, 19)
    with pytest.raises(BenchFailed, match="20 calls were refused: 20 x 503 Service Unavailable"):
        refuse(refusals, 1)


def test_what_else_goes_wrong_in_a_call_is_not_taken_for_a_refusal() -> None:
    refusals = Refusals()
    with pytest.raises(TimeoutError), refusals.counted():
        raise TimeoutError
    assert refusals.count == 0
