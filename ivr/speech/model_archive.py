"""How a model's archive is unpacked: into a folder of its own, nothing beside, never too much."""

from __future__ import annotations

import errno
import os
import shutil
import stat
import struct
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from ivr.speech.models import ModelRefused

_LARGEST = 1 << 30  # bytes, unpacked; a small model has a quarter of it
_MOST_FILES = 1_000
_LONGEST_NAME = 200  # bytes
_READ = 1 << 20
_NO_ARCHIVE = "what came is no archive that can be unpacked"
_MEGABYTE = 1_000_000
_PACKINGS = frozenset({zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED})


def unpack(archive: Path, into: Path, *, inside: str | None = None) -> Path:
    """Unpack a zip file into a new folder, and give the folder of the model in it.

    That is the folder `inside`, of which alone is unpacked, or else the one folder that the archive
    holds. Raises `ModelRefused` or `OSError`; what was unpacked until then is left to the caller.
    """
    try:
        with zipfile.ZipFile(archive) as packed:
            members = dict(_members(packed, PurePosixPath(inside or "")))
            _check_room(sum(member.file_size for member in members.values()), into.parent)
            into.mkdir()
            for path, member in members.items():
                _write(packed, member, into / path)
    except (
        zipfile.BadZipFile,
        zlib.error,
        struct.error,
        EOFError,
        NotImplementedError,
        RuntimeError,
        ValueError,
    ):
        raise ModelRefused(_NO_ARCHIVE) from None
    except OSError as error:
        if error.errno != errno.EINVAL:  # a place in the file that cannot be
            raise
        raise ModelRefused(_NO_ARCHIVE) from None
    if inside is not None:
        return into / inside
    folders = [entry for entry in into.iterdir() if entry.is_dir()]
    return folders[0] if len(folders) == 1 else into


def _members(
    packed: zipfile.ZipFile, inside: PurePosixPath
) -> Iterator[tuple[PurePosixPath, zipfile.ZipInfo]]:
    """The files below `inside`, each with its path. Raises `ModelRefused` for any that is bad."""
    members = packed.infolist()
    if len(members) > _MOST_FILES or sum(m.file_size for m in members) > _LARGEST:
        raise ModelRefused("the archive is larger than any model")
    files: set[PurePosixPath] = set()
    folders: set[PurePosixPath] = set()
    for member in members:
        if not member.filename:
            raise ModelRefused("the archive has a file without a name")
        path = PurePosixPath(member.filename.replace("\\", "/"))
        link = stat.S_ISLNK(member.external_attr >> 16)
        if path.is_absolute() or ".." in path.parts or link:
            raise ModelRefused("the archive has files outside its own folder")
        if member.is_dir():
            continue
        if (
            member.compress_type not in _PACKINGS
            or len(os.fsencode(path)) > _LONGEST_NAME
            or path in files
            or not path.parts
        ):
            raise ModelRefused("the archive is not packed as a model is")
        files.add(path)
        folders.update(path.parents)
        if path.is_relative_to(inside):
            yield path, member
    if not files.isdisjoint(folders):
        raise ModelRefused("the archive is not packed as a model is")


def _check_room(needed: int, folder: Path) -> None:
    free = shutil.disk_usage(folder).free
    if needed > free:
        reason = f"{needed // _MEGABYTE} MB are needed, {free // _MEGABYTE} MB are free"
        raise OSError(errno.ENOSPC, reason, str(folder))


def _write(packed: zipfile.ZipFile, member: zipfile.ZipInfo, target: Path) -> None:
    """One file, readable by the account that will hear, and on the disk before it counts."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with packed.open(member) as inner, target.open("xb") as file:
        shutil.copyfileobj(inner, file, _READ)
        file.flush()
        os.fsync(file.fileno())
