"""A place in one file: made beside a writer, put back, upgraded, gone back from."""

from __future__ import annotations

import json
import sqlite3
import threading
import time
from contextlib import closing
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from typer.testing import CliRunner

from ivr.backups.archive import read_archive
from ivr.backups.backup import make_backup
from ivr.backups.restore import RestoreRefused, go_back
from ivr.cli import app
from ivr.place.place import Place, find_place
from ivr.settings.settings import Settings
from queues.store import migrate
from queues.store.database import open_database
from queues.store.schema import STORE
from tests.backup.backups import (
    EXAMPLE,
    NUMBER,
    fill,
    opened,
    put_back,
    repacked,
)
from tests.store.places import eventually, numbers, row, write
from tests.store.test_lost_files import contents

OLDER = "0004"  # sealed rows


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


def test_a_backup_of_an_older_version_is_upgraded_at_the_start_after_a_copy(
    place: Place, settings: Settings, file: Path, tmp_path: Path
) -> None:
    fill(place)
    make_backup(settings, place, file)
    repacked(file, tmp_path / "unpacked", made_older)
    put_back(place, file)
    with opened(place) as store:
        assert numbers(store) == [1, 2, 3]
        assert store.vault.contact_of("phone", NUMBER) is not None
    (copy,) = (place.run_folder / "store").glob("store.db.before-0*")
    assert copy.name == f"store.db.before-{STORE.head}"
    with closing(sqlite3.connect(copy)) as database:
        assert database.execute("SELECT version_num FROM schema_version").fetchall() == [(OLDER,)]


def made_older(folder: Path) -> None:
    """What is in the store lies in the tables of an older version, as its own steps make them."""
    path, older = folder / "store/store.db", folder / "older.db"
    database = open_database(f"sqlite:///{older}")
    with database.write() as connection:
        migrate.upgrade(connection, STORE, OLDER)
    database.close()
    with closing(sqlite3.connect(older)) as old:
        old.execute("ATTACH ? AS today", (str(path),))
        names = old.execute("SELECT name FROM main.sqlite_master WHERE type = 'table'").fetchall()
        for (table,) in sorted(names, key=lambda name: name != ("writer",)):
            if table == STORE.revision_table:
                continue
            columns = [row[1] for row in old.execute(f"PRAGMA main.table_info({table})")]
            listed = ", ".join(f'"{column}"' for column in columns)
            old.execute(f"DELETE FROM main.{table}")
            old.execute(f"INSERT INTO main.{table} SELECT {listed} FROM today.{table}")
        old.commit()
        old.execute("PRAGMA main.wal_checkpoint(TRUNCATE)")
    older.replace(path)


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
