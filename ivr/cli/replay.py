"""`freizeichen replay`: whether the journal still holds. It reads only, beside a service too.

With a date and changes it asks something else, which `what_if.py` answers.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from ivr.cli.journal import Json, reading
from ivr.cli.output import complain, say
from ivr.cli.what_if import what_if
from ivr.keeping.journal import as_rows
from ivr.keeping.kept import key_file
from ivr.place.place import SettingsOption, find_place
from queues.centre.replay import MOST_SHOWN, Difference, ReplayReport, Told, replay
from queues.store import KeyUnusable, SealCheck, StoreView, seals_to_check

_PROVES: Final = (
    "This proves that today's code decides the same from the recorded inputs, and that nobody "
    "without the key file has altered a sealed row.",
    "It does not prove that what came in was true, that no rows behind the last one were cut off "
    "(unless records or snapshots tell of them), or anything of rows without a seal.",
)


@dataclass(frozen=True, slots=True)
class _Replayed:
    report: ReplayReport
    seals: SealCheck | None  # None: `why_not`
    why_not: str
    cut_after: int | None  # the last row, if what was made of the journal tells of later ones

    @property
    def all_holds(self) -> bool:
        faults = self.report.differences or self.report.misfits or self.cut_after is not None
        if faults or self.seals is None:
            return False
        return not self.seals.broken and not self.seals.unproved


def replay_command(
    date: Annotated[
        str | None, typer.Argument(help="with --with: a day of the site, such as 2026-06-01")
    ] = None,
    changes: Annotated[
        Path | None, typer.Option("--with", help="a file that says what is to be changed in it")
    ] = None,
    settings: SettingsOption = None,
    as_json: Json = False,
) -> None:
    """Decide everything in the journal anew, compare, and check each row's seal.

    The exit status is 0 only if all is equal and every seal could be checked and fits.

    With a DATE and --with CHANGES.yaml instead: simulate that day 20 times as it was, and with
    those changes in staffing or settings.
    """
    if (date is None) != (changes is None):
        complain("expected both DATE and --with CHANGES.yaml, or neither")
        raise typer.Exit(2)
    if date is not None and changes is not None:
        what_if(date, changes, settings, as_json=as_json)
        return
    with reading(settings) as (view, _):
        replayed = _replay(view, settings)
    if as_json:
        say(json.dumps(_as_json(replayed), indent=1))
    else:
        for line in _as_text(replayed):
            say(line)
    if not replayed.all_holds:
        raise typer.Exit(1)


def _replay(view: StoreView, settings: SettingsOption) -> _Replayed:
    told_until = view.told_until()
    rows, seals, why_not, last = view.journal.rows(), None, "", 0
    try:
        known = seals_to_check(key_file(find_place(settings)))
        seals = SealCheck(known, view.sealed_from(known))
        rows = seals.passed(rows)
    except KeyUnusable as error:
        why_not = str(error)

    def counted() -> Iterator[Any]:
        nonlocal last
        for row in rows:
            last = row.seq
            yield row

    report = replay(as_rows(counted()))
    return _Replayed(report, seals, why_not, last if last < told_until else None)


def _as_json(replayed: _Replayed) -> dict[str, Any]:
    report, seals = replayed.report, replayed.seals
    return {
        "inputs": report.inputs,
        "facts": report.facts,
        "differences": report.differences,
        "not_recomputed": report.not_recomputed,
        "gaps": report.gaps,
        "shown": [
            {
                "seq": each.seq,
                "expected": _told_as_json(each.expected),
                "found": _told_as_json(each.found),
                "fields": list(each.fields),
                "fault": each.fault,
            }
            for each in report.shown
        ],
        "misfits": report.misfits,
        "shown_misfits": [{"seq": each.seq, "what": each.what} for each in report.shown_misfits],
        "seals": None
        if seals is None
        else {
            "fitting": seals.fitting,
            "without": seals.without,
            "unproved": seals.unproved,
            "sealed_from": seals.sealed_from,
            "broken": len(seals.broken),
            "shown_broken": seals.broken[:MOST_SHOWN],
        },
        "cut_after": replayed.cut_after,
        "proves": list(_PROVES),
    }


def _told_as_json(told: Told | None) -> dict[str, Any] | None:
    return None if told is None else {"type": told.type} | dict(told.fields)


def _as_text(replayed: _Replayed) -> Iterator[str]:
    report, seals = replayed.report, replayed.seals
    yield (
        f"{report.inputs} inputs decided anew, {report.facts} facts compared, "
        f"{report.differences} differences"
    )
    if report.not_recomputed or report.gaps:
        yield f"not decided anew: {report.not_recomputed} facts; gaps: {report.gaps}"
    yield from (_difference(each) for each in report.shown)
    yield from (f"row {each.seq}: {each.what}" for each in report.shown_misfits)
    if seals is None:
        yield f"seals were not checked: {replayed.why_not}"
    else:
        yield (
            f"seals: {seals.fitting} rows fit theirs, {len(seals.broken)} do not, "
            f"{seals.without} have none"
            + ("" if seals.unproved else ", from before there were any")
        )
        if seals.unproved:
            yield (
                "not proved: rows without a seal may have had one, for the note of the first row "
                "with one is not there, or was altered; the first start of this version makes it"
            )
        for seq in seals.broken[:MOST_SHOWN]:
            yield f"row {seq}: was altered, or sealed with another key"
    if replayed.cut_after is not None:
        yield f"rows behind row {replayed.cut_after} are missing: records or snapshots tell of them"
    yield from _PROVES


def _difference(each: Difference) -> str:
    expected = "nothing" if each.expected is None else each.expected.type
    found = "nothing" if each.found is None else each.found.type
    if each.fault is not None:
        return f"row {each.seq}: deciding it failed ({each.fault})"
    if each.fields:
        return f"row {each.seq}: {expected} differs in {', '.join(each.fields)}"
    return f"row {each.seq}: recorded {expected}, found {found}"
