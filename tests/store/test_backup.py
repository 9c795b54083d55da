"""A place in one file: made beside a writer, put back whole or not at all, whatever is wrong."""

from __future__ import annotations

import hashlib
import io
import json
import sqlite3
import tarfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from typer.testing import CliRunner

from ivr.archive import ArchiveUnusable, read_archive, write_archive
from ivr.backup import KEY, make_backup
from ivr.cli import app
from ivr.kept import key_file, open_store
from ivr.moves import Move, MovesBroken, finish_moves
from ivr.place import Place, find_place
from ivr.restore import RestoreRefused, finish_restore, go_back, restore
from ivr.settings import Settings, load_settings
from queues.store import (
    DataClass,
    KeyUnusable,
    SchemaTooNew,
    Store,
    StoreUnusable,
    store_files,
)
from tests.folders import scarce_disk
from tests.store.places import eventually, numbers, row, write
from tests.store.test_lost_files import contents

EXAMPLE = Path(__file__).parents[2] / "ivr" / "example.yaml"
NUMBER = "+49301234567"


@pytest.fixture
def place(tmp_path: Path) -> Place:
    folder = tmp_path / "place"
    folder.mkdir()
    (folder / "freizeichen.yaml").write_text(EXAMPLE.read_text())
    return find_place(folder / "freizeichen.yaml")


@pytest.fixture
def settings(place: Place) -> Settings:
    return load_settings(place.settings_file)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "backups" / "one.backup"


@contextmanager
def opened(place: Place) -> Iterator[Store]:
    store = open_store(load_settings(place.settings_file), place)
    try:
        yield store
    finally:
        store.close()


def fill(place: Place, rows: int = 3) -> tuple[str, str]:
    """A store with rows and a caller's value; gives the contact and the value's id."""
    with opened(place) as store:
        write(store, *(row(n + 1) for n in range(rows)))
        contact = store.vault.contact_of("phone", NUMBER, create=True)
        assert contact is not None
        value = store.vault.put(contact, DataClass.PERSONAL, "Erika", time.time() + 1000)
    (place.run_folder / "token").write_text("before\n")
    return contact, value


def put_back(place: Place, file: Path, *, force: bool = False, people: bool = False) -> list[str]:
    told: list[str] = []
    restore(place, file, told.append, force=force, people=people)
    return told


def test_a_backup_beside_a_writer_holds_whole_decisions_and_opens_anew(
    place: Place, settings: Settings, file: Path
) -> None:
    contact, value = fill(place)
    stop = threading.Event()
    with opened(place) as store:

        def writes() -> None:
            while not stop.is_set():
                write(store, row(1), row(2))
                store.vault.contact_of("phone", f"+4930{time.monotonic_ns()}", create=True)

        writer = threading.Thread(target=writes)
        writer.start()
        try:
            eventually(lambda: store.journal.committed > 5)
            made = make_backup(settings, place, file)
        finally:
            stop.set()
            writer.join()
        committed = store.journal.committed
    assert 3 < made.facts.progress.seq <= committed
    assert file.stat().st_mode & 0o777 == 0o600
    assert not list(file.parent.glob(".freizeichen-backup-*"))
    other = find_place(place.settings_file.parent.parent / "other" / "freizeichen.yaml")
    other.run_folder.mkdir(parents=True)
    told = put_back(other, file)
    assert (other.run_folder / "freizeichen.yaml.from-backup").read_text() == EXAMPLE.read_text()
    other.settings_file.write_text(EXAMPLE.read_text())
    assert any(f"row {made.facts.progress.seq}" in line for line in told)
    with opened(other) as store:
        assert store.last_seq == made.facts.progress.seq
        assert store.note is None  # both are of one moment
        assert len(numbers(store)) == store.last_seq
        assert store.vault.contact_of("phone", NUMBER) == contact
        assert store.vault.get(value) == "Erika"
    assert (other.run_folder / "token").read_text() == "before\n"


