"""`freizeichen explain` and `replay`: what the journal tells of a call, and whether it still holds.

Both read only, whether a service runs or not.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, Any
from zoneinfo import ZoneInfo

import typer

from ivr import explaining
from ivr.cli.output import complain, say
from ivr.explaining import CALL_ID, explain_call
from ivr.journal import as_rows
from ivr.kept import days_folder, store_url
from ivr.place import SettingsOption, find_place
from ivr.settings import SettingsFaulty, load_settings
from queues.centre.explain import way_as_text
from queues.centre.replay import Difference, ReplayReport, Told, replay
from queues.centre.row_faults import RowFault
from queues.ids import CallId
from queues.store import JournalDamaged, StoreError, StoreView

Json = Annotated[bool, typer.Option("--json", help="as JSON")]


def explain_command(
    call: Annotated[str, typer.Argument(help="the call's id, as the API shows it")],
    settings: SettingsOption = None,
    as_json: Json = False,
) -> None:
    """Tell the way of one call through the queue: what was decided, when and why."""
    with _reading(settings) as (view, zone):
        explanation = explain_call(view, CallId(call), zone, _Passed())
    way = explanation.way
    if as_json:
        say(json.dumps(explaining.as_json(explanation), indent=1))
    elif way.entries:
        say(way_as_text(way, explanation.shown).rstrip())
    if not way.entries:
        named = f"call {call}" if CALL_ID.fullmatch(call) else "call of that id"
        complain(f"the journal tells of no {named}; GET /api/v1/calls names those that live")
        raise typer.Exit(1)


def replay_command(settings: SettingsOption = None, as_json: Json = False) -> None:
    """Decide everything in the journal anew, and compare; the exit status is 0 if all is equal."""
    with _reading(settings) as (view, _):
        report = replay(as_rows(view.journal.rows()))
    if as_json:
        say(json.dumps(_report_as_json(report), indent=1))
    else:
        for line in _report_as_text(report):
            say(line)
    if report.differences:
        raise typer.Exit(1)


@contextmanager
def _reading(settings: SettingsOption) -> Iterator[tuple[StoreView, ZoneInfo]]:
    place = find_place(settings)
    try:
        loaded = load_settings(place.settings_file)
        view = StoreView(store_url(loaded, place), days_folder=days_folder(place))
        try:
            yield view, ZoneInfo(loaded.site.zone)
        finally:
            view.close()
    except SettingsFaulty as error:
        complain("the settings cannot be used:\n" + "\n".join(error.faults))
    except (StoreError, RowFault) as error:
        complain(str(error))
    else:
        return
    raise typer.Exit(1)


class _Passed:
    """Tells once of each closed day that is damaged and was passed over."""

    def __init__(self) -> None:
        self._days: set[int] = set()

    def __call__(self, error: JournalDamaged) -> None:
        if error.first_seq not in self._days:
            self._days.add(error.first_seq)
            complain(f"note: left out: {error}")


def _report_as_json(report: ReplayReport) -> dict[str, Any]:
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
    }


def _told_as_json(told: Told | None) -> dict[str, Any] | None:
    return None if told is None else {"type": told.type} | dict(told.fields)


def _report_as_text(report: ReplayReport) -> Iterator[str]:
    yield (
        f"{report.inputs} inputs decided anew, {report.facts} facts compared, "
        f"{report.differences} differences"
    )
    if report.not_recomputed or report.gaps:
        yield f"not decided anew: {report.not_recomputed} facts; gaps: {report.gaps}"
    yield from (_difference(each) for each in report.shown)


def _difference(each: Difference) -> str:
    expected = "nothing" if each.expected is None else each.expected.type
    found = "nothing" if each.found is None else each.found.type
    if each.fault is not None:
        return f"row {each.seq}: deciding it failed ({each.fault})"
    if each.fields:
        return f"row {each.seq}: {expected} differs in {', '.join(each.fields)}"
    return f"row {each.seq}: recorded {expected}, found {found}"
