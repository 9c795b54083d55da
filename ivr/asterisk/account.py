"""Which account runs Asterisk and the service: an ordinary one wherever the machine lets us."""

from __future__ import annotations

import os
import pwd
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

# No account of that number exists by default: nothing else on the machine runs under it.
_SPARE_ID = 61_742


@dataclass(frozen=True, slots=True)
class RunAccount:
    """The user and group ids a process shall have."""

    uid: int
    gid: int

    @property
    def readers(self) -> int | None:
        """The group that must read what we write for this account; None if that is ourselves."""
        return None if self.uid == os.geteuid() else self.gid

    def popen_options(self) -> dict[str, Any]:
        """The arguments of `subprocess.Popen` that start a process under this account."""
        if os.geteuid() != 0 or self.uid == 0:
            return {}
        return {"user": self.uid, "group": self.gid, "extra_groups": []}


STRANGER: Final = RunAccount(_SPARE_ID, _SPARE_ID)  # to whom nothing belongs


def ordinary_account(owner_of: Path) -> RunAccount:
    """Who calls us; for root the account `freizeichen`, else the folder owner, else a spare id."""
    if os.geteuid() != 0:
        return RunAccount(os.geteuid(), os.getegid())
    try:
        entry = pwd.getpwnam("freizeichen")
        return RunAccount(entry.pw_uid, entry.pw_gid)
    except KeyError:
        pass
    owner = owner_of.stat()
    if owner.st_uid != 0:
        return RunAccount(owner.st_uid, owner.st_gid)
    return STRANGER


def can_run(
    account: RunAccount,
    command: Sequence[str],
    *,
    reads: Sequence[Path] = (),
    writes: Sequence[Path] = (),
) -> bool:
    """Whether this account may run the command and use these paths; tried, not guessed."""
    tests = [["test", "-r", str(path)] for path in reads]
    tests += [["test", "-w", str(path)] for path in writes]
    tests.append(list(command))
    try:
        return all(
            subprocess.run(  # noqa: S603  (our own fixed commands)
                test,
                check=False,
                capture_output=True,
                timeout=20,
                cwd="/",
                **account.popen_options(),
            ).returncode
            == 0
            for test in tests
        )
    except (OSError, subprocess.SubprocessError):
        return False


@contextmanager
def acting_as(account: RunAccount) -> Iterator[None]:
    """Have files in the block be read and made by this account, where we are root; for one thread.

    What lies in a folder of another account's may be a trap for root. Raises OSError.
    """
    if os.geteuid() != 0 or account.uid == 0:
        yield
        return
    groups = os.getgroups()
    os.setgroups([])
    os.setegid(account.gid)
    os.seteuid(account.uid)
    try:
        yield
    finally:
        os.seteuid(0)
        os.setegid(0)
        os.setgroups(groups)


def become(account: RunAccount) -> None:
    """Leave root for this account, for good; raises OSError."""
    os.setgroups([])
    os.setresgid(account.gid, account.gid, account.gid)
    os.setresuid(account.uid, account.uid, account.uid)
