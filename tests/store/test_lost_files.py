"""A part of the store is missing, or came back from a backup: what is refused, what is told."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from queues.store import StoreUnusable
from tests.store.places import Place, numbers, row, write


def contents(folder: Path) -> dict[str, bytes]:
    """All files but the locks, which say nothing."""
    files = [path for path in folder.rglob("*") if path.is_file() and path.suffix != ".lock"]
    return {str(path.relative_to(folder)): path.read_bytes() for path in files}


def test_a_journal_whose_people_are_gone_is_refused_and_nothing_is_made(place: Place) -> None:
    people = place.folder.parent / "people"
    key = people / "store.key"
    with place.opened(key_file=key) as store:
        write(store, row(1))
    lost = shutil.move(people, place.folder.parent / "lost")
    place.folder.mkdir(mode=0o700, exist_ok=True)
    before = contents(place.folder)
    for _ in range(2):  # a refusal leaves nothing that would look like people the next time
        with pytest.raises(
            StoreUnusable,
            match=r"people\.db: is missing or empty, .*put back a copy of it with its key file",
        ):
            place.open(key_file=key)
        assert contents(people) == {}
        assert contents(place.folder) == before
    shutil.rmtree(people)
    shutil.move(lost, people)
    with place.opened(key_file=key) as store:
        assert numbers(store) == [1]


def test_a_store_without_a_row_gets_new_people(place: Place) -> None:
    """As a first start leaves it that was killed before it came to the people."""
    place.open().close()
    for path in [*place.folder.glob("people.db*"), place.key_file]:
        path.unlink()
    with place.opened() as store:
        write(store, row(1))


@pytest.mark.parametrize("name", ["store.db", "people.db"])
def test_a_log_without_its_file_is_refused_before_anything_is_made(
    file_place: Place, name: str
) -> None:
    with file_place.opened() as store:
        write(store, row(1))
        store.vault.contact_of("phone", "+49301234567", create=True)
        copy = file_place.folder.parent / "copy"
        shutil.copytree(file_place.folder, copy)  # as a kill leaves it: with logs
    file = copy / name
    away = file.rename(copy.parent / name)
    before = contents(copy)
    place = Place(copy, f"sqlite:///{copy / 'store.db'}")
    with pytest.raises(
        StoreUnusable, match=rf"{name} is missing, and its log {name}-wal, .* back beside its log"
    ):
        place.open()
    assert contents(copy).items() >= before.items()
    assert not file.exists()
    away.rename(file)
    with place.opened() as store:
        assert numbers(store) == [1]
        assert store.vault.contact_of("phone", "+49301234567") is not None


def test_a_first_start_that_is_refused_leaves_no_file(file_place: Place) -> None:
    file_place.folder.mkdir(mode=0o700)
    file_place.key_file.write_text("no key")
    file_place.key_file.chmod(0o600)
    with pytest.raises(StoreUnusable, match=r"store\.key:1: is no key"):
        file_place.open()
    assert contents(file_place.folder) == {"store.key": b"no key"}


def backup(place: Place) -> Path:
    return Path(shutil.copy(place.file, place.folder.parent / "backup.db"))


def test_a_store_from_an_older_backup_is_used_and_that_is_told_once(file_place: Place) -> None:
    with file_place.opened() as store:
        write(store, row(1))
        assert store.note is None
    older = backup(file_place)
    with file_place.opened() as store:
        write(store, row(2))
        assert store.note is None
    shutil.copy(older, file_place.file)
    with file_place.opened() as store:
        assert store.note is not None
        assert "ends with row 1 of start 1, and had come to row 2 of start 2" in store.note
        assert "put the newer one back" in store.note
        assert numbers(store) == [1]
        write(store, row(3))
    with file_place.opened() as store:
        assert store.note is None


def test_a_backup_that_was_made_while_the_service_ran_is_told_too(file_place: Place) -> None:
    with file_place.opened() as store:
        write(store, row(1))
        assert store._databases[0].shred()
        older = backup(file_place)
        write(store, row(2))
        store.note_progress()
    shutil.copy(older, file_place.file)
    with file_place.opened() as store:
        assert store.note is not None
        assert "row 1 of start 1, and had come to row 2 of start 1" in store.note


def test_the_newer_store_that_is_put_back_after_all_is_taken_without_a_word(
    file_place: Place,
) -> None:
    with file_place.opened() as store:
        write(store, row(1))
    older = backup(file_place)
    with file_place.opened() as store:
        write(store, row(2))
    newer = file_place.file.rename(file_place.folder.parent / "newer.db")
    shutil.copy(older, file_place.file)
    file_place.open().close()
    os.replace(newer, file_place.file)
    with file_place.opened() as store:
        assert store.note is None
        assert numbers(store) == [1, 2]


def test_a_torn_last_row_is_no_older_store(place: Place) -> None:
    with place.opened() as store:
        write(store, row(1), row(2))
    place.say("UPDATE journal SET payload = substr(payload, 1, 3) WHERE seq = 2")
    with place.opened() as store:
        assert store.last_seq == 1
        assert store.note is not None
        assert "was dropped" in store.note
        assert "is older than" not in store.note
