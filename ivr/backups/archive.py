"""How a backup lies in a file: a tar, packed, whose first member says what all others must be.

`manifest.json` holds the format's version and name, size and SHA-256 of each file. What does not
come to exactly that is no backup: cut off, altered, or of a later format.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import os
import re
import tarfile
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from stat import S_ISREG
from typing import Any, BinaryIO, Final

FORMAT: Final = 1
OTHER: Final = "nothing was changed; take another backup"  # what most refusals end with
_MANIFEST: Final = "manifest.json"
_LARGEST_MANIFEST: Final = 10_000_000  # bytes
_LEVEL: Final = 3
_PIECE: Final = 1 << 20
_NAME: Final = re.compile(  # what a restore puts in place, and nothing else
    r"store/store\.db|people/(people\.db|store\.key)|place/(passwords\.json|token|freizeichen\.yaml)"
    r"|days/[A-Za-z0-9_-][A-Za-z0-9._-]{0,99}"
)
_SHA256: Final = re.compile(r"[0-9a-f]{64}")


class ArchiveUnusable(Exception):
    """A file is not a whole backup that this version reads; the text says what to do."""


@dataclass(frozen=True, slots=True)
class Member:
    """A file in a backup."""

    name: str
    size: int
    sha256: str


def refuse_to_replace_others(file: Path) -> None:
    """Raise `ArchiveUnusable` where something is in the place of a new backup that is none.

    A backup is replaced, also one that is cut off, and an empty file; settings or a store are not.
    """
    try:
        kind = file.stat().st_mode
    except FileNotFoundError:
        return
    if not S_ISREG(kind) or not _begins_like_one(file):
        raise ArchiveUnusable(
            f"{file}: is there and is no backup, so it stays; name another file. No backup was made"
        )


def _begins_like_one(file: Path) -> bool:
    if not file.stat().st_size:
        return True
    try:
        with gzip.open(file, "rb") as packed:
            first = packed.read(len(_MANIFEST) + 1)
    except (EOFError, OSError, zlib.error):
        return False
    return first == _MANIFEST.encode() + b"\0"


def write_archive(folder: Path, names: list[str], says: Mapping[str, object], file: Path) -> int:
    """Write these files of a folder into a backup, whole or not at all; give its size.

    `says` stands in the manifest. The file is ours alone to read. Raises OSError.
    """
    members = [_member(folder, name) for name in names]
    files = [{"name": m.name, "size": m.size, "sha256": m.sha256} for m in members]
    manifest = json.dumps({"format": FORMAT, **says, "files": files}, indent=1).encode()
    new = file.with_name(file.name + ".new")
    try:
        new.unlink(missing_ok=True)
        with os.fdopen(
            os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600), "wb"
        ) as raw:
            with tarfile.open(fileobj=raw, mode="w:gz", compresslevel=_LEVEL) as tar:
                tar.addfile(_info(_MANIFEST, len(manifest)), io.BytesIO(manifest))
                for member in members:
                    with (folder / member.name).open("rb") as source:
                        tar.addfile(_info(member.name, member.size), source)
            raw.flush()
            os.fsync(raw.fileno())
        size = new.stat().st_size
        new.replace(file)
        sync_folder(file.parent)
    except BaseException:
        with suppress(OSError):
            new.unlink(missing_ok=True)
        raise
    return size


def read_archive(file: Path, folder: Path) -> dict[str, Any]:
    """Unpack a backup into an empty folder, every file checked; give what its manifest says.

    Raises `ArchiveUnusable`; OSError where the folder cannot be written.
    """
    with (
        _told(file),
        gzip.open(file, "rb") as packed,
        tarfile.open(fileobj=packed, mode="r:") as tar,
    ):
        manifest, members = _manifest(file, tar)
        for member in members:
            found = tar.next()
            if found is None or found.name != member.name or not found.isreg():
                raise ArchiveUnusable(f"{file}: is cut off or altered at {member.name}; {OTHER}")
            source = tar.extractfile(found)
            if source is None:
                raise ArchiveUnusable(f"{file}: {member.name} cannot be read; {OTHER}")
            _unpack(file, member, source, folder)
        if tar.next() is not None:
            raise ArchiveUnusable(f"{file}: holds more than its manifest says; {OTHER}")
        while packed.read(_PIECE):  # to the very end, where its own checksum is
            pass
    return manifest


def sync_folder(folder: Path) -> None:
    """Have the names in a folder on the disk."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def _told(file: Path) -> Iterator[None]:
    try:
        yield
    except (tarfile.TarError, EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise ArchiveUnusable(
            f"{file}: is no backup, or cut off or damaged ({type(error).__name__}); {OTHER}"
        ) from None
    except FileNotFoundError as error:
        if error.filename != str(file):
            raise
        raise ArchiveUnusable(f"{file}: is not there") from None


def _manifest(file: Path, tar: tarfile.TarFile) -> tuple[dict[str, Any], list[Member]]:
    first = tar.next()
    source = None if first is None or first.name != _MANIFEST else tar.extractfile(first)
    if first is None or source is None or first.size > _LARGEST_MANIFEST:
        raise ArchiveUnusable(f"{file}: is no backup of freizeichen; {OTHER}")
    try:
        manifest = json.loads(source.read())
    except (ValueError, RecursionError):
        manifest = None
    version = manifest.get("format") if isinstance(manifest, dict) else None
    if type(version) is int and version > FORMAT:
        raise ArchiveUnusable(
            f"{file}: has format {version}, and this version reads {FORMAT}; it is of a later "
            "freizeichen, which restores it. Nothing was changed"
        )
    listed = manifest.get("files") if version == FORMAT else None
    members = [_listed(each) for each in listed] if isinstance(listed, list) else [None]
    known = [member for member in members if member is not None]
    if len(known) < len(members):
        raise ArchiveUnusable(f"{file}: its manifest cannot be read; {OTHER}")
    names = {member.name for member in known}
    if len(names) < len(known) or not all(_NAME.fullmatch(name) for name in names):
        raise ArchiveUnusable(f"{file}: names a file that no backup has; {OTHER}")
    return manifest, known


def _listed(said: Any) -> Member | None:
    """A file as the manifest lists it; None for what is none."""
    values = said if isinstance(said, dict) else {}
    name, size, sha256 = (values.get(word) for word in ("name", "size", "sha256"))
    if not (isinstance(name, str) and type(size) is int and isinstance(sha256, str)):
        return None
    return Member(name, size, sha256) if size >= 0 and _SHA256.fullmatch(sha256) else None


def _unpack(file: Path, member: Member, source: Any, folder: Path) -> None:
    path = folder / member.name
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
    digest, size = hashlib.sha256(), 0
    with os.fdopen(os.open(path, flags, 0o600), "wb") as out:
        while piece := source.read(_PIECE):
            digest.update(piece)
            size += len(piece)
            out.write(piece)
        out.flush()
        os.fsync(out.fileno())
    if (size, digest.hexdigest()) != (member.size, member.sha256):
        raise ArchiveUnusable(f"{file}: {member.name} is not what was put in; {OTHER}")


def _member(folder: Path, name: str) -> Member:
    with (folder / name).open("rb") as file:
        digest = _digest(file)
    return Member(name, (folder / name).stat().st_size, digest)


def _digest(file: BinaryIO) -> str:
    digest = hashlib.sha256()
    while piece := file.read(_PIECE):
        digest.update(piece)
    return digest.hexdigest()


def _info(name: str, size: int) -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.size, info.mode = size, 0o600
    return info