@pytest.mark.parametrize("share", [0.0, 0.02, 0.3, 0.7, 0.95, 0.999])
def test_a_backup_that_was_cut_off_changes_nothing(
    place: Place, settings: Settings, file: Path, share: float
) -> None:
    fill(place)
    make_backup(settings, place, file)
    data = file.read_bytes()
    file.write_bytes(data[: int(len(data) * share)])
    before = contents(place.run_folder)
    with pytest.raises(ArchiveUnusable, match=r"take another backup|is no backup"):
        put_back(place, file, force=True)
    assert contents(place.run_folder) == before


def repacked(file: Path, folder: Path, change: Callable[[Path], None], **says: object) -> Path:
    """The same backup after a change, with checksums that fit."""
    manifest = read_archive(file, folder)
    change(folder)
    names = [each["name"] for each in manifest["files"]]
    for name in ("files", "format"):
        del manifest[name]
    write_archive(folder, names, manifest | says, file)
    return file


def test_a_backup_with_another_key_changes_nothing(
    place: Place, settings: Settings, file: Path, tmp_path: Path
) -> None:
    fill(place)
    make_backup(settings, place, file)
    repacked(file, tmp_path / "unpacked", lambda folder: (folder / KEY).write_bytes(OTHER_KEY))
    before = contents(place.run_folder)
    with pytest.raises(KeyUnusable, match="is not the key that"):
        put_back(place, file, force=True, people=True)
    assert contents(place.run_folder) == before


OTHER_KEY = b"1:" + b"QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVphYmNkZWY=" + b"\n"


def test_a_backup_of_an_older_version_is_upgraded_at_the_start_after_a_copy(
    place: Place, settings: Settings, file: Path, tmp_path: Path
) -> None:
    fill(place)
    make_backup(settings, place, file)

    def older(folder: Path) -> None:  # what step 0005 made is not there yet
        with closing(sqlite3.connect(folder / "store/store.db")) as database:
            database.execute("DROP TABLE dialplans")
            database.execute("UPDATE schema_version SET version_num = '0004'")
            database.commit()
            database.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    repacked(file, tmp_path / "unpacked", older)
    put_back(place, file)
    with opened(place) as store:
        assert numbers(store) == [1, 2, 3]
    assert (place.run_folder / "store" / "store.db.before-0005").stat().st_size > 1000


def test_a_backup_of_a_later_version_is_refused(
    place: Place, settings: Settings, file: Path, tmp_path: Path
) -> None:
    fill(place)
    make_backup(settings, place, file)

    def later(folder: Path) -> None:
        with closing(sqlite3.connect(folder / "store/store.db")) as database:
            database.execute("UPDATE schema_version SET version_num = '9999'")
            database.commit()
            database.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    repacked(file, tmp_path / "unpacked", later)
    with pytest.raises(SchemaTooNew, match="a later version of freizeichen"):
        put_back(place, file, force=True)
    write_archive(tmp_path / "unpacked", [], {"format": 2}, file)
    with pytest.raises(ArchiveUnusable, match="has format 2, and this version reads 1"):
        put_back(place, file, force=True)


@pytest.mark.parametrize("name", ["../evil", "store/../../evil", "/etc/evil", "other/file"])
def test_a_backup_that_names_a_file_elsewhere_is_refused(
    place: Place, file: Path, tmp_path: Path, name: str
) -> None:
    place.run_folder.mkdir()
    file.parent.mkdir()
    manifest = {"format": 1, "files": [{"name": name, "size": 4, "sha256": sha256(b"evil")}]}
    with tarfile.open(file, "w:gz") as tar:
        for member, data in (("manifest.json", json.dumps(manifest).encode()), (name, b"evil")):
            info = tarfile.TarInfo(member)
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
    with pytest.raises(ArchiveUnusable, match="names a file that no backup has"):
        put_back(place, file)
    assert not (tmp_path / "evil").exists()


