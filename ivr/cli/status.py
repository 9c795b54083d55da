"""`freizeichen status`: whether a call would be answered now, and where everything is."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Annotated

import httpx
import typer

from ivr.cli.output import complain, say
from ivr.cli.summary import summary
from ivr.place.asking import NoAnswer, ask
from ivr.place.place import SettingsOption, find_place
from ivr.place.runfile import ServiceNotRunning, read_run_file


def status(
    settings: SettingsOption = None,
    as_json: Annotated[bool, typer.Option("--json", help="addresses and accounts as JSON")] = False,
) -> None:
    """Say whether a call would be answered; the exit status is 0 only then."""
    try:
        run = read_run_file(find_place(settings).run_folder)
    except ServiceNotRunning as error:
        complain(str(error))
        raise typer.Exit(1) from None
    try:
        answer, health = ask(run, "GET", "/health")
    except NoAnswer as error:
        complain(str(error))
        raise typer.Exit(1) from None
    if as_json:
        say(json.dumps({"health": health} | asdict(run), indent=1))
    else:
        checks = ", ".join(f"{name} {state}" for name, state in health.get("checks", {}).items())
        say(f"{health.get('status', 'unknown'):12} {checks}")
        for part, reasons in health.get("reasons", {}).items():
            for reason in reasons:
                say(f"{part:12} {reason.get('text')}")
        for row in summary(run):
            say(row)
    if answer.status_code != httpx.codes.OK:
        raise typer.Exit(1)
