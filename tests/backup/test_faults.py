"""A place in one file: whatever is wrong with a backup, the disk or the key, nothing changes."""

from __future__ import annotations

import hashlib
import io
import json
import os
import pwd
import sqlite3
import tarfile
from contextlib import closing
from pathlib import Path

import pytest
from typer.testing import CliRunner

from ivr.backups.archive import ArchiveUnusable, write_archive
from ivr.backups.backup import KEY, make_backup
from ivr.backups.moves import Move, MovesBroken, finish_moves
from ivr.backups.restore import RestoreRefused, finish_restore
from ivr.cli import app
from ivr.keeping.kept import key_file
from ivr.place.place import Place, find_place
from ivr.settings.settings import Settings
from queues.store import (
    KeyUnusable,
    SchemaTooNew,
    StoreUnusable,
    store_files,
)
from tests.backup.backups import (
    EXAMPLE,
    fill,
    opened,
    put_back,
    repacked,
)
from tests.folders import scarce_disk
from tests.store.places import numbers
from tests.store.test_lost_files import contents

OTHER_KEY = b"1:" + b"QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVphYmNkZWY=" + b"\n"


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def vars_of(move: Move) -> dict[str, str]:
    return {"new": move.new, "place": move.place, "kept": move.kept}


def replace_store(settings: Settings, url: str) -> Settings:
    return settings.model_copy(update={"store": settings.store.model_copy(update={"url": url})})


@pytest.mark.parametrize(
    "name", ["freizeichen.yaml", "store/store.db", "people/store.key", "people", "pipe", "link"]
)
def test_what_is_no_backup_is_not_replaced_by_one(
    place: Place, settings: Settings, name: str
) -> None:
    fill(place)
    os.mkfifo(place.run_folder / "pipe")
    (place.run_folder / "link").symlink_to("/dev/null")
    (place.run_folder / "freizeichen.yaml").write_bytes(place.settings_file.read_bytes())
    before = {
        path: path.lstat().st_ino for path in place.run_folder.rglob("*") if ".db" not in path.name
    }
    store = (place.run_folder / "store" / "store.db").read_bytes()
    with pytest.raises(ArchiveUnusable, match="no backup, so it stays; name another file"):
        make_backup(settings, place, place.run_folder / name)
    assert {path: path.lstat().st_ino for path in before} == before
    assert (place.run_folder / "store" / "store.db").read_bytes() == store


@pytest.mark.parametrize("kept", [None, 4000, 0])  # whole, cut off, and an empty file
def test_a_backup_is_replaced_by_the_next(
    place: Place, settings: Settings, file: Path, kept: int | None
) -> None:
    fill(place)
    make_backup(settings, place, file)
    file.write_bytes(file.read_bytes()[:kept])
    make_backup(settings, place, file)
    put_back(place, file)


def test_what_a_killed_backup_or_restore_left_behind_is_removed_by_the_next(
    place: Place, settings: Settings, file: Path
) -> None:
    fill(place)
    make_backup(settings, place, file)
    left, works = (file.parent / f".freizeichen-backup-{name}" for name in ("left", "works"))
    torn = place.run_folder / "restoring-left"
    for folder in (left, works, torn):
        (folder / "people").mkdir(parents=True)
        (folder / "people" / "store.key").write_bytes(OTHER_KEY)
    os.utime(left, (1000.0, 1000.0))
    make_backup(settings, place, file)
    assert not left.exists()
    assert works.exists()  # another may be at work
    put_back(place, file)
    assert not torn.exists()


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


def test_a_backup_with_another_key_changes_nothing(
    place: Place, settings: Settings, file: Path, tmp_path: Path
) -> None:
    fill(place)
    make_backup(settings, place, file)
    repacked(file, tmp_path / "unpacked", lambda folder: (folder / KEY).write_bytes(OTHER_KEY))
    before = contents(place.run_folder)
    with pytest.raises(KeyUnusable, match=r"is not the key that.*Nothing was changed") as refused:
        put_back(place, file, force=True, people=True)
    assert str(refused.value).startswith(f"{file}: people/store.key")
    assert "restoring-" not in str(refused.value)
    assert contents(place.run_folder) == before


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


@pytest.mark.parametrize(
    "name",
    [
        *("../evil", "store/../../evil", "/etc/evil", "other/file"),
        *("place/run.json", "place/restoring.json", "store/store.db-wal", "people/evil"),
    ],
)
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


@pytest.mark.parametrize(
    "says",
    [
        {"row": "many"},
        {"row": 99},  # not how far the store is
        {"epoch": 10**30},  # and then the people that are here would look older
        {"epoch": None},
        {"store": "of somebody else"},
        {"store": ["x"]},
    ],
)
def test_a_manifest_that_is_not_of_its_store_is_refused(
    place: Place, settings: Settings, file: Path, tmp_path: Path, says: dict[str, object]
) -> None:
    fill(place)
    make_backup(settings, place, file)
    repacked(file, tmp_path / "unpacked", lambda folder: None, **says)
    before = contents(place.run_folder)
    with pytest.raises(
        ArchiveUnusable, match=r"its manifest (is not of its store|does not say .*); nothing"
    ):
        put_back(place, file, force=True)
    assert contents(place.run_folder) == before


def test_a_backup_without_a_store_is_refused(place: Place, file: Path, tmp_path: Path) -> None:
    place.run_folder.mkdir()
    file.parent.mkdir()
    write_archive(tmp_path, [], {"made_at": "now", "store": "one", "epoch": 1, "row": 1}, file)
    with pytest.raises(ArchiveUnusable, match="holds no store; nothing was changed"):
        put_back(place, file)


def test_a_manifest_that_is_too_deep_to_read_is_refused(place: Place, file: Path) -> None:
    place.run_folder.mkdir()
    file.parent.mkdir()
    manifest = b"[" * 100_000
    with tarfile.open(file, "w:gz") as tar:
        info = tarfile.TarInfo("manifest.json")
        info.size = len(manifest)
        tar.addfile(info, io.BytesIO(manifest))
    with pytest.raises(ArchiveUnusable, match="its manifest cannot be read"):
        put_back(place, file)


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


@pytest.mark.parametrize("owner", [4711, 65_534])  # without a name, and nobody
def test_root_is_sent_to_the_account_that_owns_the_folder(
    place: Place, file: Path, monkeypatch: pytest.MonkeyPatch, owner: int
) -> None:
    fill(place)
    monkeypatch.setattr("os.geteuid", lambda: 0)
    owner = place.run_folder.stat().st_uid or owner
    if place.run_folder.stat().st_uid == 0:
        os.chown(place.run_folder, owner, owner)
    try:
        by = f"runuser -u {pwd.getpwuid(owner).pw_name} -- "
    except KeyError:
        by = f"sudo -u '#{owner}' "
    for words in (["backup", str(file)], ["restore", str(file)]):
        result = CliRunner().invoke(app, [*words, "--settings", str(place.settings_file)])
        assert result.exit_code == 1
        assert by in result.output
    assert not file.exists()
