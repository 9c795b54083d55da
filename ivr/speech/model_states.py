"""How it is with the model of each language: where it lies, who put it there, what it lacks."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from ivr.settings.settings import Line
from ivr.speech.model_trial import trial_fault, was_tried
from ivr.speech.models import SOURCES, locate_model, model_faults

Tell = Callable[[str], None]


def model_rows(
    configured: Mapping[str, Path],
    cache: Path,
    lines: Iterable[Line] = (),
    tell: Tell = lambda _: None,
) -> list[dict[str, Any]]:
    """What is known of each language's model, for `list` and `doctor`."""
    users: dict[str, list[str]] = {}
    for line in lines:
        users.setdefault(line.language, []).append(line.number)
    rows: list[dict[str, Any]] = []
    for language in sorted({*SOURCES, *configured, *users}):
        located = locate_model(language, configured.get(language), cache)
        folder, origin = located if located is not None else (None, None)
        faults = faults_of(language, folder, cache, tell) if folder is not None else ()
        rows.append(
            {
                "language": language,
                "folder": str(folder) if folder is not None else None,
                "origin": origin,
                "ready": folder is not None and not faults,
                "faults": list(faults),
                "lines": users.get(language, []),
            }
        )
    return rows


def faults_of(language: str, folder: Path, cache: Path, tell: Tell) -> tuple[str, ...]:
    """What is wrong with a folder as a model; it is tried once."""
    if faults := model_faults(folder):
        return faults
    fault = tried(folder, language, cache, tell)
    return () if fault is None else (fault,)


def tried(folder: Path, language: str, cache: Path, tell: Tell) -> str | None:
    """What went wrong when the model was tried, now or before."""
    if not was_tried(folder, cache):
        tell(f"{language}: trying the model, once (3 s)")
    return trial_fault(folder, language, cache)
