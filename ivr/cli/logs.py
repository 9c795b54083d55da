"""`freizeichen logs`: what was logged of one call."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer

from ivr.cli.output import complain, say
from ivr.logs.call_lines import lines_of, shown
from ivr.logs.log import log_files
from ivr.place.place import Place, SettingsOption, find_place
from ivr.settings.settings import SettingsFaulty, load_settings


class _NoLog(Exception):
    """There is no log to be read; the text says what to do."""


def logs(
    call: Annotated[str, typer.Argument(help="the id of a call, as in the API")],
    settings: SettingsOption = None,
    source: Annotated[
        str | None, typer.Option("--from", help="another file, or - for standard input")
    ] = None,
    unit: Annotated[str, typer.Option(help="the unit whose journal is read")] = "freizeichen",
    as_json: Annotated[bool, typer.Option("--json", help="a line of JSON for each")] = False,
) -> None:
    """Print what was logged of one call; the exit status is 0 only if there was anything.

    From the log file, or from the system's journal where the settings say `log: {to: journal}`.
    """
    try:
        found = lines_of(call, _lines(find_place(settings), source, unit))
    except SettingsFaulty as error:
        complain("the settings cannot be used:\n" + "\n".join(error.faults))
        raise typer.Exit(1) from None
    except (_NoLog, OSError) as error:
        complain(str(error))
        raise typer.Exit(1) from None
    for values in found:
        say(json.dumps(values, ensure_ascii=False) if as_json else shown(values))
    if not found:
        complain("nothing in the log is about a call of this id")
        raise typer.Exit(1)


def _lines(place: Place, source: str | None, unit: str) -> Iterator[str]:
    if source == "-":
        yield from sys.stdin
        return
    if source is not None:
        files = [Path(source)]
    elif load_settings(place.settings_file).log.to == "journal":
        yield from _journal(unit)
        return
    else:
        files = log_files(place.run_folder / "log")
        if not files:
            raise _NoLog(f"there is no log in {place.run_folder / 'log'}; start the service once")
    for path in files:
        with path.open(encoding="utf-8", errors="replace") as file:
            yield from file


def _journal(unit: str) -> Iterator[str]:
    command = ["journalctl", "--quiet", "--no-pager", "--output=cat", f"--unit={unit}"]
    try:
        reading = subprocess.Popen(  # noqa: S603  (a fixed command, and a unit's name as one word)
            command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, errors="replace"
        )
    except FileNotFoundError:
        raise _NoLog("journalctl is not on this machine; name a file with --from") from None
    with reading:  # a journal of months is larger than what memory there is
        yield from reading.stdout or ()
    if reading.returncode != 0:
        raise _NoLog(
            "the system's journal cannot be read; try it as root, or as a member of the group "
            "systemd-journal"
        )
