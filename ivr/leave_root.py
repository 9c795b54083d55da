"""Started as root: whether the service can go on as an ordinary account, and the step itself.

It is taken before anything in the run folder is read or written, so that root never works where
that account can lay traps. What needs root, filling the system's cache, is done before. Where the
account cannot do all that a service must, the service stays root and says why.
"""

from __future__ import annotations

import os
import stat
import sys
from pathlib import Path

from ivr import resources
from ivr.asterisk.account import RunAccount, become, can_run, ordinary_account
from ivr.place import Place
from ivr.preparation import Progress, find_programs, said_clearly
from ivr.private_files import own_folder
from ivr.settings import Settings, load_settings
from ivr.speech.model_trial import trial_fault, was_tried
from ivr.speech.models import find_model, model_faults


def leave_root(place: Place, progress: Progress) -> None:
    """Become the ordinary account for good, if we are root and it can; raises `CannotStart`."""
    if os.geteuid() != 0:
        return
    with said_clearly(place):
        settings = load_settings(place.settings_file)
        account = ordinary_account(place.run_folder.parent)
        reason = _why_not(place, settings, account, progress)
        if reason is not None:
            progress(f"note: the service stays root: {reason}")
            return
        _try_models(settings, progress)
        # Our own home may be closed to the account, and the cache was looked for as root.
        os.environ["FREIZEICHEN_CACHE"] = str(resources.cache_folder())
        become(account)
    progress(f"started as root: going on as account {account.uid}")


def _try_models(settings: Settings, progress: Progress) -> None:
    """Try each line's speech model once, while what passed can be noted in the system's cache."""
    cache = resources.cache_folder()
    for language in sorted({line.language for line in settings.lines}):
        folder = find_model(language, settings.speech.models.get(language), cache)
        if folder is None or model_faults(folder) or was_tried(folder, cache):
            continue
        progress(f"models: trying the one of '{language}' (once)")
        trial_fault(folder, language, cache)  # a fault is told when the service loads it


def _why_not(
    place: Place, settings: Settings, account: RunAccount, progress: Progress
) -> str | None:
    named = (settings.dialplans, settings.recorded_prompts)
    reads = [place.settings_file, *(path for path in named if path is not None)]
    if not can_run(account, [sys.executable, "-c", "import ivr.cli"], reads=reads):
        return f"account {account.uid} cannot run {sys.executable} with our files, or read them"
    asterisk, _ = find_programs(settings, progress)
    if not can_run(account, [*asterisk.command, "-V"], reads=[asterisk.modules, asterisk.data]):
        return f"account {account.uid} cannot run {asterisk.command[-1]}"
    return _run_folder(place.run_folder, account)


def _run_folder(folder: Path, account: RunAccount) -> str | None:
    """Have a run folder that is the account's; the reason if there can be none."""
    try:
        found = folder.lstat()
    except FileNotFoundError:
        return _new_run_folder(folder, account)
    if not stat.S_ISDIR(found.st_mode) or found.st_uid not in {0, account.uid}:
        return f"{folder} is another account's"
    if found.st_uid == account.uid:
        return None
    if any(folder.iterdir()):
        return (
            f"{folder} is root's from an earlier start; to change that, end the service and run "
            f"chown -R {account.uid}:{account.gid} on it"
        )
    folder.rmdir()
    return _new_run_folder(folder, account)


def _new_run_folder(folder: Path, account: RunAccount) -> str | None:
    parent = folder.parent
    if parent.stat().st_uid == 0 and not parent.stat().st_mode & 0o022:
        if not can_run(account, ["test", "-x", str(parent)]):
            return f"account {account.uid} cannot enter {parent}"
        own_folder(folder, account.uid, account.gid, 0o755)
        return None
    # Others can write here: only the account itself may make a folder, once it is the account.
    if can_run(account, ["test", "-x", str(parent)], writes=[parent]):
        return None
    return f"account {account.uid} cannot write to {parent}"
