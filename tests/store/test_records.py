"""Records for reports: filled once, together with how far they are filled."""

from __future__ import annotations

import pytest

from queues.store import EndedCall, EndedOffer, MissedCall, Position, ProjectorBehind, StoreError
from tests.store.places import Place, row, write


def call(seq: int, ended_at: float, agent: str | None = "anna") -> EndedCall:
    talked_s = 30.5 if agent else None
    outcome = "talked" if agent else "abandoned"
    return EndedCall(
        seq=seq,
        call=f"call-{seq}",
        line="100",
        queue="service",
        arrived_at=10.0,
        entered_at=12.0,
        answered_at=16.5 if agent else None,
        ended_at=ended_at,
        outcome=outcome,
        agent=agent,
        waited_s=4.5,
        talked_s=talked_s,
        hops=1,
    )


def missed(seq: int, call: str = "") -> MissedCall:
    return MissedCall(seq, call or f"call-{seq}", "100", 10.0, 20.0, "no_service", f"contact-{seq}")


def offer(seq: int, ended_at: float) -> EndedOffer:
    return EndedOffer(
        seq, f"1-{seq}", "call-1", "service", "anna", "desk1", 10.0, ended_at, "missed", 15.0
    )


def test_a_projector_goes_on_where_it_was(place: Place) -> None:
    with place.opened() as store:
        write(store, *(row(number) for number in range(7)))
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


def test_a_missed_call_that_is_told_twice_is_one(place: Place) -> None:
    with place.opened() as store:
        begin = store.records.position(1)
        first = Position(1, 9, "{}")
        store.records.add(begin, first, missed=[missed(3, "a"), missed(5, "b"), missed(7, "a")])
        store.records.add(first, Position(1, 20, "{}"), missed=[missed(11, "b"), missed(12, "c")])
        assert [row.seq for row in store.records.missed(10)] == [12, 5, 3]


def test_missed_calls_are_read_from_the_last_to_the_first_and_on_from_any(place: Place) -> None:
    with place.opened() as store:
        begin = store.records.position(1)
        rows = [missed(seq) for seq in (10, 20, 30)]
        store.records.add(begin, Position(1, 30, "{}"), missed=rows)
        assert store.records.missed(2) == (missed(30), missed(20))
        assert store.records.missed(2, before_seq=20) == (missed(10),)


def test_records_are_cleared_however_many_there_are(place: Place) -> None:
    with place.opened() as store:
        begin = store.records.position(1)
        rows = [call(seq, 20.0) for seq in range(1, 4502)]
        store.records.add(begin, Position(1, 4501, "{}"), rows, missed=[missed(3)])
        store.records.clear()
        assert store.records.calls(0, 100) == ()
        assert store.records.missed(10) == ()
        assert store.records.position(1) == begin


def test_records_end_after_their_time_and_a_clock_ahead_ends_none(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("queues.store.records._DELETED_AT_ONCE", 2)
    with place.opened() as store:
        begin = store.records.position(1)
        ends = [10.0, 11.0, 12.0, 13.0, 14.0, 500.0]
        store.records.add(
            begin,
            Position(1, 60, "{}"),
            [call(seq, at) for seq, at in enumerate(ends)],
            [offer(seq, at) for seq, at in enumerate(ends)],
            [missed(1), missed(2)],
        )
        assert store.records.expire(1e12, 600.0) == 0
        assert store.records.expire(500.0, 488.0) == 4  # what ended before 12.0
        assert [row.ended_at for row in store.records.calls(0, 1000)] == ends[2:]
        assert store.records.expire(520.0, 100.0) == 3 + 3 + 2
        assert [row.ended_at for row in store.records.offers(0, 1000)] == [500.0]
        assert store.records.missed(10) == ()
