"""Writing: what is committed together, in which order, and who hears of it."""

from __future__ import annotations

import json
import threading

import pytest

from queues.store import Kind, NewRow
from tests.store.places import Place, dialogue, eventually, numbers, row, write


def test_rows_stand_in_the_order_in_which_they_were_submitted(place: Place) -> None:
    with place.opened() as store:
        told: list[tuple[int, Exception | None]] = []
        for number in range(300):
            store.journal.submit([row(number)], lambda error, n=number: told.append((n, error)))
        assert store.journal.flush(20)
        assert told == [(number, None) for number in range(300)]
        assert numbers(store) == list(range(300))
        assert [found.seq for found in store.read_journal()] == list(range(1, 301))
        assert store.journal.committed == 300


def test_a_row_comes_back_as_it_was_given(place: Place) -> None:
    payload = json.dumps({"text": "Grüße, 안녕 \0 \ud800", "none": None, "n": 1.5})
    given = NewRow(1_700_000_000.123456, Kind.INPUT, "pause_asked", 3, "agent-ü", payload)
    with place.opened() as store:
        write(store, given)
        (found,) = store.read_journal()
    assert (found.seq, found.epoch, found.node) == (1, 1, "node-a")
    assert (found.at, found.kind, found.type, found.version, found.subject, found.payload) == (
        given.at,
        Kind.INPUT,
        "pause_asked",
        3,
        "agent-ü",
        payload,
    )


def test_what_is_heard_of_is_already_there_for_others(place: Place) -> None:
    with place.opened() as store:
        seen: list[object] = []

        def look(_error: Exception | None) -> None:
            seen.append(place.say("SELECT count(*) FROM journal")[0][0])

        for number in range(3):
            store.journal.submit([row(number)], look)
            assert store.journal.flush(20)
    assert seen == [1, 2, 3]


def test_many_threads_can_submit_at_once(place: Place) -> None:
    with place.opened() as store:

        def submit(first: int) -> None:
            for number in range(first, first + 100, 2):
                store.journal.submit([row(number), row(number + 1)])

        threads = [threading.Thread(target=submit, args=(start * 100,)) for start in range(5)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(20)
        assert store.journal.flush(20)
        found = numbers(store)
    assert sorted(found) == list(range(500))
    # Two rows that were submitted together are neighbours, whatever others do.
    assert all(second == first + 1 for first, second in zip(found[::2], found[1::2], strict=True))


def test_what_is_submitted_together_is_larger_than_a_group(place: Place) -> None:
    with place.opened() as store:
        write(store, *(row(number) for number in range(1201)))
        assert numbers(store) == list(range(1201))


def test_one_whose_done_fails_does_not_end_the_writing(place: Place) -> None:
    def fail(_error: Exception | None) -> None:
        raise RuntimeError

    with place.opened() as store:
        store.journal.submit([row(1)], fail)
        write(store, row(2))
        assert numbers(store) == [1, 2]


@pytest.mark.parametrize(
    ("bad", "says"),
    [
        (NewRow(float("nan"), Kind.FACT, "t", 1, "s", "{}"), "time is not a finite"),
        (NewRow(1.0, Kind.FACT, "t", -1, "s", "{}"), "version is not between"),
        (NewRow(1.0, Kind.FACT, "t", 1, "s\0", "{}"), "subject holds a character of value 0"),
        (NewRow(1.0, Kind.FACT, "t", 1, "s", "\ud800"), "payload holds half of a character"),
    ],
)
def test_a_row_that_no_database_could_hold_is_refused_at_once(
    file_place: Place, bad: NewRow, says: str
) -> None:
    with file_place.opened() as store:
        with pytest.raises(ValueError, match=says):
            store.journal.submit([row(1), bad])
        write(store, row(2))
        assert numbers(store) == [2]


def test_of_each_live_call_the_newest_dialogue_is_kept(place: Place) -> None:
    with place.opened() as store:
        for turn in range(20):
            store.journal.keep_dialogue(dialogue("call-1", turn))
            store.journal.keep_dialogue(dialogue("call-2", turn, at=2.0))
        store.journal.keep_dialogue(dialogue("call-3", 1))
        assert store.journal.flush(20)
        store.journal.keep_dialogue(dialogue("call-1", 21))
        store.journal.end_dialogue("call-3")
        store.journal.end_dialogue("never-known")
        assert store.journal.flush(20)
        assert store.dialogues.all() == (dialogue("call-1", 21), dialogue("call-2", 19, at=2.0))
        assert numbers(store) == []
    with place.opened() as store:
        assert store.dialogues.all() == (dialogue("call-1", 21), dialogue("call-2", 19, at=2.0))


def test_closing_writes_what_waits(place: Place) -> None:
    store = place.open()
    for number in range(200):
        store.journal.submit([row(number)])
    store.journal.keep_dialogue(dialogue("call-1", 1))
    assert store.close(20) == 0
    with place.opened() as store:
        assert numbers(store) == list(range(200))
        assert len(store.dialogues.all()) == 1


def test_rows_are_chosen_by_kind_and_subject_and_place(place: Place) -> None:
    with place.opened() as store:
        for number in range(6):
            kind = Kind.INPUT if number % 2 else Kind.FACT
            write(store, row(number, kind=kind, about="even" if number % 2 == 0 else "odd"))
        assert numbers(store, kinds={Kind.FACT}) == [0, 2, 4]
        assert numbers(store, subject="odd") == [1, 3, 5]
        assert numbers(store, 2, kinds={Kind.FACT}) == [2, 4]
        assert numbers(store, 2, until_seq=4) == [2, 3]
        assert numbers(store, 6) == []
        assert numbers(store, kinds=()) == []


def test_a_long_journal_is_read_in_order_while_it_grows(place: Place) -> None:
    with place.opened() as store:
        write(store, *(row(number) for number in range(4100)))
        found = []
        for each in store.read_journal():
            found.append(each.seq)
            if each.seq % 1000 == 0:
                write(store, row(0))
        assert found == list(range(1, 4101))
        assert store.journal.committed == 4104


def test_no_row_shows_its_payload(file_place: Place) -> None:
    with file_place.opened() as store:
        write(store, row(77))
        (found,) = store.read_journal()
    assert "77}" not in repr(found)
    assert "77}" not in repr(row(77))
    assert '"a"' not in repr(dialogue("call-1", 1))


def test_health_is_good_and_counts(place: Place) -> None:
    with place.opened() as store:
        assert store.journal.health().ok
        write(store, row(), row())
        health = eventually(store.journal.health)
        assert (health.committed, health.waiting, health.lost, health.since) == (2, 0, 0, None)
