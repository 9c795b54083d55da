"""What became of callers and agents around each kill, judged from what was seen. Pure.

Seen were: the calls that the service told of before the kill and after the adoption, the INVITEs
that reached agents' phones, and the facts that the journal holds.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from queues.centre.facts.calls import CallClosed, CallReturned, CallTakenBack
from queues.centre.facts.fact import Fact
from queues.centre.facts.offers import OfferMade, TalkBegan

CLOCKS_AGREE_S = 0.1  # less than any talk, so that no ring comes to belong to the next offer


@dataclass(frozen=True, slots=True)
class Listed:
    """A call as the service tells of it."""

    call: str
    since: str  # as it stands in the API: from when on the call has waited
    state: str


@dataclass(frozen=True, slots=True)
class Rung:
    """An INVITE that reached an agent's phone, by the clock of the journal (Unix seconds)."""

    agent: str
    at: float


def displaced(before: Sequence[Listed], after: Sequence[Listed]) -> int:
    """How many calls that are in both lists have another waiting time, or another place.

    A call is out of place when one that stood behind it stands before it now.
    """
    known = {each.call: each.since for each in before}
    still = [each for each in after if each.call in known]
    changed = {each.call for each in still if each.since != known[each.call]}
    place = {each.call: at for at, each in enumerate(before)}
    places = [place[each.call] for each in still]
    overtaken = {still[at].call for at, (one, other) in enumerate(pairwise(places)) if one > other}
    return len(changed | overtaken)


def begun_anew(before: Mapping[str, int], after: Mapping[str, int]) -> int:
    """How many callers in menus lost what they had answered; both tell of answers for each call."""
    return sum(call in after and after[call] < answers for call, answers in before.items())


def rung_twice(rings: Iterable[Rung], facts: Iterable[Fact]) -> int:
    """How many rings were one too many for the same agent and the same call.

    An agent has one offer at a time and is rung only when it is committed, so a ring belongs to the
    agent's last offer before it; one that no offer came before is one too many as well. Bench and
    service read the clock apart, so "before" is meant with `CLOCKS_AGREE_S`.
    """
    offers: dict[str, list[OfferMade]] = {}
    for fact in facts:
        if isinstance(fact, OfferMade):
            offers.setdefault(fact.agent, []).append(fact)
    counted: Counter[tuple[str, str]] = Counter()
    without = 0
    for ring in rings:
        earlier = [
            offer for offer in offers.get(ring.agent, ()) if offer.at <= ring.at + CLOCKS_AGREE_S
        ]
        if earlier:
            counted[ring.agent, earlier[-1].call] += 1
        else:
            without += 1
    return without + sum(count - 1 for count in counted.values())


def left_without_talk(facts: Iterable[Fact]) -> int:
    """How many calls left the queue although no agent had talked with them."""
    talked: set[str] = set()
    left: set[str] = set()
    for fact in facts:
        match fact:
            case TalkBegan():
                talked.add(fact.call)
            case CallClosed() | CallReturned() | CallTakenBack():
                left.add(fact.call)
            case _:
                pass
    return len(left - talked)


def longest_gap(arrivals: Sequence[float], from_s: float, to_s: float) -> float:
    """The longest time without a packet between these two times, their ends included."""
    within = [from_s, *(at for at in arrivals if from_s < at < to_s), to_s]
    return max(later - earlier for earlier, later in pairwise(within))


def listed(rows: Iterable[Mapping[str, object]]) -> list[Listed]:
    """The rows of `/api/v1/calls` that have a queue, in the order of the API.

    Who is still in a dialogue waits for nobody, and has no place.
    """
    return [
        Listed(str(row["id"]), str(row["since"]), str(row["state"]))
        for row in rows
        if row["queue"] is not None
    ]
