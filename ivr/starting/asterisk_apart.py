"""`freizeichen asterisk run`: how Asterisk comes to run by itself, whatever becomes of the service.

It is prepared as the service would, then this process becomes Asterisk. Where the settings cannot
be used, it runs with the configuration of the last time: phones, emergency calls and the fallback
of the dialplan are worth more than what was changed.
"""

from __future__ import annotations

import json
import os
import resource
from collections.abc import Callable
from pathlib import Path
from typing import Final, NoReturn

from ivr.asterisk.account import RunAccount, ordinary_account
from ivr.asterisk.folders import SwitchFolders
from ivr.asterisk.install import Asterisk
from ivr.asterisk.process import SwitchProcess, running_pid
from ivr.cannot_start import CannotStart
from ivr.place.place import Place
from ivr.place.private_files import read_plain, write_private
from ivr.starting.leave_root import leave_root
from ivr.starting.preparation import Prepared, check_ports, prepare

_COMMAND: Final = "command"  # of the last run, below Asterisk's folder


def run_asterisk(place: Place, tell: Callable[[str], None]) -> NoReturn:
    """Become the Asterisk of this place; raises `CannotStart`, OSError."""
    folders = SwitchFolders.below(place.run_folder)
    if place.run_folder.is_dir():
        pid = running_pid(folders, ordinary_account(place.run_folder.parent))
        if pid is not None:
            raise CannotStart(f"the Asterisk of {place.run_folder} runs already: process {pid}")
    switch = _as_prepared(place, tell) or _as_before(place, folders)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    switch.become()


def _as_prepared(place: Place, tell: Callable[[str], None]) -> SwitchProcess | None:
    try:
        leave_root(place, tell)
        prepared = prepare(place, tell)
    except CannotStart as error:
        if not _kept(SwitchFolders.below(place.run_folder)).exists():
            raise
        tell(f"{error}\nAsterisk runs with the configuration of the last time")
        return None
    if (theirs := prepared.settings.asterisk.config) is not None:
        raise CannotStart(f"asterisk.config names {theirs}: that Asterisk is to be run, not ours")
    check_ports(prepared.settings, asterisk_runs=False, service_runs=True)
    _keep(prepared)
    return SwitchProcess(prepared.asterisk, prepared.folders, prepared.account)


def _as_before(place: Place, folders: SwitchFolders) -> SwitchProcess:
    try:
        words = json.loads(read_plain(_kept(folders)) or b"")
        command, uid, gid = tuple(map(str, words["command"])), int(words["uid"]), int(words["gid"])
    except (ValueError, KeyError, TypeError):
        raise CannotStart(
            f"{_kept(folders)} cannot be read; mend the settings, then start again"
        ) from None
    binary = Asterisk(command, folders.base, folders.base, (0, 0, 0))
    account = ordinary_account(place.run_folder)
    if os.geteuid() == 0:  # what another account wrote is run as that account, whatever it says
        found = _kept(folders).lstat()
        written_by_root = found.st_uid == 0
        account = (
            RunAccount(uid, gid) if written_by_root else RunAccount(found.st_uid, found.st_gid)
        )
    return SwitchProcess(binary, folders, account)


def _keep(prepared: Prepared) -> None:
    words = {
        "command": prepared.asterisk.command,
        "uid": prepared.account.uid,
        "gid": prepared.account.gid,
    }
    write_private(_kept(prepared.folders), json.dumps(words))


def _kept(folders: SwitchFolders) -> Path:
    return folders.base / _COMMAND