def test_a_full_disk_leaves_no_half_backup(
    place: Place, settings: Settings, tmp_path: Path
) -> None:
    fill(place, 8000)
    disk = tmp_path / "disk"
    disk.mkdir()
    with scarce_disk(disk):
        there = set(disk.iterdir())
        result = CliRunner().invoke(
            app, ["backup", str(disk / "b"), "--settings", str(place.settings_file)]
        )
        assert result.exit_code == 1
        assert "no backup was made" in result.output
        assert set(disk.iterdir()) == there


def test_a_full_disk_leaves_what_is_here(
    place: Place, settings: Settings, file: Path, tmp_path: Path
) -> None:
    fill(place, 8000)
    make_backup(settings, place, file)
    disk = tmp_path / "disk"
    disk.mkdir(mode=0o700)
    with scarce_disk(disk):
        (disk / "freizeichen.yaml").write_text(EXAMPLE.read_text())
        here = find_place(disk / "freizeichen.yaml")
        here.run_folder.mkdir()
        before = contents(here.run_folder)
        with pytest.raises((OSError, StoreUnusable)):
            put_back(here, file)
        assert contents(here.run_folder) == before


def test_newer_data_are_gone_back_from_only_by_force_and_come_back(
    place: Place, settings: Settings, file: Path
) -> None:
    fill(place)
    make_backup(settings, place, file)
    (place.run_folder / "token").write_text("after\n")
    with opened(place) as store:
        write(store, row(4), row(5))
    before = contents(place.run_folder)
    with pytest.raises(RestoreRefused, match=r"is newer than the backup: .* row 5 of start 2"):
        put_back(place, file)
    assert contents(place.run_folder) == before
    put_back(place, file, force=True)
    assert (place.run_folder / "token").read_text() == "before\n"
    go_back(place, lambda _: None)
    with pytest.raises(RestoreRefused, match="no restore here"):
        go_back(place, lambda _: None)
    assert (place.run_folder / "token").read_text() == "after\n"
    with opened(place) as store:
        assert numbers(store) == [1, 2, 3, 4, 5]


def test_the_store_of_another_installation_is_not_written_over(
    place: Place, settings: Settings, file: Path, tmp_path: Path
) -> None:
    fill(place)
    make_backup(settings, place, file)
    folder = tmp_path / "other"
    folder.mkdir()
    (folder / "freizeichen.yaml").write_text(EXAMPLE.read_text())
    other = find_place(folder / "freizeichen.yaml")
    fill(other, 1)
    with pytest.raises(RestoreRefused, match="of another installation"):
        put_back(other, file)
    put_back(other, file, force=True)
    with opened(other) as store:
        assert numbers(store) == [1, 2, 3]
        assert store.vault.contact_of("phone", NUMBER) is not None


@pytest.mark.parametrize("people", [False, True])
def test_who_was_erased_since_stays_erased_unless_people_are_wanted_back(
    place: Place, settings: Settings, file: Path, people: bool
) -> None:
    contact, _ = fill(place)
    make_backup(settings, place, file)
    with opened(place) as store:
        store.vault.erase_person(contact)
    told = put_back(place, file, force=True, people=people)
    assert any("stays erased" in line for line in told) is not people
    with opened(place) as store:
        assert (store.vault.contact_of("phone", NUMBER) == contact) is people
        assert numbers(store) == [1, 2, 3]


def test_a_damaged_store_is_replaced_by_force_and_kept(
    place: Place, settings: Settings, file: Path
) -> None:
    fill(place)
    make_backup(settings, place, file)
    damaged = b"no database at all" * 1000
    path = place.run_folder / "store" / "store.db"
    path.write_bytes(damaged)
    with pytest.raises(RestoreRefused, match="cannot be read"):
        put_back(place, file)
    put_back(place, file, force=True)
    assert [kept.read_bytes() for kept in path.parent.glob("store.db.before-restore-*")] == [
        damaged
    ]
    with opened(place) as store:
        assert numbers(store) == [1, 2, 3]


