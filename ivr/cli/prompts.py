"""`freizeichen prompts`: makes the sound files of all dialplans, or says which are missing."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer

from ivr import resources
from ivr.asterisk.install import find_espeak
from ivr.cli.dialplan import files_and_queues, read_plans
from ivr.cli.output import complain, say
from ivr.dialplan.plan import Plan
from ivr.place import SettingsOption, find_place
from ivr.settings import load_settings
from ivr.speech.espeak import EspeakNg, SynthesiserMissing, SynthesisFailed
from ivr.speech.prompts import (
    BuildReport,
    PromptsDiffer,
    RecordingBroken,
    build_prompts,
    missing_prompts,
)

_EVERY = 20  # prompts for each line of progress

Recorded = Annotated[
    Path | None, typer.Option(help="folder with recordings, <language>/<prompt>.wav")
]
Out = Annotated[Path | None, typer.Option(help="folder for the sound files; the run folder's else")]
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
    as_json: AsJson = False,
) -> None:
    """Make every sound file: a recording where there is one, else spoken by espeak-ng."""
    plans, recordings, folder = _what(settings, recorded, out)
    tell = None if as_json else _told_now_and_then
    espeak = find_espeak(resources.cache_folder())
    try:
        report = build_prompts(
            plans, recordings, folder, EspeakNg(espeak) if espeak else None, progress=tell
        )
    except (PromptsDiffer, RecordingBroken, SynthesiserMissing, SynthesisFailed) as error:
        _refuse(str(error))
    except OSError as error:
        _refuse(f"{folder}: {error.strerror}; free some space, or choose another folder by --out")
    if as_json:
        say(json.dumps(_as_json(report), indent=2))
        return
    made = sum(prompt.made for prompt in report.prompts)
    seconds = sum(prompt.seconds for prompt in report.prompts)
    recorded_ones = sum(prompt.source == "recorded" for prompt in report.prompts)
    say(
        f"{folder}: {len(report.prompts)} prompts, {seconds:.0f} s of speech; "
        f"{made} made now, {recorded_ones} recorded, {len(report.removed)} removed"
    )


@app.command("check")
def check(
    settings: SettingsOption = None,
    recorded: Recorded = None,
    out: Out = None,
    as_json: AsJson = False,
) -> None:
    """Name each prompt that is missing or out of date; exit 0 only if there is none."""
    plans, recordings, folder = _what(settings, recorded, out)
    try:
        missing = missing_prompts(plans, recordings, folder)
    except PromptsDiffer as error:
        _refuse(str(error))
    if as_json:
        say(json.dumps({"complete": not missing, "missing": list(missing)}, indent=2))
    elif not missing:
        say(f"{folder}: every prompt is there")
    if missing:
        if not as_json:
            names = "\n".join(f"{folder}/{name}.wav" for name in missing)
            complain(
                f"prompts are missing or out of date; run 'freizeichen prompts build':\n{names}"
            )
        raise typer.Exit(1)


def _what(
    settings: Path | None, recorded: Path | None, out: Path | None
) -> tuple[list[Plan], Path, Path]:
    """The plans of the settings' lines, the recordings, and where the sound files go."""
    place = find_place(settings)
    files, queues = files_and_queues(settings)
    plans, faults = read_plans(files, queues)
    if faults:
        _refuse("the dialplans cannot be used:\n" + "\n".join(map(str, faults)))
    try:
        recordings = resources.recorded_prompts(
            recorded or load_settings(place.settings_file).recorded_prompts
        )
    except resources.ResourceMissing as error:
        _refuse(str(error))
    return plans, recordings, out or place.run_folder / "prompts"


def _told_now_and_then(ready: int, total: int, _name: str) -> None:
    if ready == total or ready % _EVERY == 0:
        say(f"{ready} of {total} prompts are there")


def _as_json(report: BuildReport) -> dict[str, Any]:
    return {
        "out": str(report.out),
        "prompts": [
            {"name": p.name, "source": p.source, "seconds": p.seconds, "made": p.made}
            for p in report.prompts
        ],
        "removed": list(report.removed),
    }


def _refuse(text: str) -> NoReturn:
    complain(text)
    raise typer.Exit(1)
