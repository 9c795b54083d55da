"""Troubles: the database is locked, full, gone, and comes back."""

from __future__ import annotations

import contextlib
import resource
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from enum import StrEnum
from pathlib import Path

import pytest

from queues.store import Kind, NotCommitted, StoreError, StoreUnavailable, Trouble
from tests.folders import open_folder, scarce_disk
from tests.store.commit_cutter import CommitCutter
from tests.store.places import Place, dialogue, eventually, locked, numbers, row, write
from tests.store.postgres_server import running_server


def test_rows_wait_for_a_locked_database_and_are_written_in_order(place: Place) -> None:
    with place.opened(wall=lambda: 500.0) as store:
        write(store, row(0))
        told: list[Exception | None] = []
        with locked(place):
            for number in range(1, 100):
                store.journal.submit([row(number)], told.append)
            health = eventually(lambda: (h := store.journal.health()).trouble and h)
            assert (health.trouble, health.since) == (Trouble.LOCKED, 500.0)
            assert (health.waiting, health.lost, health.committed) == (99, 0, 1)
            assert not health.ok
            assert told == []
        assert store.journal.flush(20)
        assert store.journal.health().ok
        assert told == [None] * 99
        assert numbers(store) == list(range(100))


def test_what_memory_cannot_hold_is_counted_and_told_in_the_journal(place: Place) -> None:
    with place.opened(most_waiting=10) as store:
        told: list[Exception | None] = []
        with locked(place):
            for number in range(25):
                store.journal.submit([row(number, at=float(number))], told.append)
            eventually(lambda: len(told) == 15)
            assert all("too many rows wait" in str(error) for error in told)
            assert store.journal.health().lost == 15
            assert store.journal.health().waiting == 10
        assert store.journal.flush(20)
        write(store, row(99))
        found = list(store.read_journal())
        assert [each.values().get("number") for each in found] == [*range(10), None, 99]
        assert (found[10].kind, found[10].type) == (Kind.LOST, "rows_lost")
        assert found[10].values() == {"rows": 15, "first_at": 10.0, "last_at": 24.0}
        assert store.journal.health().lost == 15


class Unheard(StrEnum):
    """A kind of row that the tables do not know."""

    OF = "unheard-of"


def test_rows_that_the_database_never_takes_are_lost_alone(place: Place) -> None:
    with place.opened() as store:
        told: list[tuple[int, Exception | None]] = []
        with locked(place):  # so that all go into one group
            for number in range(5):
                rows = [row(number)]
                if number == 2:
                    rows += [row(9, kind=Unheard.OF, at=2.5)]  # type: ignore[arg-type]
                store.journal.submit(rows, lambda error, n=number: told.append((n, error)))
            store.journal.keep_dialogue(dialogue("call-1", 1))
            eventually(lambda: store.journal.health().trouble)
        assert store.journal.flush(20)
        eventually(lambda: len(told) == 5)
        assert [number for number, error in told if error is None] == [0, 1, 3, 4]
        assert [str(error) for _, error in told if error] == [
            "the rows were not committed: the database does not take them"
        ]
        found = list(store.read_journal())
        assert [each.values().get("number") for each in found] == [0, 1, None, 3, 4]
        assert found[2].values() == {"rows": 2, "first_at": 2.5, "last_at": 1000.0}
        assert store.dialogues.all() == (dialogue("call-1", 1),)
        assert (store.journal.health().ok, store.journal.health().lost) == (True, 2)


def test_a_store_that_is_closed_while_nothing_can_be_written_says_what_is_lost(
    place: Place,
) -> None:
    store = place.open()
    told: list[Exception | None] = []
    with locked(place):
        store.journal.submit([row(1), row(2)], told.append)
        eventually(lambda: store.journal.health().trouble)
        assert not store.journal.flush(0.05)
        assert store.close(0.1) == 2
        assert isinstance(told[0], NotCommitted)
    with place.opened() as store:
        assert numbers(store) == []


