"""`freizeichen backup` and `restore`: a place in one file, made while it runs, and the way back."""

from __future__ import annotations

import json
import os
import pwd
import shlex
import sys
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from ivr.backups.archive import ArchiveUnusable
from ivr.backups.backup import make_backup
from ivr.backups.moves import MovesBroken
from ivr.backups.restore import RestoreRefused, go_back
from ivr.backups.restore import restore as restore_backup
from ivr.cannot_start import CannotStart
from ivr.cli.output import complain, say
from ivr.place.place import Place, SettingsOption, find_place
from ivr.settings.settings import SettingsFaulty, load_settings
from ivr.starting.preparation import lock
from queues.store import StoreError

_SAID = (ArchiveUnusable, CannotStart, MovesBroken, RestoreRefused, StoreError)


def backup(
    file: Annotated[
        Path, typer.Argument(help="the file to be made; a backup that is there is replaced")
    ],
    settings: SettingsOption = None,
    without_people: Annotated[
        bool,
        typer.Option("--without-people", help="leave out who is who, and the key that tells"),
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="what was made, as JSON")] = False,
) -> None:
    """Back up store, people, key, settings and passwords into one file, while the service runs.

    Keep it as you would keep the data itself: who has the file can read all of it. Who is erased
    later can still be read in a backup with the people; `--without-people` makes one to be kept for
    long.
    """
    place = find_place(settings)
    _refuse_root(place)
    try:
        made = make_backup(
            load_settings(place.settings_file), place, file, with_people=not without_people
        )
    except SettingsFaulty as error:
        _fail("the settings cannot be used:\n" + "\n".join(error.faults))
    except _SAID as error:
        _fail(str(error))
    except OSError as error:
        _fail(f"no backup was made: {file}: {error.strerror or error}; free some space, or mend it")
    row = made.facts.progress.seq
    if as_json:
        report = {
            "file": str(made.file),
            "bytes": made.size,
            "row": row,
            "people": made.with_people,
        }
        say(json.dumps(report | {"days": len(made.facts.days)}))
    else:
        say(f"{made.file}: {made.size / 1e3:,.0f} kB, the journal to row {row}")


def restore(
    file: Annotated[Path | None, typer.Argument(help="a backup")] = None,
    settings: SettingsOption = None,
    force: Annotated[
        bool, typer.Option("--force", help="also over newer data, or those of another installation")
    ] = False,
    people: Annotated[
        bool, typer.Option("--people", help="go back with the people too, erased ones among them")
    ] = False,
    back: Annotated[bool, typer.Option("--back", help="undo the last restore")] = False,
) -> None:
    """Put a backup in the place of what is here, whole or not at all; not while a service runs.

    What was here is kept beside it.
    """
    place = find_place(settings)
    _refuse_root(place)
    if (file is None) is not back:
        _fail("name a backup, or undo the last restore with --back")
    try:
        with lock(place):
            if file is None:
                go_back(place, say)
            else:
                restore_backup(place, file, say, force=force, people=people)
    except SettingsFaulty as error:
        _fail("the settings cannot be used:\n" + "\n".join(error.faults))
    except _SAID as error:
        _fail(str(error))
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        _fail(
            f"nothing was restored: {where}{error.strerror or error}; free some space, or mend it"
        )


def _refuse_root(place: Place) -> None:
    """Root must not read and write where another account can lay traps."""
    if os.geteuid() != 0 or not place.run_folder.exists():
        return
    owner = place.run_folder.stat().st_uid
    if owner != 0:
        try:
            by = f"runuser -u {pwd.getpwuid(owner).pw_name} --"
        except KeyError:  # an id without a name
            by = f"sudo -u '#{owner}'"
        _fail(
            f"{place.run_folder} belongs to another account (id {owner}); do this as that account: "
            f"{by} {shlex.join(['freizeichen', *sys.argv[1:]])}"
        )


def _fail(text: str) -> NoReturn:
    complain(text)
    raise typer.Exit(1)
