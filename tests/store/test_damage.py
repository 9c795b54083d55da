"""Damage: a torn row, missing rows, a torn file; what is told, and what can still be read."""

from __future__ import annotations

import pytest
from structlog.testing import capture_logs

from queues.store import (
    JournalDamaged,
    Kind,
    Position,
    Snapshot,
    StoreUnavailable,
    StoreUnusable,
)
from tests.store.places import Place, eventually, numbers, row, write

TEAR = "UPDATE journal SET payload = substr(payload, 1, 5) WHERE seq = {}"


def filled(place: Place, count: int = 10) -> None:
    with place.opened() as store:
        write(store, *(row(number) for number in range(1, count + 1)))


def test_a_torn_last_row_is_dropped_and_that_is_said(place: Place) -> None:
    filled(place)
    place.say(TEAR.format(10))
    with capture_logs() as logs, place.opened() as store:
        assert store.last_seq == 9
        write(store, row(11))
        assert numbers(store) == [1, 2, 3, 4, 5, 6, 7, 8, 9, 11]
        assert store.note is not None
        assert "the last row of the journal (10) could not be read and was dropped" in store.note
    with place.opened() as store:
        assert store.note is None
    (said,) = [log for log in logs if log["log_level"] == "warning"]
    assert "last row of the journal could not be read and was dropped" in said["event"]
    assert said["seq"] == 10


def test_with_a_torn_last_row_the_whole_decision_is_dropped(place: Place) -> None:
    """Half of one would lead to a state that never was."""
    with place.opened() as store:
        for decision in range(3):
            first = decision * 10
            write(store, row(first, kind=Kind.INPUT), row(first + 1), row(first + 2))
        store.snapshots.save(Snapshot(6, 1.0, 1, "{}"))
        store.snapshots.save(Snapshot(8, 1.0, 1, "{}"))
    place.say(TEAR.format(9))
    with capture_logs() as logs, place.opened() as store:
        assert numbers(store) == [0, 1, 2, 10, 11, 12]
        found = store.snapshots.newest(understood={1}, last_seq=store.last_seq)
        assert found is not None
        assert found.seq == 6
        write(store, row(30, kind=Kind.INPUT))
    assert [(log["seq"], log["rows"]) for log in logs if "dropped" in log["event"]] == [(9, 3)]


def test_a_torn_row_that_tells_of_a_gap_takes_no_decision_with_it(place: Place) -> None:
    with place.opened() as store:
        write(store, row(0, kind=Kind.INPUT), row(1), row(2, kind=Kind.LOST), row(3))
    place.say(TEAR.format(4))
    with place.opened() as store:
        assert numbers(store) == [0, 1, 2]


def test_what_was_made_of_a_dropped_row_goes_with_it(place: Place) -> None:
    with place.opened() as store:
        write(store, *(row(number) for number in range(1, 11)))
        store.snapshots.save(Snapshot(8, 1.0, 1, "{}"))
        store.snapshots.save(Snapshot(10, 1.0, 1, "{}"))
        begin = store.records.position(1)
        store.records.add(begin, Position(1, 10, "{}"))
    place.say(TEAR.format(10))
    with place.opened() as store:
        found = store.snapshots.newest(understood={1}, last_seq=store.last_seq)
        assert found is not None
        assert found.seq == 8
        assert store.records.position(1) == Position(1, 0, "{}")


def test_two_torn_rows_are_an_error_and_stay(place: Place) -> None:
    filled(place)
    place.say(TEAR.format(9))
    place.say(TEAR.format(10))
    with pytest.raises(JournalDamaged, match=r"last two rows .*restore a backup.*Up to row 8"):
        place.open()
    assert place.say("SELECT count(*) FROM journal") == [(10,)]


def test_a_torn_row_in_the_middle_is_named_when_it_is_read(place: Place) -> None:
    filled(place)
    place.say(TEAR.format(4))
    with place.opened() as store:
        rows = list(store.read_journal())
        with pytest.raises(JournalDamaged, match=r"row 4 of the journal .*after_seq=4") as raised:
            [each.values() for each in rows]
        assert numbers(store, raised.value.last_seq) == [5, 6, 7, 8, 9, 10]


