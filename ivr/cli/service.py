"""`freizeichen service`: the systemd units of this place, shown, written, taken away again."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from ivr import resources
from ivr.cli.output import complain, say
from ivr.place.place import Place, SettingsOption, find_place
from ivr.service.installing import (
    give_folders,
    give_passwords,
    give_secret,
    have_units_read,
    make_account,
)
from ivr.service.units import (
    SYSTEM_CACHE,
    Installation,
    UnitFile,
    UnitsRefused,
    install_units,
    remove_units,
    render_units,
)
from ivr.service.within_reach import refuse_unreadable, refuse_unseen
from ivr.settings.settings import Settings, SettingsFaulty, load_settings

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
    """Write the units; as root also make the account and its folders, and have systemd read it all.

    With `--root` nothing but the units is written, and what is left to do is said.
    `freizeichen service remove` undoes it.
    """
    files, place = _files(settings, user), find_place(settings)
    if not place.settings_file.is_file():
        complain(
            f"{place.settings_file} is not there; write it (freizeichen init), or name another "
            "with --settings"
        )
        raise typer.Exit(1)
    try:
        refuse_unseen(_installation(place, user), _settings(place))
        if root == Path("/") and os.geteuid() == 0:
            refuse_unreadable(_installation(place, user))
        for path in (written := install_units(root, files, force=force)):
            say(f"written: {path}")
        if not written:
            say("all is written already")
        if root == Path("/"):
            _make_ready(place, user)
    except (UnitsRefused, OSError) as error:
        _fail(error)
    if root != Path("/"):
        say("then, as root:")
        for line in (
            "systemd-sysusers",
            f"install -d -o {user} -g {user} {place.run_folder} {_cache()}",
            "systemctl daemon-reload",
        ):
            say(f"  {line}")
    say("next: freizeichen asterisk install; systemctl enable --now freizeichen")


def _make_ready(place: Place, user: str) -> None:
    """Raises `UnitsRefused`, OSError."""
    account = make_account(user)
    give_passwords(account, place.run_folder)
    give_folders(account, (place.run_folder, _cache()))
    say(f"account {user}, with {place.run_folder} and {_cache()}")
    have_units_read()
    settings = _settings(place)
    trunk = None if settings is None else settings.trunk
    secret = None if trunk is None else trunk.password_file
    if secret is not None and give_secret(account, secret):
        say(f"{secret} is now that account's")


@app.command("remove")
def remove(
    settings: SettingsOption = None, user: _User = "freizeichen", root: _Root = Path("/")
) -> None:
    """Take the units away that were written; settings, calls and store stay."""
    try:
        removed = remove_units(root, _files(settings, user))
        for path in removed:
            say(f"removed: {path}")
        if root == Path("/"):
            have_units_read()
    except (UnitsRefused, OSError) as error:
        _fail(error)
    if root == Path("/"):
        say("what runs goes on; to end it: systemctl stop freizeichen freizeichen-asterisk")
    else:
        say("then, as root: systemctl daemon-reload")


def _files(settings: Path | None, user: str) -> tuple[UnitFile, ...]:
    place = find_place(settings)
    if place.is_example:
        complain("no freizeichen.yaml here; name the settings file with --settings")
        raise typer.Exit(1)
    try:
        return render_units(_installation(place, user))
    except (UnitsRefused, resources.ResourceMissing) as error:
        _fail(error)


def _installation(place: Place, user: str) -> Installation:
    command = Path(sys.executable).parent / "freizeichen"
    return Installation(
        command, place.settings_file.absolute(), place.run_folder.absolute(), _cache(), user
    )


def _settings(place: Place) -> Settings | None:
    """None for those with faults, which doctor tells."""
    try:
        return load_settings(place.settings_file)
    except SettingsFaulty:
        return None


def _cache() -> Path:
    """The named cache folder, else the system's: an account of a service has no home."""
    return resources.cache_folder() if "FREIZEICHEN_CACHE" in os.environ else SYSTEM_CACHE


def _fail(error: Exception) -> NoReturn:
    complain(str(error))
    raise typer.Exit(1)
