"""`freizeichen prompts`: makes the sound files of all dialplans, or says what is wrong there."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer

from ivr import resources
from ivr.asterisk.install import find_espeak
from ivr.cli.dialplan import files_and_queues, read_plans
from ivr.cli.output import complain, say
from ivr.dialplan.plan import Plan
from ivr.place.place import SettingsOption, find_place
from ivr.settings.folders import recordings_of
from ivr.settings.settings import load_settings
from ivr.speech.prompt_faults import LONGEST_S, PromptFault, check_prompts, grouped
from ivr.speech.prompts import NOT_BUILT, BuildReport, build_prompts
from ivr.speech.voices import Voices, find_voices

_EVERY = 20  # prompts for each line of progress

Recorded = Annotated[
    Path | None, typer.Option(help="folder with recordings, <language>/<prompt>.wav")
]
Out = Annotated[Path | None, typer.Option(help="folder for the sound files; the run folder's else")]
Longest = Annotated[
    float, typer.Option(min=1, max=90, help="seconds that one prompt may last", metavar="SECONDS")
]
AsJson = Annotated[bool, typer.Option("--json", help="report as JSON")]

app = typer.Typer(help="What is spoken on the line.", no_args_is_help=True)


@app.callback()
def _group() -> None:
    """What is spoken on the line."""


@app.command("build")
def build(
    settings: SettingsOption = None,
    recorded: Recorded = None,
    out: Out = None,
    longest: Longest = LONGEST_S,
    as_json: AsJson = False,
) -> None:
    """Make every sound file: a recording where there is one, else spoken.

    By the Piper voice that the settings name for the language, else by espeak-ng. What is wrong
    with a prompt or a recording is told as `check` tells it; exit 0 if every file could be made of
    what it is to be made of. A recording that cannot be used is named, and its text spoken.
    """
    plans, recordings, folder, voices = _what(settings, recorded, out)
    tell = None if as_json else _told_now_and_then
    try:
        report = build_prompts(plans, recordings, folder, voices, progress=tell)
        faults = check_prompts(plans, recordings, folder, voices, longest_s=longest)
    except NOT_BUILT as error:
        _refuse(str(error))
    except OSError as error:
        _refuse(f"{folder}: {error.strerror}; free some space, or choose another folder by --out")
    if as_json:
        say(json.dumps(_as_json(report, faults), ensure_ascii=False, indent=2))
    else:
        _tell(report, faults)
    if report.unused:
        raise typer.Exit(1)


def _tell(report: BuildReport, faults: tuple[PromptFault, ...]) -> None:
    made = sum(prompt.made for prompt in report.prompts)
    seconds = sum(prompt.seconds for prompt in report.prompts)
    by = Counter(prompt.by for prompt in report.prompts)
    spread = "".join(f", {count} by {name}" for name, count in sorted(by.items()))
    say(
        f"{report.out}: {len(report.prompts)} prompts, {seconds:.0f} s of speech{spread}; "
        f"{made} made now, {len(report.removed)} removed"
    )
    if faults:
        complain("all were made, but there is something to mend about them:\n" + _lines(faults))
    if report.unused:
        count = len(report.unused)
        complain(f"recordings that cannot be used: {count}; their texts are spoken until then")


@app.command("check")
def check(
    settings: SettingsOption = None,
    recorded: Recorded = None,
    out: Out = None,
    longest: Longest = LONGEST_S,
    every: Annotated[
        bool, typer.Option("--all", help="a line for each file that is missing or out of date")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Name each prompt that is missing, out of date or too long, and each faulty recording.

    A recording is faulty if it cannot be read, is clipped or nearly silent, or if no dialplan has
    its prompt. Several files of a language that are missing or out of date are one line, unless
    `--all` is given. Exit 0 only if there is no fault.
    """
    plans, recordings, folder, voices = _what(settings, recorded, out)
    try:
        faults = check_prompts(plans, recordings, folder, voices, longest_s=longest)
    except NOT_BUILT as error:
        _refuse(str(error))
    if as_json:
        say(json.dumps(_faults_as_json(faults), ensure_ascii=False, indent=2))
    elif not faults:
        say(f"{folder}: every prompt is there, and nothing is wrong with any")
    else:
        told = faults if every else grouped(faults)
        complain("there is something to mend about the prompts:\n" + _lines(told))
    if faults:
        raise typer.Exit(1)


def _what(
    settings: Path | None, recorded: Path | None, out: Path | None
) -> tuple[list[Plan], Path, Path, Voices]:
    """The plans of the settings' lines, the recordings, where the sound files go, who speaks."""
    place = find_place(settings)
    files, queues = files_and_queues(settings)
    plans, faults = read_plans(files, queues)
    if faults:
        _refuse("the dialplans cannot be used:\n" + "\n".join(map(str, faults)))
    loaded = load_settings(place.settings_file)
    try:
        recordings = (
            recordings_of(loaded) if recorded is None else resources.recorded_prompts(recorded)
        )
    except resources.ResourceMissing as error:
        _refuse(str(error))
    espeak = find_espeak(resources.cache_folder())
    voices = find_voices(espeak, loaded.speech.voices, loaded.speech.piper)
    return plans, recordings, out or place.run_folder / "prompts", voices


def _told_now_and_then(ready: int, total: int, _name: str) -> None:
    if ready == total or ready % _EVERY == 0:
        say(f"{ready} of {total} prompts are there")


def _lines(faults: Iterable[PromptFault]) -> str:
    return "\n".join(map(str, faults))


def _as_json(report: BuildReport, faults: Iterable[PromptFault]) -> dict[str, Any]:
    return {
        "out": str(report.out),
        "prompts": [
            {
                "name": p.name,
                "source": p.source,
                "by": p.by,
                "seconds": p.seconds,
                "made": p.made,
            }
            for p in report.prompts
        ],
        "removed": list(report.removed),
        "faults": [_fault_as_json(fault) for fault in faults],
    }


def _faults_as_json(faults: tuple[PromptFault, ...]) -> dict[str, Any]:
    missing = [fault.prompt for fault in faults if fault.kind in ("missing", "outdated")]
    return {
        "sound": not faults,
        "complete": not missing,
        "missing": missing,
        "faults": [_fault_as_json(fault) for fault in faults],
    }


def _fault_as_json(fault: PromptFault) -> dict[str, str]:
    return {
        "kind": fault.kind,
        "prompt": fault.prompt,
        "file": str(fault.file),
        "message": fault.message,
    }


def _refuse(text: str) -> NoReturn:
    complain(text)
    raise typer.Exit(1)
