"""The folders of data that settings name, or those that come along; one that is missing is told.

A fault begins with the place of the setting, and says what was expected there.
"""

from __future__ import annotations

from pathlib import Path

from ivr import resources
from ivr.dialplan.faults import did_you_mean
from ivr.settings.settings import Settings

_MOST_SHOWN = 10


def dialplans_of(settings: Settings) -> Path:
    """The folder with `<language>/<name>.yaml`; raises `ResourceMissing`."""
    named = settings.dialplans
    if named is not None and not named.is_dir():
        asked = ", ".join(dict.fromkeys(line.dialplan for line in settings.lines))
        raise _missing(settings, "dialplans", named, f"a folder that holds {asked}")
    return resources.dialplans(named)


def recordings_of(settings: Settings) -> Path:
    """The folder with `<language>/<prompt id>.wav`; raises `ResourceMissing`."""
    named = settings.recorded_prompts
    if named is not None and not named.is_dir():
        raise _missing(settings, "recorded_prompts", named, "a folder with <language>/<prompt>.wav")
    return resources.recorded_prompts(named)


def missing_plans(settings: Settings, folder: Path) -> list[str]:
    """A fault for each line whose dialplan is no file of the folder."""
    faults: list[str] = []
    for n, line in enumerate(settings.lines):
        if (folder / line.dialplan).is_file():
            continue
        there = (*folder.glob("*.yaml"), *folder.glob("*/*.yaml"))
        known = sorted(str(each.relative_to(folder)) for each in there)
        shown = ", ".join(known[:_MOST_SHOWN]) + (" and others" if known[_MOST_SHOWN:] else "")
        mend = f"name one that is there ({shown or 'none yet'}), or write it"
        faults.append(
            f"{settings.where('lines', n, 'dialplan')}: there is no file {line.dialplan} in "
            f"{folder.absolute()}; {did_you_mean(line.dialplan, known, mend)}"
        )
    return faults


def _missing(
    settings: Settings, setting: str, folder: Path, expected: str
) -> resources.ResourceMissing:
    why = "is a file" if folder.exists() else "is not there"
    return resources.ResourceMissing(
        f"{settings.where(setting)}: {folder.absolute()} {why}; expected {expected}: make it, name "
        "another, or take the setting out, for those that come along"
    )