def test_others_hear_of_a_locked_database_too(server_place: Place) -> None:
    with server_place.opened() as store:
        contact = store.vault.new_contact()
        with server_place.server.connect(server_place.database) as other, other.transaction():  # type: ignore[union-attr]
            other.execute("LOCK TABLE vault IN ACCESS EXCLUSIVE MODE")
            with pytest.raises(StoreUnavailable, match="another program holds it") as raised:
                store.vault.kept_of(contact)
        assert raised.value.trouble is Trouble.LOCKED


def test_a_file_that_is_moved_away_and_back_loses_nothing(file_place: Place) -> None:
    with file_place.opened() as store:
        write(store, row(0))
        away = file_place.folder / "away.db"
        file_place.file.rename(away)
        store.journal.submit([row(1)])
        eventually(lambda: store.journal.health().trouble is Trouble.GONE)
        with pytest.raises(StoreUnavailable, match="moved, removed or replaced"):
            numbers(store)
        assert not file_place.file.exists()  # no empty one is made in its place
        away.rename(file_place.file)
        assert store.journal.flush(20)
        assert numbers(store) == [0, 1]


def test_a_file_that_is_replaced_is_not_written_to(file_place: Place) -> None:
    with file_place.opened() as store:
        write(store, row(0))
        other = file_place.folder / "other.db"
        other.touch(mode=0o600)
        other.replace(file_place.file)
        store.journal.submit([row(1)])
        eventually(lambda: store.journal.health().trouble is Trouble.GONE)
        assert file_place.file.stat().st_size == 0
        assert store.close(0.1) == 1


def test_rows_wait_for_a_full_disk_and_are_written_in_order(tmp_path: Path) -> None:
    folder = tmp_path / "small"
    folder.mkdir(mode=0o700)
    place = Place(folder, f"sqlite:///{folder / 'store.db'}")
    with scarce_disk(folder) as free, place.opened() as store:
        count = 0
        while store.journal.health().trouble is None:
            store.journal.submit([row(count)])
            count += 1
            store.journal.flush(0.2)
        assert store.journal.health().trouble in (Trouble.FULL, Trouble.FAILED)
        for _ in range(10):
            store.journal.submit([row(count)])
            count += 1
        free()
        assert store.journal.flush(20)
        assert numbers(store) == list(range(count))
        assert place.say("PRAGMA integrity_check") == [("ok",)]


def test_a_first_start_on_a_full_disk_is_refused_and_can_be_repeated(tmp_path: Path) -> None:
    folder = tmp_path / "small"
    folder.mkdir(mode=0o700)
    place = Place(folder, f"sqlite:///{folder / 'store.db'}")
    with scarce_disk(folder) as free:
        fillers = _fill(folder)
        with pytest.raises(StoreError, match=r"free some space|the system's log"):
            place.open()
        for filler in fillers:
            filler.unlink()
        free()
        with place.opened() as store:
            write(store, row(1))


@pytest.mark.parametrize("leave", range(100_000, 600_001, 50_000))
def test_with_however_little_room_a_start_is_refused_with_what_to_do_or_goes_well(
    tmp_path: Path, leave: int
) -> None:
    folder = tmp_path / "small"
    folder.mkdir(mode=0o700)
    place = Place(folder, f"sqlite:///{folder / 'store.db'}")
    with scarce_disk(folder) as free:
        free()
        _fill(folder, leave)
        with contextlib.suppress(StoreError), place.opened() as store:
            assert store.last_seq == 0


def _fill(folder: Path, leave: int = 20_000) -> list[Path]:
    """Leave next to nothing of a small disk; where there is only a limit, lower that."""
    if folder.stat().st_dev == folder.parent.stat().st_dev:
        hard = resource.getrlimit(resource.RLIMIT_FSIZE)[1]
        resource.setrlimit(resource.RLIMIT_FSIZE, (leave, hard))
        return []
    filler = folder / "filler"
    with contextlib.suppress(OSError), filler.open("wb", buffering=0) as file:
        while file.write(bytes(4096)):
            pass
    with filler.open("r+b") as file:
        file.truncate(filler.stat().st_size - leave)
    return [filler]