def test_without_the_people_a_backup_holds_no_key(
    place: Place, settings: Settings, file: Path, tmp_path: Path
) -> None:
    fill(place)
    make_backup(settings, place, file, with_people=False)
    manifest = read_archive(file, tmp_path / "unpacked")
    assert not [each for each in manifest["files"] if each["name"].startswith("people")]
    put_back(place, file, force=True)
    with opened(place) as store:
        assert store.vault.contact_of("phone", NUMBER) is not None


def test_closed_days_come_along(place: Place, settings: Settings, file: Path) -> None:
    fill(place)
    with opened(place) as store:
        later = time.time() + 40 * 86_400
        assert store.close_days(later, ZoneInfo("Europe/Berlin"))
    make_backup(settings, place, file)
    for path in (place.run_folder / "store").rglob("*"):
        if path.is_file():
            path.unlink()
    put_back(place, file, force=True)
    with opened(place) as store:
        assert numbers(store) == [1, 2, 3]


def test_a_restore_that_stops_anywhere_is_finished_by_the_next_start(tmp_path: Path) -> None:
    for stopped_after in range(4):
        folder = tmp_path / str(stopped_after)
        folder.mkdir()
        moves = []
        for name in ("store.db", "people.db", "token"):
            (folder / name).write_text("old")
            (folder / f"{name}-wal").write_text("old log")
            (folder / f"{name}.new").write_text("new")
            paths = [str(folder / f"{name}{end}") for end in (".new", "", ".kept")]
            moves.append(Move(*paths))
        intent = folder / "intent"
        intent.write_text(json.dumps([vars_of(move) for move in moves]))
        for name in ("store.db", "store.db-wal", "people.db")[:stopped_after]:
            kept = name.replace(".db", ".db.kept")
            (folder / name).rename(folder / kept)
        assert finish_moves(intent)
        assert not finish_moves(intent)
        for name in ("store.db", "people.db", "token"):
            assert (folder / name).read_text() == "new"
            assert (folder / f"{name}.kept").read_text() == "old"
            assert (folder / f"{name}.kept-wal").read_text() == "old log"
            assert not (folder / f"{name}-wal").exists()


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def vars_of(move: Move) -> dict[str, str]:
    return {"new": move.new, "place": move.place, "kept": move.kept}


def test_an_intent_that_cannot_be_read_is_told(place: Place) -> None:
    place.run_folder.mkdir()
    (place.run_folder / "restoring.json").write_text("[{")
    with pytest.raises(MovesBroken, match="a restore that was broken off"):
        finish_restore(place)


def test_a_database_on_a_server_is_left_to_its_own_tools(place: Place, settings: Settings) -> None:
    url = "postgresql+psycopg://somebody:secret@db/calls"
    with pytest.raises(StoreUnusable, match=r"pg_dump") as refused:
        store_files(url, None, key=key_file(place), days=place.run_folder)
    assert "secret" not in str(refused.value)
    on_server = replace_store(settings, url)
    with pytest.raises(StoreUnusable, match="pg_dump"):
        make_backup(on_server, place, place.run_folder / "b")


def replace_store(settings: Settings, url: str) -> Settings:
    return settings.model_copy(update={"store": settings.store.model_copy(update={"url": url})})


def test_the_commands_say_what_they_did(place: Place, file: Path) -> None:
    fill(place)
    run, words = CliRunner(), ["--settings", str(place.settings_file)]
    made = run.invoke(app, ["backup", str(file), "--json", *words])
    assert made.exit_code == 0, made.output
    assert json.loads(made.stdout)["row"] == 3
    assert run.invoke(app, ["restore", str(file), *words]).exit_code == 0
    assert run.invoke(app, ["restore", "--back", *words]).exit_code == 0
    assert run.invoke(app, ["restore", *words]).exit_code == 1
    missing = run.invoke(app, ["restore", str(file.parent / "missing"), *words])
    assert (missing.exit_code, "is not there" in missing.output) == (1, True)
