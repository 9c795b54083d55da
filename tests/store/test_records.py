"""Records for reports: filled once, together with how far they are filled."""

from __future__ import annotations

import pytest

from queues.store import EndedCall, EndedOffer, Position, ProjectorBehind, StoreError
from tests.store.places import Place


def call(seq: int, ended_at: float, agent: str | None = "anna") -> EndedCall:
    talked_s = 30.5 if agent else None
    outcome = "talked" if agent else "abandoned"
    return EndedCall(
        seq, f"call-{seq}", "100", "service", 10.0, ended_at, 4.5, outcome, agent, talked_s
    )


def offer(seq: int, ended_at: float) -> EndedOffer:
    return EndedOffer(
        seq, f"1-{seq}", "call-1", "service", "anna", "desk1", 10.0, ended_at, "missed", 15.0
    )


def test_a_projector_goes_on_where_it_was(place: Place) -> None:
    with place.opened() as store:
        begin = store.records.position(1)
        assert begin == Position(1, 0, "{}")
        store.records.add(begin, Position(1, 7, '{"open": 1}'), [call(5, 20.0)], [offer(6, 21.0)])
    with place.opened() as store:
        now = store.records.position(1)
        assert now == Position(1, 7, '{"open": 1}')
        store.records.add(now, Position(1, 9, "{}"), [call(8, 30.0, agent=None)])
        assert store.records.calls(0, 100) == (call(5, 20.0), call(8, 30.0, agent=None))
        assert store.records.offers(0, 100) == (offer(6, 21.0),)


def test_a_report_asks_for_a_time_without_its_end(place: Place) -> None:
    with place.opened() as store:
        begin = store.records.position(1)
        rows = [call(seq, float(seq)) for seq in (10, 20, 30)]
        store.records.add(begin, Position(1, 30, "{}"), rows, [offer(20, 20.0), offer(30, 30.0)])
        assert [row.seq for row in store.records.calls(10, 30)] == [10, 20]
        assert [row.seq for row in store.records.offers(10, 30)] == [20]


def test_rows_are_counted_once_even_if_two_projectors_run(place: Place) -> None:
    with place.opened() as store:
        begin = store.records.position(1)
        store.records.add(begin, Position(1, 5, "{}"), [call(5, 20.0)])
        with pytest.raises(ProjectorBehind):
            store.records.add(begin, Position(1, 6, "{}"), [call(6, 20.0)])
        assert len(store.records.calls(0, 100)) == 1


def test_a_row_that_fails_leaves_the_position_where_it_was(place: Place) -> None:
    with place.opened() as store:
        begin = store.records.position(1)
        with pytest.raises(StoreError):
            store.records.add(begin, Position(1, 5, "{}"), [call(5, 20.0), call(5, 20.0)])
        assert store.records.position(1) == begin
        assert store.records.calls(0, 100) == ()


def test_another_version_of_the_projector_makes_all_records_again(place: Place) -> None:
    with place.opened() as store:
        begin = store.records.position(1)
        store.records.add(begin, Position(1, 5, '{"a": 1}'), [call(5, 20.0)], [offer(5, 20.0)])
        assert store.records.position(2) == Position(2, 0, "{}")
        assert store.records.calls(0, 100) == ()
        assert store.records.offers(0, 100) == ()
