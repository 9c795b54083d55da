"""`freizeichen asterisk`: finds or fetches the Asterisk that runs, is it, or is included by one."""

from __future__ import annotations

import signal
from pathlib import Path
from typing import Annotated

import typer

from ivr import resources
from ivr.asterisk.install import InstallFailed, find_asterisk, find_espeak, install
from ivr.cannot_start import CannotStart
from ivr.cli.asterisk_config import config_command
from ivr.cli.output import complain, say
from ivr.place.place import SettingsOption, find_place
from ivr.starting.asterisk_apart import run_asterisk
from ivr.starting.leave_root import fill_cache_as_its_owner

app = typer.Typer(help="The Asterisk that carries the calls.", no_args_is_help=True)


@app.callback()
def _group() -> None:
    """The Asterisk that carries the calls."""


app.command("config")(config_command)


@app.command("install")
def install_command(
    binary: Annotated[
        Path | None, typer.Option(help="an Asterisk of yours, to be looked at")
    ] = None,
) -> None:
    """Find an Asterisk on this machine, else fetch one into the cache folder. Needs no root.

    Root does it as the account that the cache folder belongs to.
    """
    fill_cache_as_its_owner()
    cache = resources.cache_folder()
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # so that apt ends with us
    try:
        found = find_asterisk(binary, cache)
        if found is None or find_espeak(cache) is None:
            install(cache, say)
            found = find_asterisk(binary, cache)
    except InstallFailed as error:
        complain(str(error))
        raise typer.Exit(1) from None
    if found is None:
        complain("no Asterisk was found after the installation; delete the cache folder and retry")
        raise typer.Exit(1)
    say(f"Asterisk {'.'.join(map(str, found.version))}: {found.command[-1]}")


@app.command("run")
def run_command(settings: SettingsOption = None) -> None:
    """Be the Asterisk of this place, apart from the service, which may come and go.

    For a service with `asterisk.runs_by_itself`. Ending it ends all calls.
    """
    place = find_place(settings)
    try:
        run_asterisk(place, say)
    except (CannotStart, OSError) as error:
        complain(str(error))
        raise typer.Exit(1) from None