@pytest.mark.parametrize(
    ("gone", "says"),
    [("4", (4, 4)), ("1", (1, 1)), ("1, 2, 3", (1, 3)), ("5, 6, 9", (5, 6))],
)
def test_missing_rows_are_an_error_that_names_them(
    place: Place, gone: str, says: tuple[int, int]
) -> None:
    filled(place)
    place.say(f"DELETE FROM journal WHERE seq IN ({gone})")
    with pytest.raises(JournalDamaged) as raised:
        place.open()
    assert (raised.value.first_seq, raised.value.last_seq) == says
    assert f"rows {says[0]} to {says[1]} of the journal are missing" in str(raised.value)
    assert "restore a backup" in str(raised.value)


@pytest.mark.parametrize("seq", [0, -7])
def test_a_row_before_the_first_is_an_error_that_names_it(place: Place, seq: int) -> None:
    filled(place)
    place.say(
        "INSERT INTO journal (seq, at, epoch, node, kind, type, version, subject, payload) "
        f"SELECT {seq}, at, epoch, node, kind, type, version, subject, payload "
        "FROM journal WHERE seq = 10"
    )
    with pytest.raises(JournalDamaged, match=f"row {seq} of the journal was not written") as raised:
        place.open()
    assert (raised.value.first_seq, raised.value.last_seq) == (seq, seq)


def test_a_store_that_does_not_tell_its_writer_says_so(place: Place) -> None:
    filled(place)
    place.say("DELETE FROM writer")
    with pytest.raises(StoreUnusable, match="its note of who writes it is missing; restore"):
        place.open()
    assert place.say("SELECT count(*) FROM journal") == [(10,)]


@pytest.mark.parametrize("made", ["snapshots", "records"])
def test_a_journal_that_was_cut_below_what_was_made_of_it_is_refused(
    place: Place, made: str
) -> None:
    with place.opened() as store:
        write(store, *(row(number) for number in range(1, 11)))
        if made == "snapshots":
            store.snapshots.save(Snapshot(9, 1.0, 1, "{}"))
        else:
            store.records.add(store.records.position(1), Position(1, 9, "{}"))
    place.say("DELETE FROM journal WHERE seq > 6")
    with pytest.raises(
        JournalDamaged, match=r"rows 7 to 9 at the end .* are missing.*older one will.*Up to row 6"
    ) as raised:
        place.open()
    assert (raised.value.first_seq, raised.value.last_seq) == (7, 9)
    assert place.say("SELECT count(*) FROM journal") == [(6,)]


def test_rows_that_vanish_while_it_runs_are_named_and_the_rest_is_read(place: Place) -> None:
    with place.opened() as store:
        write(store, *(row(number) for number in range(1, 11)))
        place.say("DELETE FROM journal WHERE seq IN (3, 4)")
        with pytest.raises(JournalDamaged, match="rows 3 to 4") as raised:
            numbers(store)
        assert numbers(store, raised.value.last_seq) == [5, 6, 7, 8, 9, 10]


def test_a_file_that_was_overwritten_in_the_middle_is_an_error(file_place: Place) -> None:
    filled(file_place, 2000)
    with file_place.file.open("r+b") as file:
        for page in range(12, file_place.file.stat().st_size // 4096):
            file.seek(page * 4096)
            file.write(b"\xff" * 4096)
    with pytest.raises(StoreUnavailable, match=r"it is damaged .*restore a backup"):
        file_place.open()


def test_a_log_that_was_cut_gives_whole_transactions(file_place: Place) -> None:
    """What a power cut leaves of the file's log: its beginning."""
    with file_place.opened() as store:
        for number in range(30):
            write(store, row(number), row(number))
        log = file_place.folder / "store.db-wal"
        eventually(lambda: log.stat().st_size > 100_000)
        copy = file_place.folder.parent / "copy"
        copy.mkdir(mode=0o700)
        for name in ("store.db", "store.db-wal", "people.db", "people.db-wal", "store.key"):
            (copy / name).write_bytes((file_place.folder / name).read_bytes())
            (copy / name).chmod(0o600)
    cut = copy / "store.db-wal"
    with cut.open("r+b") as file:
        file.truncate(cut.stat().st_size * 3 // 4)
    place = Place(copy, f"sqlite:///{copy / 'store.db'}")
    with place.opened() as store:
        found = numbers(store)
        assert 0 < len(found) < 60
        assert found == [number for number in range(len(found) // 2) for _ in range(2)]
        write(store, row(99))
