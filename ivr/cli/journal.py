"""`freizeichen explain`: what the journal tells of a call. It reads only, beside a service too."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated
from zoneinfo import ZoneInfo

import typer

from ivr.cli.output import complain, say
from ivr.explanations import explaining
from ivr.explanations.explaining import CALL_ID, explain_call
from ivr.keeping.kept import days_folder, store_url
from ivr.place.place import SettingsOption, find_place
from ivr.settings.settings import SettingsFaulty, load_settings
from queues.centre.explanations.explain import way_as_text
from queues.centre.journal.row_faults import RowFault
from queues.ids import CallId
from queues.store import JournalDamaged, StoreError, StoreView

Json = Annotated[bool, typer.Option("--json", help="as JSON")]


def explain_command(
    call: Annotated[str, typer.Argument(help="the call's id, as the API shows it")],
    settings: SettingsOption = None,
    as_json: Json = False,
) -> None:
    """Tell the way of one call through the queue: what was decided, when and why."""
    with reading(settings) as (view, zone):
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


@contextmanager
def reading(settings: SettingsOption) -> Iterator[tuple[StoreView, ZoneInfo]]:
    """The store to look into and the site's zone; what keeps from it is told, and ends with 1."""
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
