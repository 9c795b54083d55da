"""The file with the master keys: made once, ours alone, never overwritten.

A line for each version: its number, a colon, 32 random bytes in base64. The highest number is used
for what is new; a lower one is kept for as long as something was made with it.
"""

from __future__ import annotations

import base64
import contextlib
import errno
import os
import secrets
import stat
from pathlib import Path
from typing import Final

from queues.store.errors import KeyUnusable

KEY_BYTES: Final = 32
_LARGEST: Final = 10_000  # bytes
_NO_ROOM: Final = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


class MasterKeys:
    """The master keys by their version. Neither shown nor logged."""

    __slots__ = ("_keys",)

    def __init__(self, keys: dict[int, bytes]) -> None:
        self._keys = keys

    def __repr__(self) -> str:
        return f"MasterKeys(versions={sorted(self._keys)})"

    @property
    def versions(self) -> tuple[int, ...]:
        """Every version, the newest first."""
        return tuple(sorted(self._keys, reverse=True))

    def __getitem__(self, version: int) -> bytes:
        return self._keys[version]


def make_keys(path: Path) -> MasterKeys:
    """Make a file with one new key; raises `KeyUnusable`, and if there is one already."""
    key = secrets.token_bytes(KEY_BYTES)
    new = path.with_name(f"{path.name}.{secrets.token_hex(4)}.new")
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(b"1:" + base64.b64encode(key) + b"\n")
                file.flush()
                os.fsync(file.fileno())
            os.link(new, path)  # whole at once, and never over another
        finally:
            with contextlib.suppress(OSError):
                new.unlink()
        folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
        os.fsync(folder)
        os.close(folder)
    except OSError as error:
        mend = "free some space" if error.errno in _NO_ROOM else "mend the rights of its folder"
        raise KeyUnusable(f"{path}: a key file cannot be made ({error.strerror}); {mend}") from None
    return MasterKeys({1: key})


def read_keys(path: Path, *, to_root: bool = False) -> MasterKeys | None:
    """Read the file; None if there is none. Raises `KeyUnusable`.

    With `to_root`, root may read the file of another account: to look, not to serve with it.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise KeyUnusable(
            f"{path}: the key file cannot be opened ({error.strerror}); it must be a file of ours "
            f"(account {os.geteuid()}), mode 0600, and no link"
        ) from None
    try:
        found = os.fstat(descriptor)
        if stat.S_ISDIR(found.st_mode):
            raise KeyUnusable(
                f"{path}: is a folder, where the key file should be; move it away, and put back a "
                "copy of the file"
            )
        is_ours = found.st_uid == os.geteuid() or (to_root and os.geteuid() == 0)
        if not stat.S_ISREG(found.st_mode) or not is_ours:
            raise KeyUnusable(
                f"{path}: the key file is not a file of ours (account {os.geteuid()}); give it to "
                "this account with chown"
            )
        if found.st_mode & 0o077:
            raise KeyUnusable(
                f"{path}: others may read or write the key file (mode "
                f"{stat.S_IMODE(found.st_mode):04o}, expected 0600); take the rights away with "
                "chmod 0600, and think of who may have read it"
            )
        return MasterKeys(_parse(path, os.read(descriptor, _LARGEST)))
    finally:
        os.close(descriptor)


def _parse(path: Path, text: bytes) -> dict[int, bytes]:
    keys: dict[int, bytes] = {}
    for number, line in enumerate(text.splitlines(), 1):
        version, colon, encoded = line.strip().partition(b":")
        try:
            key = base64.b64decode(encoded, validate=True)
        except ValueError:
            key = b""
        if not colon or not version.isdigit() or len(key) != KEY_BYTES or int(version) in keys:
            raise KeyUnusable(
                f"{path}:{number}: is no key; expected a number of its own, a colon and 32 bytes "
                "in base64. Put back a copy of the file"
            )
        keys[int(version)] = key
    if not keys:
        raise KeyUnusable(f"{path}: the key file is empty; put back a copy of it")
    return keys
