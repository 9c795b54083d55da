"""`freizeichen prompts`: makes the sound files of all dialplans, or says which are missing."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer

from ivr.cli.dialplan import read_plans
from ivr.cli.output import complain, say
from ivr.dialplan.plan import Plan
from ivr.speech.espeak import EspeakNg, SynthesiserMissing, SynthesisFailed, find_espeak
from ivr.speech.prompts import (
    BuildReport,
    PromptsDiffer,
    RecordingBroken,
    build_prompts,
    missing_prompts,
)

_EVERY = 20  # prompts for each line of progress

Dialplans = Annotated[Path, typer.Option(help="folder with <language>/<name>.yaml")]
Recorded = Annotated[Path, typer.Option(help="folder with recordings, <language>/<prompt>.wav")]
Out = Annotated[Path, typer.Option(help="folder for the sound files")]
Queues = Annotated[list[str] | None, typer.Option(help="a queue that exists; repeatable")]
AsJson = Annotated[bool, typer.Option("--json", help="report as JSON")]

_DIALPLANS, _RECORDED = Path("dialplans"), Path("recordings/prompts")
_OUT = Path(".freizeichen/prompts")

app = typer.Typer(help="What is spoken on the line.", no_args_is_help=True)


@app.callback()
def _group() -> None:
    """What is spoken on the line."""


@app.command("build")
def build(
    dialplans: Dialplans = _DIALPLANS,
    recorded: Recorded = _RECORDED,
    out: Out = _OUT,
    queue: Queues = None,
    as_json: AsJson = False,
) -> None:
    """Make every sound file: a recording where there is one, else spoken by espeak-ng."""
    plans = _plans(dialplans, queue)
    try:
        report = build_prompts(
            plans, recorded, out, _espeak(), progress=None if as_json else _told_now_and_then
        )
    except (PromptsDiffer, RecordingBroken, SynthesiserMissing, SynthesisFailed) as error:
        _refuse(str(error))
    except OSError as error:
        _refuse(f"{out}: {error.strerror}; free some space, or choose another folder by --out")
    if as_json:
        say(json.dumps(_as_json(report), indent=2))
        return
    made = sum(prompt.made for prompt in report.prompts)
    seconds = sum(prompt.seconds for prompt in report.prompts)
    recordings = sum(prompt.source == "recorded" for prompt in report.prompts)
    say(
        f"{out}: {len(report.prompts)} prompts, {seconds:.0f} s of speech; "
        f"{made} made now, {recordings} recorded, {len(report.removed)} removed"
    )


@app.command("check")
def check(
    dialplans: Dialplans = _DIALPLANS,
    recorded: Recorded = _RECORDED,
    out: Out = _OUT,
    queue: Queues = None,
    as_json: AsJson = False,
) -> None:
    """Name each prompt that is missing or out of date; exit 0 only if there is none."""
    plans = _plans(dialplans, queue)
    try:
        missing = missing_prompts(plans, recorded, out)
    except PromptsDiffer as error:
        _refuse(str(error))
    if as_json:
        say(json.dumps({"complete": not missing, "missing": list(missing)}, indent=2))
    elif not missing:
        say(f"{out}: every prompt is there")
    if missing:
        if not as_json:
            names = "\n".join(f"{out}/{name}.wav" for name in missing)
            complain(
                f"prompts are missing or out of date; run 'freizeichen prompts build':\n{names}"
            )
        raise typer.Exit(1)


def _plans(dialplans: Path, queues: list[str] | None) -> list[Plan]:
    files = sorted(dialplans.glob("*/*.yaml"))
    if not files:
        _refuse(f"{dialplans}: no dialplan found; expected <language>/<name>.yaml in it")
    plans, faults = read_plans(files, queues or ["service"])
    if faults:
        _refuse("the dialplans cannot be used:\n" + "\n".join(map(str, faults)))
    return plans


def _espeak() -> EspeakNg | None:
    try:
        return find_espeak()
    except SynthesiserMissing:
        return None  # not needed while every prompt is recorded or still good


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
