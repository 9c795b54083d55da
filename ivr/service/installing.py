"""What an installation needs beside its units: its account, its folders, what is the account's.

Done by root, below `/` alone. Nothing is given away that another account could have laid there.
"""

from __future__ import annotations

import errno
import os
import pwd
import stat
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from ivr.asterisk.account import RunAccount
from ivr.place.credentials import passwords_file
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
    """Give a secret that root alone can read to the account; whether it was one.

    Raises `UnitsRefused` for one that another account could have named, or have read; OSError.
    """
    if not file.is_absolute():
        raise _not_given(file, "is no whole path", "name it by one that begins with /")
    try:
        descriptor = _opened_by_roots_hands(file)
    except FileNotFoundError:
        return False
    try:
        found = os.fstat(descriptor)
        if not stat.S_ISREG(found.st_mode) or found.st_nlink != 1:
            raise _not_given(file, "is no file with one name", "put the password into a new one")
        if found.st_uid != 0:
            return False
        if found.st_mode & 0o077:
            if found.st_gid == account.gid and not found.st_mode & 0o037:
                return False  # it can read it already
            mode = f"{found.st_mode & 0o777:04o}"
            raise _not_given(file, f"is open to others (mode {mode})", "chmod 600 it")
        os.fchown(descriptor, account.uid, account.gid)
        return True
    finally:
        os.close(descriptor)


def give_passwords(account: RunAccount, run_folder: Path) -> None:
    """Give the passwords that root made there before (`asterisk config`), while the folder is its.

    Raises `UnitsRefused`, OSError.
    """
    path = passwords_file(run_folder)
    try:
        if run_folder.stat().st_uid == 0:
            give_secret(account, path)
    except FileNotFoundError:
        return
    except UnitsRefused:
        raise UnitsRefused(
            f"{path} is root's, and {run_folder} is no place in which it can be given away; "
            f"{_WRITTEN}: delete it (phones then get new passwords), and run this again"
        ) from None


def _opened_by_roots_hands(file: Path) -> int:
    """A descriptor of a file to which every step from / on is root's alone, and none is a link.

    Each step is opened in the one before, so that nothing changes between a look and its use.
    """
    folder = os.open("/", os.O_RDONLY | os.O_DIRECTORY)
    way = Path("/")
    try:
        for name in file.parts[1:]:
            found = os.fstat(folder)
            if found.st_uid != 0 or found.st_mode & 0o022:
                raise _not_given(
                    file,
                    f"lies in {way}, to which others than root can write",
                    "move it, to /etc/freizeichen for example, and name it anew",
                )
            way /= name
            kind = os.O_NONBLOCK if way == file else os.O_DIRECTORY
            try:
                inside = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | kind, dir_fd=folder)
            except OSError as error:
                if error.errno not in (errno.ELOOP, errno.ENOTDIR):
                    raise
                why = f"is reached by {way}, which is a link or no folder"
                raise _not_given(file, why, "name it by its own path") from None
            os.close(folder)
            folder = inside
    except BaseException:
        os.close(folder)
        raise
    return folder


def _not_given(file: Path, why: str, mend: str) -> UnitsRefused:
    return UnitsRefused(
        f"{file} {why}, so it was not given to the account; {_WRITTEN}: {mend}, and run this again"
    )


def have_units_read() -> None:
    """Have systemd read its units anew; raises `UnitsRefused`."""
    _run("systemctl", "daemon-reload")


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
