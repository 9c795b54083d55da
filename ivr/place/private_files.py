"""Files and folders nobody else can plant: made new, given away by descriptor, links refused.

A folder may be one that another account could write to while we are root. Whoever writes a secret,
or anything as root, does it through this file.
"""

from __future__ import annotations

import os
import shutil
import stat
from pathlib import Path

_LARGEST_READ = 1_000_000  # bytes


def write_private(path: Path, text: str | bytes, *, group: int | None = None) -> None:
    """Write a file whole or not at all, readable by its owner, and by this group if one is named.

    Raises OSError; what was there before then still is.
    """
    new = path.with_name(path.name + ".new")
    new.unlink(missing_ok=True)
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
    with os.fdopen(os.open(new, flags, 0o600), "wb") as file:
        if group is not None:
            _give(file.fileno(), os.geteuid(), group)
            os.fchmod(file.fileno(), 0o640)
        file.write(text.encode() if isinstance(text, str) else text)
        file.flush()
        os.fsync(file.fileno())
    new.replace(path)


def open_own(path: Path, *, empty: bool) -> int:
    """A descriptor to write to a file of ours, made if missing; raises OSError for a link."""
    flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK
    descriptor = os.open(path, flags, 0o600)
    found = os.fstat(descriptor)
    if not stat.S_ISREG(found.st_mode) or found.st_nlink != 1:
        os.close(descriptor)
        raise OSError(f"{path} is not a file of its own")
    if empty:
        os.ftruncate(descriptor, 0)
    return descriptor


def read_plain(path: Path) -> bytes | None:
    """The first megabyte of a file; None for one that is missing, closed, a link or no file."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError:
        return None
    with os.fdopen(descriptor, "rb") as file:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            return None
        return file.read(_LARGEST_READ)


def own_folder(path: Path, uid: int, gid: int, mode: int) -> bool:
    """Have a folder that belongs to this account; what is not its folder is removed first.

    Nothing inside is changed hands. True if it was made anew. The folder above must be one that
    only we can write to. Raises OSError.
    """
    found = _look(path)
    fresh = found is None or not stat.S_ISDIR(found.st_mode) or found.st_uid != uid
    if fresh:
        if found is not None:
            remove(path)
        path.mkdir(mode=0o700)
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    try:
        _give(descriptor, uid, gid)
        os.fchmod(descriptor, mode)
    finally:
        os.close(descriptor)
    return fresh


def is_own_folder(path: Path, uid: int) -> bool:
    """Whether this is a folder, no link, of that account, and nobody else may write to it."""
    found = _look(path)
    return (
        found is not None
        and stat.S_ISDIR(found.st_mode)
        and found.st_uid == uid
        and not found.st_mode & 0o022
    )


def remove(path: Path) -> None:
    """Remove a file, a link or a folder with all in it; no link is followed."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def _look(path: Path) -> os.stat_result | None:
    try:
        return path.lstat()
    except FileNotFoundError:
        return None


def _give(descriptor: int, uid: int, gid: int) -> None:
    found = os.fstat(descriptor)
    if (found.st_uid, found.st_gid) != (uid, gid) and os.geteuid() == 0:
        os.fchown(descriptor, uid, gid)
