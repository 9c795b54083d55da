"""Every check in its order, and what comes of all of them.

The settings come first: with faulty ones nothing else can be looked at. A check that cannot look,
or that meets an error of the system, is `unseen`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

from ivr.doctor import (
    ami,
    calls_out,
    database,
    echo,
    files,
    limits,
    machine,
    modules,
    ports,
    program,
    speech,
    strangers,
    today,
    trunk,
    web,
)
from ivr.doctor.finding import CannotLook, Check, Finding, State, fault, ok, unseen
from ivr.doctor.house import House, open_house
from ivr.place.place import Place
from ivr.settings.settings import Settings, SettingsFaulty, load_settings

CHECKS: Final[tuple[Check, ...]] = (
    *today.CHECKS,
    *program.CHECKS,
    *modules.CHECKS,
    *ami.CHECKS,
    *web.CHECKS,
    *strangers.CHECKS,
    *limits.CHECKS,
    *ports.CHECKS,
    *files.CHECKS,
    *machine.CHECKS,
    *database.CHECKS,
    *speech.CHECKS,
    *trunk.CHECKS,
    *calls_out.CHECKS,
    *echo.CHECKS,
)
CODES: Final = ("settings", *(code for check in CHECKS for code in check.codes))


def examine(place: Place, *, theirs: Path | None = None, calls: bool = True) -> Iterator[Finding]:
    """Look at everything; for each of `CODES` at least one finding, in this order.

    `theirs` is the folder with another Asterisk's configuration, else that of the settings; with
    `calls` a call is made.
    """
    try:
        settings = load_settings(place.settings_file)
    except SettingsFaulty as error:
        for line in error.faults:
            yield fault("settings", line, "mend that line")
        for code in CODES[1:]:
            yield unseen(code, "the settings cannot be used", "mend what 'settings' tells")
        return
    yield _settings(place, settings)
    theirs = theirs or settings.asterisk.config
    with open_house(place, settings, theirs=theirs, calls=calls) as house:
        for check in CHECKS:
            yield from _carried_out(check, house)


def is_well(findings: Iterable[Finding]) -> bool:
    """Whether there is no fault; what could not be looked at is none."""
    return all(finding.state is not State.FAULT for finding in findings)


def _settings(place: Place, settings: Settings) -> Finding:
    if place.is_example:
        return Finding(
            "settings",
            State.WARNING,
            "there is no freizeichen.yaml here: this is the built-in example",
            "run 'freizeichen init'",
        )
    lines = ", ".join(line.number for line in settings.lines)
    return ok("settings", f"{place.settings_file} is in order; lines {lines}")


def _carried_out(check: Check, house: House) -> Iterator[Finding]:
    told: set[str] = set()
    try:
        for finding in check.look(house):
            told.add(finding.code)
            yield finding
    except CannotLook as error:
        found, do = error.found, error.do
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        found = f"{where}{error.strerror or type(error).__name__}"
        do = "run this as the account that runs the service, or as root"
    else:
        return
    for code in check.codes:
        if code not in told:
            yield unseen(code, found, do)
