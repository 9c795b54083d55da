"""Snapshots: the newest good one is found, whatever became of the others."""

from __future__ import annotations

import pytest
from structlog.testing import capture_logs

from queues.store import Snapshot, Store
from tests.store.places import Place


def snapshot(seq: int, version: int = 1) -> Snapshot:
    return Snapshot(seq, 1000.5 + seq, version, f'{{"calls": [{seq}], "name": "ü"}}')


def newest(store: Store, last_seq: int = 100) -> Snapshot | None:
    return store.snapshots.newest(understood={1, 2}, last_seq=last_seq)


def test_there_is_none_at_first(place: Place) -> None:
    with place.opened() as store:
        assert newest(store) is None


def test_the_last_two_are_kept(place: Place) -> None:
    with place.opened() as store:
        for seq in (5, 10, 15, 15):
            store.snapshots.save(snapshot(seq))
        assert newest(store) == snapshot(15)
    assert place.say("SELECT seq FROM snapshots ORDER BY seq") == [(10,), (15,)]


@pytest.mark.parametrize(
    ("harm", "reason"),
    [
        ("body = substr(body, 1, length(body) / 2)", "its checksum is wrong"),
        ("sha256 = 'abc'", "its checksum is wrong"),
        ("at = at + 1", "its checksum is wrong"),
        ("version = 2", "its checksum is wrong"),
    ],
)
def test_a_bad_one_is_passed_over_with_a_warning(place: Place, harm: str, reason: str) -> None:
    with place.opened() as store:
        store.snapshots.save(snapshot(5))
        store.snapshots.save(snapshot(10))
        place.say(f"UPDATE snapshots SET {harm} WHERE seq = 10")
        with capture_logs() as logs:
            assert newest(store) == snapshot(5)
    assert [(log["seq"], log["reason"]) for log in logs] == [(10, reason)]


def test_one_of_an_unknown_version_is_passed_over(place: Place) -> None:
    with place.opened() as store:
        store.snapshots.save(snapshot(5))
        store.snapshots.save(snapshot(10, version=3))
        with capture_logs() as logs:
            assert newest(store) == snapshot(5)
    assert logs[0]["reason"] == "its version 3 is not understood"


def test_one_that_is_ahead_of_the_journal_is_passed_over(place: Place) -> None:
    with place.opened() as store:
        store.snapshots.save(snapshot(5))
        store.snapshots.save(snapshot(10))
        with capture_logs() as logs:
            assert newest(store, last_seq=9) == snapshot(5)
            assert newest(store, last_seq=4) is None
    assert {log["reason"] for log in logs} == {"the journal ends before it"}


def test_of_those_that_are_too_new_for_a_question_about_the_past_nothing_is_said(
    place: Place,
) -> None:
    with place.opened() as store:
        store.snapshots.save(snapshot(5))
        store.snapshots.save(snapshot(10))
        with capture_logs() as logs:
            found = store.snapshots.newest(understood={1, 2}, last_seq=100, before_seq=10)
            assert found == snapshot(5)
    assert logs == []


def test_where_all_are_bad_there_is_none(place: Place) -> None:
    with place.opened() as store:
        store.snapshots.save(snapshot(5))
        store.snapshots.save(snapshot(10))
        place.say("UPDATE snapshots SET sha256 = ''")
        assert newest(store) is None
