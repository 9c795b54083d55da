"""`freizeichen explain`: what the journal tells of a call. It reads only, beside a service too."""

from __future__ import annotations

import json
import re
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from heapq import merge
from typing import Annotated, Any
from zoneinfo import ZoneInfo

import typer

from ivr.cli.output import complain, say
from ivr.journal import as_rows
from ivr.kept import days_folder, store_url
from ivr.place import SettingsOption, find_place
from ivr.settings import SettingsFaulty, load_settings
from ivr.snapshots import read_snapshot
from queues.centre.explain import Way, asked_anew, explain, way_as_text
from queues.centre.house_facts import ClockReanchored
from queues.centre.inputs import CallArrived, QueueEntered
from queues.centre.recompute import Recomputed, recompute
from queues.centre.row_faults import RowFault
from queues.centre.snapshot import UNDERSTOOD, SnapshotUnreadable, from_snapshot
from queues.centre.state import Centre
from queues.ids import CallId
from queues.store import JournalDamaged, JournalRow, Kind, StoreError, StoreView

Json = Annotated[bool, typer.Option("--json", help="as JSON")]
_OFFER_MADE = "offer_made"
_BEGINS = frozenset({CallArrived.TYPE, QueueEntered.TYPE})
_NO_END = 2**62
_CALL_ID = re.compile(r"[A-Za-z0-9._:-]{1,80}")


def explain_command(
    call: Annotated[str, typer.Argument(help="the call's id, as the API shows it")],
    settings: SettingsOption = None,
    as_json: Json = False,
) -> None:
    """Tell the way of one call through the queue: what was decided, when and why."""
    with reading(settings) as (view, zone):
        passed = _Passed()
        way, after = _explain(view, CallId(call), passed)
        way = asked_anew(way, _asked_anew(view, way, passed))
        to_wall = _wall_clock(view, after, passed)

    def shown(at: float) -> str:
        return _shown(to_wall(at), zone)

    if as_json:
        say(json.dumps(_way_as_json(way, shown), indent=1))
    elif way.entries:
        say(way_as_text(way, shown).rstrip())
    if not way.entries:
        named = f"call {call}" if _CALL_ID.fullmatch(call) else "call of that id"
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


def _explain(view: StoreView, call: CallId, passed: _Passed) -> tuple[Way, int]:
    """The rows of a call and of its offers in one order, and the row after which they all lie.

    Files of closed days are read only where the table does not tell of the call's beginning.
    """
    after = view.journal.closed_until()
    own = _of_a_call(view.journal.rows(after, subject=call))
    if after and (not own or own[0].type not in _BEGINS):
        after = 0
        own = _of_a_call(view.journal.rows(subject=call, past=passed))
    offers = {str(row.values()["offer"]) for row in own if row.type == _OFFER_MADE}
    rows = merge(
        own,
        *(view.journal.rows(after, subject=offer, past=passed) for offer in offers),
        key=lambda row: row.seq,
    )
    return explain(call, as_rows(rows)), after


def _of_a_call(rows: Iterable[JournalRow]) -> list[JournalRow]:
    """Those that tell of a call: other things have rows of their own under their names."""
    return [row for row in rows if "call" in row.values()]


def _asked_anew(view: StoreView, way: Way, passed: _Passed) -> list[Recomputed]:
    """Each decision of the way, decided again on the state before it; none where it is not known.

    Where no snapshot from before it is kept, that state follows from the first row of all.
    """
    wanted = {entry.seq for entry in way.entries if "policy" in entry.ids}
    if not wanted:
        return []
    first, last = min(wanted), max(wanted)
    seq, centre = 0, Centre()
    stored = view.snapshots.newest(understood=UNDERSTOOD, last_seq=first - 1)
    if stored is not None:
        with suppress(SnapshotUnreadable):  # then from the first row
            seq, centre = stored.seq, from_snapshot(read_snapshot(stored))
    rows = as_rows(view.journal.rows(seq, until_seq=last))
    try:
        return list(recompute(centre, rows, wanted))
    except JournalDamaged as error:
        passed(error)
        return []


def _wall_clock(view: StoreView, after: int, passed: _Passed) -> Callable[[float], float]:
    """What the centre's time after a row is by the wall clock: set by so much, from then on."""
    known = _ahead_at(view, after)
    moves = [
        (row.seq, row.at, float(row.values()["by_s"]))
        for row in view.journal.rows(
            after if known else 0, subject="", kinds={Kind.FACT}, past=passed
        )
        if row.type == ClockReanchored.TYPE
    ]
    begin = 0.0
    if known is not None:
        seq, ahead_s = known
        begin = ahead_s - sum(by_s for moved, _, by_s in moves if moved <= seq)
    times, ahead = [at for _, at, _ in moves], [begin]
    for _, _, by_s in moves:
        ahead.append(ahead[-1] + by_s)
    return lambda at: at + ahead[bisect_right(times, at)]


def _ahead_at(view: StoreView, after: int) -> tuple[int, float] | None:
    """How far the wall clock stood ahead at some row behind this one; None if that is not known."""
    stored = view.snapshots.newest(understood=UNDERSTOOD, last_seq=_NO_END) if after else None
    if stored is None or stored.seq < after:
        return None
    with suppress(SnapshotUnreadable):
        return stored.seq, from_snapshot(read_snapshot(stored)).wall_ahead_s
    return None


def _shown(at: float, zone: ZoneInfo) -> str:
    return datetime.fromtimestamp(at, zone).isoformat(sep=" ", timespec="milliseconds")


def _way_as_json(way: Way, shown: Callable[[float], str]) -> dict[str, Any]:
    return {
        "call": way.call,
        "entries": [
            {
                "seq": entry.seq,
                "at": shown(entry.at),
                "what": entry.what,
                "why": entry.why,
                "ids": dict(entry.ids),
                "anew": _anew_as_json(entry.anew),
            }
            for entry in way.entries
        ],
        "stays": [
            {
                "state": stay.state.value,
                "since": shown(stay.since),
                "seconds": None if stay.until is None else round(stay.until - stay.since, 3),
            }
            for stay in way.stays
        ],
    }


def _anew_as_json(anew: Recomputed | None) -> dict[str, Any] | None:
    if anew is None:
        return None
    return {
        "policy": anew.policy,
        "verdict": anew.verdict.value,
        "differs_in": list(anew.fields),
        "full": list(anew.full),
    }
