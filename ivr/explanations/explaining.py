"""The explanation of a call out of a store: its way, each decision asked again, and its wait.

It reads only, whether a service runs or not.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from heapq import merge
from typing import Any, Final
from zoneinfo import ZoneInfo

from ivr.keeping.journal import as_rows
from ivr.keeping.snapshots import read_snapshot
from queues.centre.explanations.explain import Way, asked_anew, explain
from queues.centre.explanations.recompute import Recomputed, recompute
from queues.centre.explanations.standing import Standing
from queues.centre.explanations.wait import WaitFollowed, sums, words_of_stretch
from queues.centre.facts.house import ClockReanchored
from queues.centre.inputs.calls import CallArrived, QueueEntered
from queues.centre.journal.snapshot import UNDERSTOOD, SnapshotUnreadable, from_snapshot
from queues.centre.state import Centre
from queues.ids import CallId
from queues.store import JournalDamaged, JournalRow, Kind, StoreView

CALL_ID: Final = re.compile(r"[A-Za-z0-9._:-]{1,80}")
_OFFER_MADE: Final = "offer_made"
_BEGINS: Final = frozenset({CallArrived.TYPE, QueueEntered.TYPE})
_NO_END: Final = 2**62

Passed = Callable[[JournalDamaged], None]  # told of each part of the journal that was left out


@dataclass(frozen=True, slots=True)
class Explanation:
    """The way of a call; `shown` gives a time of the centre as the site's clock showed it."""

    way: Way
    shown: Callable[[float], str]


def explain_call(view: StoreView, call: CallId, zone: ZoneInfo, passed: Passed) -> Explanation:
    """Explain one call; its way has no entries if the journal tells of none.

    Raises `StoreError`, `RowFault`.
    """
    way, after = _way(view, call, passed)
    if way.entries:
        way = _asked_anew(view, way, passed)
    to_wall = _wall_clock(view, after, passed)

    def shown(at: float) -> str:
        there = datetime.fromtimestamp(to_wall(at), zone)
        return there.isoformat(sep=" ", timespec="milliseconds")

    return Explanation(way, shown)


def as_json(explanation: Explanation) -> dict[str, Any]:
    """Give an explanation as JSON values, for the command and for the API."""
    way, shown = explanation.way, explanation.shown
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
                "seconds": _lasted(stay.since, stay.until),
            }
            for stay in way.stays
        ],
        "wait": [
            {
                "waited_for": stretch.waited_for.value,
                "agent": stretch.agent,
                "since": shown(stretch.since),
                "seconds": _lasted(stretch.since, stretch.until),
                "why": words_of_stretch(stretch),
            }
            for stretch in way.wait
        ],
        "waited": {each.value: round(s, 3) for each, s in sums(way.wait).items()},
    }


def _lasted(since: float, until: float | None) -> float | None:
    return None if until is None else round(until - since, 3)


def _anew_as_json(anew: Recomputed | None) -> dict[str, Any] | None:
    if anew is None:
        return None
    return {
        "policy": anew.policy,
        "verdict": anew.verdict.value,
        "differs_in": list(anew.fields),
        "full": list(anew.full),
        "standing": None if anew.standing is None else _standing_as_json(anew.standing),
    }


def _standing_as_json(found: Standing) -> dict[str, Any]:
    return {
        "calls": [
            {"call": each.call, "waited_s": round(each.waited_s, 3), "same_need": each.same_need}
            for each in found.calls
        ],
        "more_calls": found.more_calls,
        "agents": [
            {
                "agent": each.agent,
                "role": each.role.value,
                "why": each.why,
                "idle_s": None if each.idle_s is None else round(each.idle_s, 3),
            }
            for each in found.agents
        ],
        "turned_by": [
            {"change": each.change, "then": each.then, "by_s": each.by_s}
            for each in found.turned_by
        ],
    }


def _way(view: StoreView, call: CallId, passed: Passed) -> tuple[Way, int]:
    """The rows of a call and of its offers in one order, and the row after which they all lie.

    Files of closed days are read only where the table does not tell of the call's beginning.
    """
    after = view.journal.closed_until()
    own = _of_a_call(view.journal.rows(after, subject=call))
    if after and (not own or own[0].type not in _BEGINS):
        after = 0
        own = _of_a_call(view.journal.rows(subject=call, past=passed))
    read: dict[str, list[JournalRow]] = {call: own}
    offers = _offers_in(own)
    while offers:  # what an agent asks about it has that agent's offer as its subject
        for offer in offers:
            read[offer] = list(view.journal.rows(after, subject=offer, past=passed))
        offers = {o for name in offers for o in _offers_in(read[name])} - read.keys()
    rows = merge(*read.values(), key=lambda row: row.seq)
    return explain(call, as_rows(rows)), after


def _offers_in(rows: Iterable[JournalRow]) -> set[str]:
    return {str(row.values()["offer"]) for row in rows if row.type == _OFFER_MADE}


def _of_a_call(rows: Iterable[JournalRow]) -> list[JournalRow]:
    """Those that tell of a call: other things have rows of their own under their names."""
    return [row for row in rows if "call" in row.values()]


def _asked_anew(view: StoreView, way: Way, passed: Passed) -> Way:
    """The way with each decision decided again on the state before it, and with its wait.

    Where no snapshot from before it is kept, that state follows from the first row of all.
    """
    wanted = {entry.seq for entry in way.entries if "policy" in entry.ids}
    first, last = way.entries[0].seq, way.entries[-1].seq
    lives = bool(way.stays) and way.stays[-1].until is None
    seq, centre = 0, Centre()
    stored = view.snapshots.newest(understood=UNDERSTOOD, last_seq=_NO_END, before_seq=first)
    if stored is not None:
        with suppress(SnapshotUnreadable):  # then from the first row
            seq, centre = stored.seq, from_snapshot(read_snapshot(stored))
    wait = WaitFollowed(way.call)
    rows = as_rows(view.journal.rows(seq, until_seq=None if lives else last))
    try:
        found = list(recompute(centre, rows, wanted, wait))
    except JournalDamaged as error:
        passed(error)
        return way
    return asked_anew(way, found, wait.stretches())


def _wall_clock(view: StoreView, after: int, passed: Passed) -> Callable[[float], float]:
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
