"""What is said and heard: dialplans, the files of the prompts, a model for each language."""

from __future__ import annotations

from collections.abc import Iterator

from ivr import resources
from ivr.asterisk.install import find_espeak
from ivr.cannot_start import CannotStart
from ivr.doctor.finding import CannotLook, Check, Finding, fault, ok, warning
from ivr.doctor.house import House
from ivr.settings.folders import recordings_of
from ivr.speech.model_states import model_rows
from ivr.speech.models import SOURCES
from ivr.speech.prompt_faults import check_prompts, grouped
from ivr.speech.prompts import NOT_BUILT
from ivr.speech.voices import find_voices
from ivr.starting.preparation import load_plans

_NOT_THERE = frozenset({"missing", "outdated"})
_NOT_PLAYED = frozenset({"unreadable", "too_short"})


def look_at_dialplans(house: House) -> Iterator[Finding]:
    """The dialplan of every line can be followed."""
    code = "dialplans"
    try:
        plans = load_plans(house.settings)
    except (CannotStart, resources.ResourceMissing) as error:
        yield fault(code, str(error), "mend the lines named; 'freizeichen dialplan check' helps")
    else:
        yield ok(code, f"{len(plans)} lines, {len({plan.hash for plan in plans.values()})} plans")


def look_at_prompts(house: House) -> Iterator[Finding]:
    """Every prompt of the lines has a sound file that can be played."""
    code = "prompts"
    settings = house.settings
    try:
        recordings = recordings_of(settings)
    except resources.ResourceMissing as error:
        yield fault(code, str(error), "make that folder, or take the setting out")
        return
    try:
        plans = list({plan.hash: plan for plan in load_plans(settings).values()}.values())
        faults = check_prompts(
            plans,
            recordings,
            house.place.run_folder / "prompts",
            find_voices(find_espeak(house.cache), settings.speech.voices, settings.speech.piper),
        )
    except (CannotStart, resources.ResourceMissing):
        raise CannotLook("the dialplans cannot be read", "mend what 'dialplans' tells") from None
    except NOT_BUILT as error:
        yield fault(code, str(error), "mend that, then run 'freizeichen prompts build'")
        return
    told = "; ".join(str(each) for each in grouped(faults))
    if not faults:
        yield ok(code, "every prompt is there, and nothing is wrong with any")
    elif any(each.kind in _NOT_PLAYED for each in faults):
        yield fault(code, told, "record it anew, or take it away: its text is spoken until then")
    elif all(each.kind in _NOT_THERE for each in faults) and house.service is None:
        yield warning(code, told, "nothing: the next start speaks them")
    elif any(each.kind in _NOT_THERE for each in faults):
        yield fault(code, told, "run 'freizeichen prompts build': callers hear nothing there")
    else:
        yield warning(code, told, "run 'freizeichen prompts check', and mend what it names")


def look_at_models(house: House) -> Iterator[Finding]:
    """The language of every line is understood when it is spoken."""
    code = "models"
    rows = model_rows(house.settings.speech.models, house.cache, house.settings.lines)
    used = [row for row in rows if row["lines"]]
    broken = [row for row in used if row["faults"]]
    missing = [row for row in used if row["folder"] is None]
    if broken:
        found = "; ".join(f"{row['folder']}: {', '.join(row['faults'])}" for row in broken)
        yield fault(code, found, "run 'freizeichen models list', which says how to mend each")
    elif missing:
        languages = [row["language"] for row in missing]
        known = [language for language in languages if language in SOURCES]
        do = f"run 'freizeichen models fetch {' '.join(known)}', then start again"
        if not known:
            do = f"name a folder as speech.models.{languages[0]}"
        found = f"no model for {', '.join(languages)}: callers of its lines use keys"
        yield warning(code, found, do)
    else:
        yield ok(code, f"models are there for {', '.join(row['language'] for row in used)}")


CHECKS = (
    Check(("dialplans",), look_at_dialplans),
    Check(("prompts",), look_at_prompts),
    Check(("models",), look_at_models),
)
