"""Which settings file a command works with, and where beside it a run writes."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from ivr import resources
from ivr.place.runfile import RUN_FOLDER

SettingsOption = Annotated[
    Path | None, typer.Option("--settings", help="the settings file; else ./freizeichen.yaml")
]


SYSTEM_STATE = Path("/var/lib/freizeichen")
_CONFIGURATION = Path("/etc")


@dataclass(frozen=True, slots=True)
class Place:
    """A settings file and the folder beside it where a run writes."""

    settings_file: Path
    run_folder: Path
    is_example: bool


def find_place(explicit: Path | None) -> Place:
    """The named settings file, else `FREIZEICHEN_SETTINGS`, else the one here, else the example.

    A run writes beside it; for a file below /etc, where nothing that runs may write, into the
    system's folder for what services keep.
    """
    named = explicit or (Path(v) if (v := os.environ.get("FREIZEICHEN_SETTINGS")) else None)
    if named is not None:
        return Place(named.resolve(), _run_folder(named.resolve()), is_example=False)
    here = Path.cwd() / "freizeichen.yaml"
    if here.exists():
        return Place(here, _run_folder(here), is_example=False)
    return Place(resources.example_settings(), Path.cwd() / RUN_FOLDER, is_example=True)


def _run_folder(settings: Path) -> Path:
    if settings.is_relative_to(_CONFIGURATION):
        return SYSTEM_STATE
    return settings.parent / RUN_FOLDER
