"""What an installation needs beside its units: its account, its folders, what is the account's.

Done by root, below `/` alone. Nothing is given away that another account could have laid there.
"""

from __future__ import annotations

import os
import pwd
import stat
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from ivr.asterisk.account import RunAccount
from ivr.service.units import UnitsRefused

_LONGEST_S: Final = 60
_WRITTEN: Final = "the units are written, and the rest is to be done"


def make_account(user: str) -> RunAccount:
    """The account that the units name, made by systemd if it is not there; `UnitsRefused`."""
    _run("systemd-sysusers")
    try:
        entry = pwd.getpwnam(user)
    except KeyError:
        raise UnitsRefused(
            f"systemd-sysusers made no account '{user}'; {_WRITTEN}: make it, and run this again"
        ) from None
    return RunAccount(entry.pw_uid, entry.pw_gid)


def give_folders(account: RunAccount, folders: Sequence[Path]) -> None:
    """Have these folders be the account's; raises `UnitsRefused`, OSError."""
    for folder in folders:
        folder.mkdir(mode=0o755, parents=True, exist_ok=True)
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
        try:
            owner = os.fstat(descriptor).st_uid
            if owner not in {0, account.uid}:
                raise UnitsRefused(
                    f"{folder} belongs to another account (id {owner}); {_WRITTEN}: move the "
                    "folder away, or name that account with --user, and run this again"
                )
            os.fchown(descriptor, account.uid, account.gid)
        finally:
            os.close(descriptor)


def give_secret(account: RunAccount, file: Path) -> bool:
    """Give a secret that root alone can read to the account; whether it was one. Raises OSError."""
    if _others_may_write(file.parent):
        return False
    try:
        descriptor = os.open(file, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except FileNotFoundError:
        return False
    try:
        found = os.fstat(descriptor)
        is_roots = found.st_uid == 0 and not found.st_mode & 0o077 and found.st_nlink == 1
        if is_roots and stat.S_ISREG(found.st_mode):
            os.fchown(descriptor, account.uid, account.gid)
            return True
        return False
    finally:
        os.close(descriptor)


def have_units_read() -> None:
    """Have systemd read its units anew; raises `UnitsRefused`."""
    _run("systemctl", "daemon-reload")


def _others_may_write(folder: Path) -> bool:
    try:
        found = folder.stat()
    except FileNotFoundError:
        return True
    return found.st_uid != 0 or bool(found.st_mode & 0o022)


def _run(*words: str) -> None:
    try:
        done = subprocess.run(  # noqa: S603  (our own fixed commands)
            words, capture_output=True, text=True, check=False, timeout=_LONGEST_S
        )
        said, is_done = (
            (done.stderr.strip().splitlines() or ["it said nothing"]),
            not done.returncode,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        said, is_done = [str(error)], False
    if not is_done:
        raise UnitsRefused(
            f"{' '.join(words)} failed ({said[-1]}); {_WRITTEN}: this machine needs systemd"
        )
