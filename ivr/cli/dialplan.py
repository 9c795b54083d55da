"""`freizeichen dialplan`: says of dialplans whether they may answer calls, and what to mend."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Annotated

import typer

from ivr import resources
from ivr.cli.output import complain, say
from ivr.dialplan.faults import DialplanFaulty, Fault
from ivr.dialplan.hand_overs import HandOver, hand_overs
from ivr.dialplan.load import load_plan
from ivr.dialplan.plan import Plan
from ivr.dialplan.staff import UNKNOWN_STAFF, Staff
from ivr.place.place import SettingsOption, find_place
from ivr.settings.folders import dialplans_of, missing_plans
from ivr.settings.settings import Settings, SettingsFaulty, load_settings
from ivr.speech.models import find_model
from ivr.speech.unheard import unheard_phrases
from ivr.speech.vosk_model import ModelBroken, VoskVocabulary

Tell = Callable[[str], None]

app = typer.Typer(help="What a caller is led through.", no_args_is_help=True)


@app.callback()
def _group() -> None:
    """What a caller is led through."""


@app.command("check")
def check(
    files: Annotated[
        list[Path] | None,
        typer.Argument(
            help="dialplans to check; those of the settings' lines without", metavar="FILE"
        ),
    ] = None,
    queue: Annotated[list[str] | None, typer.Option(help="a queue that exists; repeatable")] = None,
    settings: SettingsOption = None,
    no_models: Annotated[
        bool, typer.Option("--no-models", help="do not look for words that a model cannot hear")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="report as JSON")] = False,
) -> None:
    """Check dialplans; exit 0 only if every one may answer calls.

    Words that the model of a plan's language does not know are noted, and are no faults: keys
    remain.
    """
    loaded, folder = _settings_and_dialplans(settings)
    plans, faults = read_plans(
        files or _files(loaded, folder),
        queue or [q.id for q in loaded.queues],
        UNKNOWN_STAFF if queue else loaded.staff,
    )
    on_terminal = sys.stdout.isatty() and not as_json
    unheard, notes = _heard_by_models(
        [] if no_models else plans, loaded.speech.models, say if on_terminal else lambda _: None
    )
    if as_json:
        report = {
            "sound": not faults,
            "plans": [
                {
                    "file": p.file,
                    "language": p.language,
                    "nodes": len(p.nodes),
                    "hash": p.hash,
                    "queues": [_as_json(each) for each in hand_overs(p, loaded.staff)],
                }
                for p in plans
            ],
            "faults": _as_rows(faults),
            "unheard": _as_rows(unheard),
            "notes": notes,
        }
        say(json.dumps(report, ensure_ascii=False, indent=2))
    else:
        for plan in plans:
            say(f"{plan.file}: sound ({len(plan.nodes)} nodes, {len(plan.prompts)} prompts)")
            for each in hand_overs(plan, loaded.staff):
                if each.says_more:
                    say(f"  {each}")
        for note in [*map(str, unheard), *notes]:
            say(f"note: {note}")
    if faults:
        if not as_json:
            complain("the dialplans cannot be used:\n" + "\n".join(map(str, faults)))
        raise typer.Exit(1)


def files_and_queues(settings: Path | None) -> tuple[list[Path], list[str]]:
    """The dialplans and queues that the settings name. Ends the command when these are faulty."""
    loaded, folder = _settings_and_dialplans(settings)
    return _files(loaded, folder), [queue.id for queue in loaded.queues]


def read_plans(
    files: list[Path], queues: list[str], staff: Staff = UNKNOWN_STAFF
) -> tuple[list[Plan], list[Fault]]:
    """The plans that hold, and every fault of the others; a file that cannot be read is a fault."""
    plans: list[Plan] = []
    faults: list[Fault] = []
    for file in files:
        try:
            plans.append(load_plan(file.read_bytes(), file=str(file), queues=queues, staff=staff))
        except OSError as error:
            faults.append(Fault(str(file), 1, f"cannot be read: {error.strerror}; mend the path"))
        except DialplanFaulty as error:
            faults.extend(error.faults)
    return plans, faults


def _settings_and_dialplans(settings: Path | None) -> tuple[Settings, Path]:
    try:
        loaded = load_settings(find_place(settings).settings_file)
        return loaded, dialplans_of(loaded)
    except (SettingsFaulty, resources.ResourceMissing) as error:
        complain(str(error))
        raise typer.Exit(1) from None


def _files(settings: Settings, folder: Path) -> list[Path]:
    """Those that the lines name. Ends the command when one is not there."""
    if faults := missing_plans(settings, folder):
        complain("the dialplans cannot be used:\n" + "\n".join(faults))
        raise typer.Exit(1)
    return [folder / name for name in dict.fromkeys(line.dialplan for line in settings.lines)]


def _heard_by_models(
    plans: list[Plan], configured: Mapping[str, Path], tell: Tell
) -> tuple[list[Fault], list[str]]:
    """What the models do not know of the plans that listen, and a note for each that is not there.

    One model at a time is in memory.
    """
    unheard: list[Fault] = []
    notes: list[str] = []
    for language in sorted({plan.language for plan in plans if plan.listens}):
        folder = find_model(language, configured.get(language), resources.cache_folder())
        if folder is None:
            notes.append(
                f"no model for '{language}': callers of its lines use keys; "
                f"run 'freizeichen models fetch {language}'"
            )
            continue
        tell(f"loading the model of {language}")
        try:
            vocabulary = VoskVocabulary(folder, language)
        except ModelBroken as error:
            notes.append(f"callers in '{language}' use keys: {error}")
            continue
        for plan in plans:
            if plan.language == language:
                unheard += unheard_phrases(plan, vocabulary.unknown)
    return unheard, notes


def _as_json(each: HandOver) -> dict[str, object]:
    need = {
        "skills": {skill.skill: skill.level for skill in each.need.skills},
        "language": each.need.language,
    }
    return {
        "node": each.node,
        "queue": each.queue,
        "need": need,
        "priority_s": each.priority_s,
    }


def _as_rows(faults: list[Fault]) -> list[dict[str, object]]:
    return [{"file": f.file, "line": f.line, "message": f.message} for f in faults]
