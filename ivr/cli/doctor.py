"""`freizeichen doctor`: looks at everything that a call needs, and says what to do."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Annotated

import typer

from ivr.cli.output import complain, say
from ivr.doctor.examination import examine, is_well
from ivr.doctor.finding import Finding, State
from ivr.place.place import SettingsOption, find_place

_MARKS = {State.OK: "ok", State.WARNING: "WARNING", State.FAULT: "FAULT", State.UNSEEN: "not seen"}
_WIDE = 9


def doctor(
    settings: SettingsOption = None,
    theirs: Annotated[
        Path | None,
        typer.Option(
            "--asterisk-config",
            metavar="FOLDER",
            help="the configuration of an Asterisk that is not ours, such as /etc/asterisk",
        ),
    ] = None,
    no_call: Annotated[bool, typer.Option("--no-call", help="make no call to the echo")] = False,
    quiet: Annotated[
        bool,
        typer.Option("--quiet", help="only what is not ok; of what was not seen only the codes"),
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="report as JSON")] = False,
) -> None:
    """Look at everything that a call needs, and say what to do; exit 0 only without faults.

    Beside the running service, or before it runs; what could not be looked at is said, and is
    no 'ok'. Nothing is changed. With the service one call is made, by a phone of our own to an
    echo.
    """
    if theirs is not None and not theirs.is_dir():
        complain(f"{theirs} is no folder; name the one that holds asterisk.conf")
        raise typer.Exit(2)
    findings: list[Finding] = []
    for finding in examine(find_place(settings), theirs=theirs, calls=not no_call):
        findings.append(finding)
        untold = as_json or finding.state is State.UNSEEN or (quiet and finding.state is State.OK)
        if not untold:
            _tell(finding)
    if as_json:
        say(json.dumps(_as_json(findings), ensure_ascii=False, indent=1))
    else:
        unseen = [each for each in findings if each.state is State.UNSEEN]
        if quiet and unseen:
            codes = ", ".join(each.code for each in unseen)
            say(f"{_MARKS[State.UNSEEN]:{_WIDE}}{codes}; why: freizeichen doctor")
        else:
            for finding in told_once(unseen):
                _tell(finding)
        say(_summary(findings))
    if not is_well(findings):
        raise typer.Exit(1)


def told_once(findings: Iterable[Finding]) -> list[Finding]:
    """Findings with one reason and one thing to do as one, with all their codes."""
    codes: dict[tuple[State, str, str], list[str]] = {}
    for each in findings:
        codes.setdefault((each.state, each.found, each.do), []).append(each.code)
    return [Finding(", ".join(which), *rest) for rest, which in codes.items()]


def _tell(finding: Finding) -> None:
    first, *more = finding.found.splitlines() or [""]
    say(f"{_MARKS[finding.state]:{_WIDE}}{finding.code}: {first}")
    for line in more:
        say(f"{'':{_WIDE}}{line}")
    if finding.do:
        say(f"{'':{_WIDE}}-> {finding.do}")


def _summary(findings: Sequence[Finding]) -> str:
    counts = Counter(finding.state for finding in findings)
    words = {
        State.FAULT: "faults",
        State.WARNING: "warnings",
        State.UNSEEN: "could not be looked at",
        State.OK: "ok",
    }
    return ", ".join(f"{counts[state]} {word}" for state, word in words.items())


def _as_json(findings: Sequence[Finding]) -> dict[str, object]:
    counts = Counter(finding.state for finding in findings)
    return {
        "ok": is_well(findings),
        "counts": {str(state): counts[state] for state in State},
        "findings": [
            {
                "code": finding.code,
                "state": str(finding.state),
                "found": finding.found,
                "do": finding.do,
            }
            for finding in findings
        ],
    }
