"""`freizeichen replay DATE --with CHANGES.yaml`: what a day would have been with other staffing."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

import typer

from ivr.cli.day_files import SHARES, text_of
from ivr.cli.journal import reading
from ivr.cli.output import Progress, complain, say
from ivr.keeping.journal import as_rows
from ivr.place.place import SettingsOption
from queues.centre.values.needs import words_of
from queues.simulation.changes import Changes, changed
from queues.simulation.fields import DayFaulty
from queues.simulation.fit import Laws, NobodyServed, fit
from queues.simulation.laws import Endless
from queues.simulation.read_changes import read_changes
from queues.simulation.recorded import Kind, RecordedDay, Recorder
from queues.simulation.what_if import SEEDS, Range, as_recorded, ranges, simulated
from queues.store import StoreView

_ROWS_TOLD: Final = 20_000


@dataclass(frozen=True, slots=True)
class _Answer:
    day: RecordedDay
    laws: Mapping[Kind, Laws]
    mark_s: float
    recorded: Mapping[str, float]
    unchanged: Mapping[str, Range]
    changed: Mapping[str, Range]


def what_if(when: str, file: Path, settings: SettingsOption, *, as_json: bool) -> None:
    """Simulate a day of the journal with and without changes; ends with 1 if that cannot be."""
    on = _date(when)
    text = text_of(file)
    with reading(settings) as (view, zone):
        day = _recorded(view, on, zone)
    if not day.stays:
        complain(f"the journal tells of no call that waited on {on}")
        raise typer.Exit(1)
    try:
        changes = read_changes(text, str(file), day, partial(_seconds, on, zone))
        answer = _answer(day, changes)
    except DayFaulty as error:
        complain("the changes cannot be made:\n" + "\n".join(error.faults))
        raise typer.Exit(1) from None
    except NobodyServed:
        complain(f"nobody talked on {on}: nothing tells how long talks last")
        raise typer.Exit(1) from None
    if as_json:
        say(json.dumps(_as_json(on, answer), indent=1))
        return
    for line in _as_text(on, answer):
        say(line)


def _date(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        complain("expected a date such as 2026-06-01")
        raise typer.Exit(2) from None


def _at(on: date, zone: ZoneInfo, minutes: int) -> float:
    """So many minutes of the day by the clock on the wall, in Unix seconds."""
    days, within = divmod(minutes, 24 * 60)
    day = on + timedelta(days=days)
    hour, minute = divmod(within, 60)
    return datetime(day.year, day.month, day.day, hour, minute, tzinfo=zone).timestamp()


def _seconds(on: date, zone: ZoneInfo, minutes: int) -> float:
    return _at(on, zone, minutes) - _at(on, zone, 0)


def _recorded(view: StoreView, on: date, zone: ZoneInfo) -> RecordedDay:
    """Read the journal from its first row: only so it is known who was there at the begin."""
    recorder = Recorder(_at(on, zone, 0), _at(on, zone, 24 * 60))
    progress = Progress("rows of the journal read")
    for number, row in enumerate(as_rows(view.journal.rows()), 1):
        if not recorder.take(row):
            break
        if number % _ROWS_TOLD == 0:
            progress.step(_ROWS_TOLD)
    progress.end()
    return recorder.day()


def _answer(day: RecordedDay, changes: Changes) -> _Answer:
    laws = fit(day)
    jobs = [(each, seed) for each in (day, changed(day, changes)) for seed in SEEDS]
    progress = Progress("draws simulated", len(jobs))
    runs = []
    with ProcessPoolExecutor(min(len(jobs), os.cpu_count() or 1)) as pool:
        days, seeds = zip(*jobs, strict=True)
        for run in pool.map(partial(_run, laws, changes.mark_s), days, seeds):
            runs.append(run)
            progress.step()
    progress.end()
    return _Answer(
        day,
        laws,
        changes.mark_s,
        as_recorded(day, changes.mark_s),
        ranges(runs[: len(SEEDS)]),
        ranges(runs[len(SEEDS) :]),
    )


def _run(laws: Mapping[Kind, Laws], mark_s: float, day: RecordedDay, seed: int) -> dict[str, float]:
    return simulated(day, laws, mark_s, seed)


def _as_text(on: date, answer: _Answer) -> Iterator[str]:
    yield (
        f"{on}: {len(answer.day.stays)} waits, {len(SEEDS)} draws, mark {answer.mark_s:g} s; "
        "median (lowest to highest)"
    )
    yield f"  {'':28} {'recorded':>9}   {'simulated as it was':30} with the changes"
    for name, found in answer.changed.items():
        if name == "callers" or (name in SHARES and not _is_there(answer, name)):
            continue
        percent, unit = (100, "%") if name in SHARES else (1, "s" if "_s" in name else "")
        recorded = answer.recorded.get(name)
        first = "" if recorded is None else f"{percent * recorded:.2f}"
        before = answer.unchanged.get(name)
        cells = ["" if each is None else _range(each, percent) for each in (before, found)]
        yield f"  {name:28} {first:>9}   {cells[0]:30} {cells[1]:30} {unit}".rstrip()
    yield "laws of the day, from what was seen:"
    for kind, laws in answer.laws.items():
        stay = "endless" if isinstance(laws.patience, Endless) else f"{laws.patience.mean:.0f} s"
        yield (
            f"  {kind.queue}, {words_of(kind.need)}: talks {laws.talk.mean:.0f} s "
            f"(log sd {laws.talk.log_sd:.2f}, of {laws.talks}), patience {stay} "
            f"(of {laws.hang_ups} who hung up)"
        )
    if answer.day.left_out:
        yield f"left out: {answer.day.left_out} talks that went on when the day began"
    if answer.day.gaps:
        yield f"the journal has {answer.day.gaps} gaps on this day; what lies in them is missing"


def _is_there(answer: _Answer, name: str) -> bool:
    """Tell whether a share is more than 0 anywhere: most days have no call without an end."""
    known = (answer.unchanged[name].high, answer.changed[name].high, answer.recorded[name])
    return any(share > 0 for share in known)


def _range(found: Range, percent: int) -> str:
    low, middle, high = (f"{percent * v:.2f}" for v in (found.low, found.middle, found.high))
    return f"{middle:>8} ({low} to {high})"


def _as_json(on: date, answer: _Answer) -> dict[str, Any]:
    return {
        "date": on.isoformat(),
        "seeds": [SEEDS[0], SEEDS[-1]],
        "mark_s": answer.mark_s,
        "recorded": {name: round(value, 6) for name, value in answer.recorded.items()},
        "unchanged": _ranges_as_json(answer.unchanged),
        "changed": _ranges_as_json(answer.changed),
        "laws": [
            {
                "queue": kind.queue,
                "need": words_of(kind.need),
                "talk_mean_s": round(laws.talk.mean, 3),
                "talk_log_sd": round(laws.talk.log_sd, 4),
                "talks": laws.talks,
                "patience_mean_s": None
                if isinstance(laws.patience, Endless)
                else round(laws.patience.mean, 3),
                "hang_ups": laws.hang_ups,
            }
            for kind, laws in answer.laws.items()
        ],
        "left_out": answer.day.left_out,
        "gaps": answer.day.gaps,
    }


def _ranges_as_json(found: Mapping[str, Range]) -> dict[str, Any]:
    return {
        name: {
            "low": round(each.low, 6),
            "median": round(each.middle, 6),
            "high": round(each.high, 6),
        }
        for name, each in found.items()
    }
