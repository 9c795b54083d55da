"""Started as root: whether the service can go on as an ordinary account, and the step itself.

It is taken before anything in the run folder is read or written, so that root never works where
that account can lay traps. What needs root, filling the system's cache, is done before. Where the
account cannot do all that a service must, the service runs as root and says why.
"""

from __future__ import annotations

import os
import stat
import sys
from dataclasses import dataclass
from pathlib import Path

from ivr import resources
from ivr.asterisk.account import RunAccount, become, can_run, ordinary_account
from ivr.place import Place
from ivr.preparation import Progress, find_programs, said_clearly
from ivr.private_files import own_folder
from ivr.settings import Settings, load_settings
from ivr.speech.model_trial import trial_fault, was_tried
from ivr.speech.models import find_model, model_faults


@dataclass(frozen=True, slots=True)
class _Hindrance:
    """Why root must stay root, and what makes it unnecessary; `str()` is what people read."""

    why: str
    mend: str

    def __str__(self) -> str:
        return (
            f"the service runs as root, because {self.why}. "
            f"To mend that, {self.mend}, or start it as an ordinary user."
        )


def leave_root(place: Place, progress: Progress) -> None:
    """Become the ordinary account for good, if we are root and it can; raises `CannotStart`."""
    if os.geteuid() != 0:
        return
    with said_clearly(place):
        settings = load_settings(place.settings_file)
        account = ordinary_account(place.run_folder.parent)
        hindrance = _why_not(place, settings, account, progress)
        if hindrance is not None:
            progress(f"note: {hindrance}")
            return
        _try_models(settings, progress)
        # Our own home may be closed to the account, and the cache was looked for as root.
        os.environ["FREIZEICHEN_CACHE"] = str(resources.cache_folder())
        become(account)
    progress(f"started as root: going on as account {account.uid}")


def fill_cache_as_its_owner() -> None:
    """Become the account that the cache folder belongs to, if we are root and it is another's.

    It alone must be able to write there later, too. Raises OSError.
    """
    cache = resources.cache_folder()
    if os.geteuid() != 0 or not cache.is_dir():
        return
    owner = cache.stat()
    if owner.st_uid != 0:
        os.environ["FREIZEICHEN_CACHE"] = str(cache)  # as it was looked for as root
        become(RunAccount(owner.st_uid, owner.st_gid))


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
) -> _Hindrance | None:
    if not can_run(account, [sys.executable, "-c", "import ivr.cli.up"]):
        return _Hindrance(
            f"account {account.uid} cannot run {sys.executable} with our packages",
            "put both where every account can read them",
        )
    named = (place.settings_file, settings.dialplans, settings.recorded_prompts)
    for path in filter(None, named):
        if not can_run(account, ["test", "-r", str(path)]):
            return _Hindrance(
                f"account {account.uid} cannot read {path}", "let every account read it"
            )
    asterisk, _ = find_programs(settings, progress)
    if not can_run(account, [*asterisk.command, "-V"], reads=[asterisk.modules, asterisk.data]):
        return _Hindrance(
            f"account {account.uid} cannot run {asterisk.command[-1]}",
            "let every account run it and read its modules and data",
        )
    return _run_folder(place.run_folder, account)


def _run_folder(folder: Path, account: RunAccount) -> _Hindrance | None:
    """Have a run folder that is the account's; the reason if there can be none."""
    try:
        found = folder.lstat()
    except FileNotFoundError:
        return _new_run_folder(folder, account)
    if not stat.S_ISDIR(found.st_mode) or found.st_uid not in {0, account.uid}:
        return _Hindrance(
            f"{folder} is no folder of account {account.uid}",
            "move it away, so that a new one is made",
        )
    if found.st_uid == account.uid:
        return None
    if any(folder.iterdir()):
        return _Hindrance(
            f"{folder} was made by an earlier start as root",
            f"end the service and run 'chown -R {account.uid}:{account.gid} {folder}'",
        )
    folder.rmdir()
    return _new_run_folder(folder, account)


def _new_run_folder(folder: Path, account: RunAccount) -> _Hindrance | None:
    parent = folder.parent
    if parent.stat().st_uid == 0 and not parent.stat().st_mode & 0o022:
        if not can_run(account, ["test", "-x", str(parent)]):
            return _Hindrance(
                f"account {account.uid} cannot enter {parent}",
                "use a folder that every account can enter",
            )
        own_folder(folder, account.uid, account.gid, 0o755)
        return None
    # Others can write here: only the account itself may make a folder, once it is the account.
    if can_run(account, ["test", "-x", str(parent)], writes=[parent]):
        return None
    return _Hindrance(
        f"account {account.uid} cannot write to {parent}", f"give {parent} to that account"
    )
