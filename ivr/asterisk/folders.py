"""The folders of one running Asterisk: which of them it may write to, and who owns each.

```
asterisk/            who starts us; the account that runs Asterisk may read, through its group
  etc data empty     the same: what root reads or runs with is never Asterisk's to change
  output asterisk.pid  what Asterisk says, its process id; ours alone
  var spool log run  the account's own; nothing of ours is ever written through them
```
"""

from __future__ import annotations

import os
import tempfile
from dataclasses import dataclass
from pathlib import Path

from ivr.asterisk.account import RunAccount
from ivr.asterisk.install import Asterisk
from ivr.place.private_files import is_own_folder, own_folder, read_plain, remove, write_private

_LONGEST_SOCKET_PATH = 100  # of the 107 bytes a Unix socket's name may have
_OURS = ("etc", "data", "data/sounds", "empty", "empty/keys")
_ITS_OWN = ("var", "spool", "log")


@dataclass(frozen=True, slots=True)
class SwitchFolders:
    """The folders of one running Asterisk, below the run folder but for perhaps the socket's."""

    base: Path
    run: Path

    @classmethod
    def below(cls, run_folder: Path) -> SwitchFolders:
        """The folders that `make_folders` made for this run folder; nothing is changed."""
        base = run_folder / "asterisk"
        run = base / "run"
        if _is_too_long(run) and (elsewhere := _kept(base)):
            run = elsewhere / "run"
        return cls(base, run)

    @property
    def etc(self) -> Path:
        """Rendered configuration."""
        return self.base / "etc"

    @property
    def log(self) -> Path:
        """Asterisk's own log: warnings and errors."""
        return self.base / "log"

    @property
    def output(self) -> Path:
        """What Asterisk says before it has a log."""
        return self.base / "output"

    @property
    def pid_file(self) -> Path:
        """The process id of the Asterisk we started."""
        return self.base / "asterisk.pid"


def make_folders(
    run_folder: Path, account: RunAccount, asterisk: Asterisk
) -> tuple[SwitchFolders, bool]:
    """Make what is missing and give each folder its owner; also whether one had to be replaced.

    A socket path too long for Unix lies in a private folder elsewhere. Raises OSError.
    """
    me = os.geteuid()
    base = run_folder / "asterisk"
    renewed = own_folder(base, me, account.gid, _mode(account))
    for name in _OURS:
        own_folder(base / name, me, account.gid, _mode(account))
    above = base
    if _is_too_long(base / "run"):
        above = _kept(base) or _private_folder(base, account)
    for path in (*(base / name for name in _ITS_OWN), above / "run"):
        renewed |= own_folder(path, account.uid, account.gid, 0o700)
    # Asterisk finds sounds below its data folder only; the rest there is the installed one's.
    for entry in asterisk.data.iterdir():
        if entry.name != "sounds":
            link(base / "data" / entry.name, entry)
    return SwitchFolders(base, above / "run"), renewed


def _mode(account: RunAccount) -> int:
    return 0o700 if account.readers is None else 0o750


def _is_too_long(run: Path) -> bool:
    return len(os.fsencode(run / "asterisk.ctl")) > _LONGEST_SOCKET_PATH


def _kept(base: Path) -> Path | None:
    """The private folder that was made for this run folder, if it still is what we made."""
    name = read_plain(base / "socket-folder")
    folder = Path(os.fsdecode(name)) if name else None
    return folder if folder is not None and is_own_folder(folder, os.geteuid()) else None


def _private_folder(base: Path, account: RunAccount) -> Path:
    folder = Path(tempfile.mkdtemp(prefix="freizeichen-"))
    own_folder(folder, os.geteuid(), account.gid, _mode(account))
    write_private(base / "socket-folder", os.fsencode(folder))
    return folder


def link(path: Path, target: Path) -> None:
    """Have a link at this place, in the place of whatever else is there."""
    if path.is_symlink() and path.readlink() == target:
        return
    remove(path)
    path.symlink_to(target)
