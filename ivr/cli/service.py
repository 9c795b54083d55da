"""`freizeichen service`: the systemd units of this place, shown, written, taken away again."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from ivr import resources
from ivr.cli.output import complain, say
from ivr.place.place import SettingsOption, find_place
from ivr.service.units import (
    SYSTEM_CACHE,
    Installation,
    UnitFile,
    UnitsRefused,
    install_units,
    remove_units,
    render_units,
)

app = typer.Typer(help="The systemd units that run this place.", no_args_is_help=True)

_User = Annotated[str, typer.Option(help="the account that runs everything")]
_Root = Annotated[Path, typer.Option(help="write below this folder instead of /")]


@app.callback()
def _group() -> None:
    """The systemd units that run this place."""


@app.command("show")
def show(settings: SettingsOption = None, user: _User = "freizeichen") -> None:
    """Print the units; nothing is written."""
    for file in _files(settings, user):
        say(f"# /{file.place}\n{file.text}")


@app.command("install")
def install(
    settings: SettingsOption = None,
    user: _User = "freizeichen",
    root: _Root = Path("/"),
    force: Annotated[
        bool, typer.Option("--force", help="also over files that somebody else changed")
    ] = False,
) -> None:
    """Write the units, and say what is to be done then. `freizeichen service remove` undoes it."""
    files = _files(settings, user)
    try:
        written = install_units(root, files, force=force)
    except (UnitsRefused, OSError) as error:
        _fail(error)
    for path in written:
        say(f"written: {path}")
    if not written:
        say("all is written already")
    say("then, as root:")
    place = find_place(settings)
    for line in (
        "systemd-sysusers",
        f"install -d -o {user} -g {user} {place.run_folder} {_cache()}",
        "systemctl daemon-reload",
        "systemctl enable --now freizeichen-asterisk freizeichen",
    ):
        say(f"  {line}")


@app.command("remove")
def remove(
    settings: SettingsOption = None, user: _User = "freizeichen", root: _Root = Path("/")
) -> None:
    """Take the units away that were written; settings, calls and store stay."""
    try:
        removed = remove_units(root, _files(settings, user))
    except (UnitsRefused, OSError) as error:
        _fail(error)
    for path in removed:
        say(f"removed: {path}")
    say("what runs goes on; to end it: systemctl stop freizeichen freizeichen-asterisk")
    say("then, as root: systemctl daemon-reload")


def _files(settings: Path | None, user: str) -> tuple[UnitFile, ...]:
    place = find_place(settings)
    if place.is_example:
        complain("no freizeichen.yaml here; name the settings file with --settings")
        raise typer.Exit(1)
    command = Path(sys.executable).parent / "freizeichen"
    try:
        return render_units(
            Installation(
                command, place.settings_file.absolute(), place.run_folder.absolute(), _cache(), user
            )
        )
    except (UnitsRefused, resources.ResourceMissing) as error:
        _fail(error)


def _cache() -> Path:
    """The named cache folder, else the system's: an account of a service has no home."""
    return resources.cache_folder() if "FREIZEICHEN_CACHE" in os.environ else SYSTEM_CACHE


def _fail(error: Exception) -> NoReturn:
    complain(str(error))
    raise typer.Exit(1)
