"""A place in one file: whatever a manifest says, a restore tells it and changes nothing."""

from __future__ import annotations

import io
import json
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from ivr.backups.archive import read_archive, write_archive
from ivr.backups.backup import make_backup
from ivr.cli import app
from ivr.place.place import Place
from ivr.settings.settings import Settings
from tests.backup.backups import fill
from tests.store.test_lost_files import contents

Change = Callable[[dict[str, Any]], Any]

_NO_MANIFEST = {
    "no JSON": b"{",
    "no text": b"\xff\xfe",
    "nothing": b"",
    "a list": b"[]",
    "null": b"null",
    "a number": b"7",
    "nested without end": b"[" * 200_000,
    "no format": b"{}",
    "format as text": b'{"format": "1", "files": []}',
    "format 0": b'{"format": 0, "files": []}',
    "format null": b'{"format": null, "files": []}',
    "format true": b'{"format": true}',
    "format infinite": b'{"format": Infinity, "files": []}',
    "no files": b'{"format": 1}',
    "files as a mapping": b'{"format": 1, "files": {}}',
    "files as text": b'{"format": 1, "files": "store"}',
    "files that are numbers": b'{"format": 1, "files": [1]}',
}


def _first(**values: object) -> Change:
    """A change of the first file that the manifest lists."""
    return lambda manifest: manifest["files"][0].update(values)


def _without(*words: str) -> Change:
    return lambda manifest: [manifest.pop(word) for word in words]


def _told(**values: object) -> Change:
    return lambda manifest: manifest.update(values)


_CHANGES: dict[str, Change] = {
    "a name that is a number": _first(name=1),
    "a name that is a list": _first(name=["store/store.db"]),
    "no name": lambda manifest: manifest["files"][0].pop("name"),
    "a size as text": _first(size="big"),
    "a size below 0": _first(size=-1),
    "a size without end": _first(size=float("inf")),
    "a checksum that is a number": _first(sha256=7),
    "no checksum": lambda manifest: manifest["files"][0].pop("sha256"),
    "a file twice": lambda manifest: manifest["files"].append(manifest["files"][0]),
    "no epoch": _without("epoch"),
    "no row": _without("row"),
    "a row as text": _told(row="3"),
    "a row that is null": _told(row=None),
    "an epoch that is a list": _told(epoch=[1]),
    "a store that is a number": _told(store=5),
    "no store": _without("store"),
    "no time": _without("made_at"),
    "a time that turns the terminal red": _told(made_at="\x1b[31m"),
    "nothing but its files": _without("epoch", "row", "store", "made_at", "people", "tables"),
}


def _with_manifest(file: Path, manifest: bytes, members: list[tuple[str, bytes]]) -> None:
    with tarfile.open(file, "w:gz") as tar:
        for name, data in [("manifest.json", manifest), *members]:
            info = tarfile.TarInfo(name)
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))


def _refused(place: Place, file: Path) -> str:
    """Restoring ends with a word and without a traceback, and nothing changed."""
    (place.run_folder / "lock").touch()
    before = contents(place.run_folder)
    words = ["restore", str(file), "--force", "--settings", str(place.settings_file)]
    for more in ([], ["--people"]):
        result = CliRunner().invoke(app, [*words, *more])
        assert isinstance(result.exception, SystemExit), result.exception
        assert result.exit_code == 1
        assert contents(place.run_folder) == before
    return result.output


@pytest.mark.parametrize("manifest", _NO_MANIFEST.values(), ids=_NO_MANIFEST.keys())
def test_a_backup_whose_manifest_is_none_is_refused(
    place: Place, file: Path, manifest: bytes
) -> None:
    fill(place)
    file.parent.mkdir()
    _with_manifest(file, manifest, [])
    assert "its manifest cannot be read; nothing was changed; take" in _refused(place, file)


@pytest.mark.parametrize("change", _CHANGES.values(), ids=_CHANGES.keys())
def test_a_backup_whose_manifest_lacks_something_or_says_it_as_something_else_is_refused(
    place: Place, settings: Settings, file: Path, tmp_path: Path, change: Change
) -> None:
    fill(place)
    make_backup(settings, place, file)
    manifest = read_archive(file, tmp_path / "unpacked")
    names = [each["name"] for each in manifest["files"]]
    members = [(name, (tmp_path / "unpacked" / name).read_bytes()) for name in names]
    change(manifest)
    _with_manifest(file, json.dumps(manifest).encode(), members)
    told = _refused(place, file)
    assert f"{file}: " in told
    assert "nothing was changed; take another backup" in told


def test_a_backup_brings_no_file_to_the_run_folder_but_those_that_backups_have(
    place: Place, settings: Settings, file: Path, tmp_path: Path
) -> None:
    fill(place)
    make_backup(settings, place, file)
    manifest = read_archive(file, tmp_path / "unpacked")
    for name in ("restoring.json", "people", "lock"):
        (tmp_path / "unpacked" / "place" / name).write_text("[]")
    names = [each["name"] for each in manifest["files"]]
    names += [f"place/{name}" for name in ("restoring.json", "people", "lock")]
    says = {word: manifest[word] for word in manifest if word not in ("files", "format")}
    write_archive(tmp_path / "unpacked", names, says, file)
    words = ["restore", str(file), "--settings", str(place.settings_file)]
    result = CliRunner().invoke(app, words)
    assert result.exit_code == 1, result.output
    assert "names a file that no backup has" in result.output
    assert (place.run_folder / "people").is_dir()
    assert not list(place.run_folder.glob("lock.*"))