def test_rows_wait_for_a_server_that_is_away(home: Path) -> None:
    with open_folder() as folder, running_server(folder) as server:
        database = server.new_database()
        place = Place(home, server.url(database), server, database)
        with place.opened() as store:
            write(store, row(0))
            server.stop(signal.SIGQUIT)
            for number in range(1, 50):
                store.journal.submit([row(number)])
            eventually(lambda: store.journal.health().trouble is Trouble.UNREACHABLE)
            with pytest.raises(StoreUnavailable, match="the server does not answer"):
                numbers(store)
            server.start()
            assert store.journal.flush(20)
            assert numbers(store) == list(range(50))
            assert store.epoch == 1


def test_a_commit_whose_answer_is_lost_is_not_written_twice(server_place: Place) -> None:
    server = server_place.server
    assert server is not None
    with open_folder() as folder, CommitCutter(folder, server.socket) as cutter:
        behind = Place(
            server_place.folder,
            server.url(server_place.database, folder),
            server,
            server_place.database,
        )
        with behind.opened() as store:
            write(store, row(0))
            told: list[tuple[int, Exception | None]] = []
            cutter.cut_next_commit()
            store.journal.submit([row(1)], lambda error: told.append((1, error)))
            eventually(lambda: cutter.cuts)
            assert store.journal.flush(20)
            assert told == [(1, None)]
            assert numbers(store) == [0, 1]


@contextmanager
def every_row_refused(place: Place) -> Iterator[None]:
    """The database takes no row, and says that the rows are at fault."""
    if place.server is not None:
        place.say("ALTER TABLE journal ADD CONSTRAINT no_row CHECK (seq < 0) NOT VALID")
    else:
        place.say(
            "CREATE TRIGGER no_row BEFORE INSERT ON journal"
            " BEGIN SELECT RAISE(ABORT, 'no row'); END"
        )
    yield
    if place.server is not None:
        place.say("ALTER TABLE journal DROP CONSTRAINT no_row")
    else:
        place.say("DROP TRIGGER no_row")


def test_a_database_that_refuses_every_row_costs_none_and_is_left_alone_between_tries(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    with place.opened() as store:
        write(store, row(0))
        tries: list[int] = []
        committer = store.journal._committer
        commit = committer.commit
        monkeypatch.setattr(committer, "commit", lambda group: (tries.append(1), commit(group))[1])
        told: list[Exception | None] = []
        with every_row_refused(place):
            for number in range(1, 6):
                store.journal.submit([row(number)], told.append)
            store.journal.keep_dialogue(dialogue("call-1", 1))
            eventually(lambda: store.journal.health().trouble is Trouble.FAILED)
            before = len(tries)
            assert not store.journal.flush(1.0)
            assert len(tries) - before < 30  # 0.1 s between two of them here
            health = store.journal.health()
            assert (health.waiting, health.lost, told) == (5, 0, [])
        assert store.journal.flush(20)
        assert told == [None] * 5
        assert numbers(store) == list(range(6))
        assert store.dialogues.all() == (dialogue("call-1", 1),)


def test_a_row_that_tells_of_lost_ones_is_never_counted_as_lost(
    file_place: Place,
) -> None:
    with file_place.opened() as store:
        write(store, row(0))
        file_place.say(
            "CREATE TRIGGER some BEFORE INSERT ON journal WHEN NEW.type IN ('bad', 'rows_lost')"
            " BEGIN SELECT RAISE(ABORT, 'not this'); END"
        )
        told: list[Exception | None] = []
        store.journal.submit([replace(row(1), type="bad")], told.append)
        eventually(lambda: store.journal.health().trouble is Trouble.FAILED)
        assert not store.journal.flush(0.5)
        assert (store.journal.health().lost, len(told)) == (1, 1)
        file_place.say("DROP TRIGGER some")
        write(store, row(2))
        assert [found.kind for found in store.read_journal()][1:] == [Kind.LOST, Kind.FACT]
        assert store.journal.health().lost == 1
