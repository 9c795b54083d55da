"""What is under way after a row: calls, offers, waits, talks that have not ended, as JSON text."""

import json
from dataclasses import dataclass, field, fields
from operator import attrgetter
from typing import Final

from queues.centre.journal.reading import Unfit, reader_of

NOTHING: Final = "{}"


class CarriedUnreadable(Exception):
    """What was carried over is not of this version's form; make the records again."""

    code = "carried_unreadable"


@dataclass(slots=True)
class OpenCall:
    """A call so far. Times by the wall clock, but four by the centre's own time.

    These are `began`, `since` (as the centre counts the wait of its queue, with what it had waited
    before), and of the waits in `waited_s` when this one began and the last one ended.
    """

    call: str
    line: str
    began: float
    arrived_at: float
    queue: str | None = None
    entered_at: float | None = None
    answered_at: float | None = None
    agent: str | None = None
    since: float | None = None
    waits_since: float | None = None
    waited_until: float | None = None
    waited_s: float = 0.0
    talked_s: float | None = None
    hops: int = 0
    consult: str | None = None  # what its agent asks: so the offers to those asked call it


@dataclass(slots=True)
class OpenOffer:
    """An offer that rings or is being joined. `made` and `accepted` by the centre's time."""

    offer: str
    call: str
    queue: str
    agent: str
    place: str
    made: float
    made_at: float
    accepted: float | None = None


@dataclass(slots=True)
class OpenWait:
    """A wait. `began` by the centre's time; `need` as JSON text; for the rest `EstimateMade`."""

    call: str
    queue: str
    need: str
    began: float
    began_at: float
    expected_s: float | None = None
    foretold_s: float | None = None
    low_s: float | None = None
    high_s: float | None = None
    ahead: int | None = None
    head_s: float | None = None
    agents: int | None = None


@dataclass(slots=True)
class OpenTalk:
    """A talk, or (with `talked_s`) its wrap-up since `ended`, by the centre's time."""

    agent: str
    call: str
    queue: str
    rang_s: float
    ended: float | None = None
    talked_s: float = 0.0


@dataclass(slots=True)
class UnderWay:
    """All that is open, oldest first; the wall clock is `ahead_s` ahead of the centre's time."""

    ahead_s: float = 0.0
    calls: dict[str, OpenCall] = field(default_factory=dict)
    offers: dict[str, OpenOffer] = field(default_factory=dict)
    waits: dict[str, OpenWait] = field(default_factory=dict)  # by call
    talks: dict[str, OpenTalk] = field(default_factory=dict)  # by agent


@dataclass(frozen=True, slots=True)
class _Kept:
    ahead_s: float
    calls: tuple[OpenCall, ...]
    offers: tuple[OpenOffer, ...]
    waits: tuple[OpenWait, ...]
    talks: tuple[OpenTalk, ...]


def to_text(open_: UnderWay) -> str:
    """Give it as JSON text."""
    kept = {
        "ahead_s": open_.ahead_s,
        "calls": [_as_dict(call) for call in open_.calls.values()],
        "offers": [_as_dict(offer) for offer in open_.offers.values()],
        "waits": [_as_dict(wait) for wait in open_.waits.values()],
        "talks": [_as_dict(talk) for talk in open_.talks.values()],
    }
    return json.dumps(kept, ensure_ascii=False, separators=(",", ":"))


_NAMES: Final = {
    kind: tuple(each.name for each in fields(kind))
    for kind in (OpenCall, OpenOffer, OpenWait, OpenTalk)
}
_VALUES: Final = {kind: attrgetter(*names) for kind, names in _NAMES.items()}


def _as_dict(open_: OpenCall | OpenOffer | OpenWait | OpenTalk) -> dict[str, object]:
    """As `asdict`, which would copy each value; hundreds are written each second."""
    kind = type(open_)
    return dict(zip(_NAMES[kind], _VALUES[kind](open_), strict=True))


def from_text(text: str) -> UnderWay:
    """Give what `to_text` wrote, or nothing for `NOTHING`; raises `CarriedUnreadable`."""
    if text == NOTHING:
        return UnderWay()
    try:
        kept: _Kept = reader_of(_Kept)(json.loads(text))
    except (ValueError, Unfit):
        raise CarriedUnreadable(
            "what the projector carried over cannot be read; run 'freizeichen records rebuild'"
        ) from None
    return UnderWay(
        kept.ahead_s,
        {call.call: call for call in kept.calls},
        {offer.offer: offer for offer in kept.offers},
        {wait.call: wait for wait in kept.waits},
        {talk.agent: talk for talk in kept.talks},
    )
