"""One agent's leg, from the dial to its end, as a table; pure: it is told what happens and when.

| state    | RANG    | IN_AGI   | JOINED | CALLER_ENDED | CALLER_BACK | DIAL_FAILED | ENDED   |
|----------|---------|----------|--------|--------------|-------------|-------------|---------|
| DIALLED  | RINGING | ANSWERED |        |              |             | FAILING     | FAILING |
| RINGING  |         | ANSWERED |        |              |             | FAILING     | FAILING |
| FAILING  |         | ANSWERED |        |              |             | refused     | refused |
| ANSWERED |         |          | TALKS  |              |             |             | over    |
| TALKS    |         | BACK     |        | ENDING       | PARTED      |             | over    |
| PARTED   |         | over,end |        | ENDING       |             |             | over    |
| BACK     |         |          |        | ENDING       | over, end   |             | over    |
| HELD     |         |          | TALKS  |              |             |             | over    |
| ENDING   | end     | end      |        |              |             | gone        | gone    |

ANSWERED and TALKS are told as they begin; "end" hangs the leg up. An empty field changes nothing.
- TO_HOLD (our wish) leads from TALKS, PARTED and BACK to HELD, TO_JOIN from these four to ANSWERED:
  caller and leg may come and go, until they are joined anew. Who talks with another leg is to be
  joined with its caller when that one ends.
- A leg that was not hung up but lost (`ChannelEnded.lost`) says "lost" where it would say "over".
- Of a dial that fails, outcome and hang-up come in either order, and a phone that was never dialled
  has no hang-up: FAILING waits `HANG_UP_FOLLOWS_S` for the other one.
- When the caller ends a talk, the agent's leg is back in AGI before the caller's end is told: BACK
  waits `CALLER_FOLLOWS_S` to learn whose end it was. Only an end on the agent's side is said.
- In ENDING nothing is said any more, and whatever still comes of the leg is hung up.
- When the agent's side ends a talk, caller and leg are told of in either order: PARTED waits
  `LEG_FOLLOWS_S` to learn how the leg ended, for a lost one is another matter.
- VANISHED (a look-up did not find it): refused while dialled, over once answered.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum, auto

from queues.centre.inputs.offers import RefuseCause

HANG_UP_FOLLOWS_S = 0.3
CALLER_FOLLOWS_S = 0.5
LEG_FOLLOWS_S = 0.2

_NO_ANSWER_REASON = 3
_DECLINED = frozenset({"480", "486", "600", "603"})
_OUR_SIDE = frozenset({"488", "500", "503"})


class LegState(Enum):
    """Where the leg is."""

    DIALLED = auto()
    RINGING = auto()
    FAILING = auto()
    ANSWERED = auto()
    TALKS = auto()
    PARTED = auto()  # the caller is back
    BACK = auto()  # the leg is back
    HELD = auto()  # apart from its caller, on our wish
    ENDING = auto()
    GONE = auto()


class LegEvent(Enum):
    """What happens to the leg, or to its caller."""

    RANG = auto()
    IN_AGI = auto()
    JOINED = auto()
    CALLER_ENDED = auto()
    CALLER_BACK = auto()
    DIAL_FAILED = auto()
    ENDED = auto()
    DUE = auto()  # the leg's deadline has come
    TO_HOLD = auto()  # the caller is to be taken out of the talk
    TO_JOIN = auto()  # is to be joined anew
    CANCELLED = auto()
    VANISHED = auto()


class Told(Enum):
    """What the centre is told of it."""

    ANSWERED = auto()
    TALK_STARTED = auto()
    REFUSED = auto()
    OVER = auto()
    LOST = auto()  # over, because the phone went away


@dataclass(frozen=True, slots=True)
class Leg:
    """What is known of one leg. `reason` is the dial's, `code` the hang-up's SIP code."""

    state: LegState = LegState.DIALLED
    rang: bool = False
    reason: int | None = None
    code: str | None = None
    ended: bool = False
    due: float | None = None  # the loop's clock


@dataclass(frozen=True, slots=True)
class Step:
    """The leg afterwards, what is told, and whether it is to be hung up."""

    leg: Leg
    told: Told | None = None
    hang_up: bool = False


def step(
    leg: Leg,
    event: LegEvent,
    *,
    now: float,
    reason: int | None = None,
    code: str | None = None,
    lost: bool = False,
) -> Step:
    """The leg after the event; pairs that the table leaves open change nothing."""
    match leg.state, event:
        case LegState.GONE, _:
            return Step(leg)
        case LegState.ENDING, LegEvent.RANG | LegEvent.IN_AGI:
            return Step(leg, hang_up=True)
        case LegState.ENDING, LegEvent.ENDED | LegEvent.DIAL_FAILED | LegEvent.VANISHED:
            return _to(leg, LegState.GONE)
        case _, LegEvent.CANCELLED:
            return _to(leg, LegState.ENDING)

        case LegState.DIALLED, LegEvent.RANG:
            return Step(replace(leg, state=LegState.RINGING, rang=True))
        case LegState.DIALLED | LegState.RINGING | LegState.FAILING, LegEvent.IN_AGI:
            return _to(leg, LegState.ANSWERED, Told.ANSWERED)
        case LegState.DIALLED | LegState.RINGING, LegEvent.DIAL_FAILED | LegEvent.ENDED:
            return Step(_failing(leg, event, reason, code, now))
        case LegState.FAILING, LegEvent.DIAL_FAILED | LegEvent.ENDED:
            return _to(_failing(leg, event, reason, code, now), LegState.GONE, Told.REFUSED)
        case LegState.FAILING, LegEvent.DUE:
            return _to(leg, LegState.GONE, Told.REFUSED)
        case LegState.DIALLED | LegState.RINGING | LegState.FAILING, LegEvent.VANISHED:
            return _to(leg, LegState.GONE, Told.REFUSED)

        case LegState.TALKS | LegState.PARTED | LegState.BACK, LegEvent.TO_HOLD:
            return _to(leg, LegState.HELD)
        case (
            LegState.TALKS | LegState.PARTED | LegState.BACK | LegState.HELD,
            LegEvent.TO_JOIN,
        ):
            return _to(leg, LegState.ANSWERED)
        case LegState.ANSWERED | LegState.HELD, LegEvent.JOINED:
            return _to(leg, LegState.TALKS, Told.TALK_STARTED)
        case LegState.TALKS, LegEvent.IN_AGI:
            return Step(replace(leg, state=LegState.BACK, due=now + CALLER_FOLLOWS_S))
        case LegState.TALKS, LegEvent.CALLER_BACK:
            return Step(replace(leg, state=LegState.PARTED, due=now + LEG_FOLLOWS_S))
        case LegState.TALKS | LegState.PARTED | LegState.BACK, LegEvent.CALLER_ENDED:
            return _to(leg, LegState.ENDING)
        case (LegState.BACK, LegEvent.CALLER_BACK) | (LegState.PARTED, LegEvent.IN_AGI):
            return _to(leg, LegState.ENDING, Told.OVER, hang_up=True)
        case LegState.BACK | LegState.PARTED, LegEvent.DUE:
            return _to(leg, LegState.ENDING, Told.OVER, hang_up=True)
        case (
            LegState.ANSWERED | LegState.TALKS | LegState.PARTED | LegState.BACK | LegState.HELD,
            LegEvent.ENDED | LegEvent.VANISHED,
        ):
            return _to(leg, LegState.GONE, Told.LOST if lost else Told.OVER)
    return Step(leg)


def refuse_cause(leg: Leg) -> RefuseCause:
    """Why the phone did not come to an answer, by the dial's reason and the SIP code (MOVES 7)."""
    if leg.reason is None:
        return RefuseCause.FAILED
    if leg.reason == _NO_ANSWER_REASON:
        return RefuseCause.NO_ANSWER if leg.rang else RefuseCause.UNREACHABLE
    if leg.code in _OUR_SIDE:
        return RefuseCause.FAILED
    return RefuseCause.DECLINED if leg.code in _DECLINED else RefuseCause.UNREACHABLE


def moved_on(known: LegState, *, in_agi: bool, joined: bool) -> bool:
    """Whether a leg that is listed so has come to AGI, or back to it, while nobody heard."""
    if known is LegState.TALKS:
        return in_agi
    return (in_agi or joined) and known not in {LegState.ANSWERED, LegState.BACK}


def _failing(leg: Leg, event: LegEvent, reason: int | None, code: str | None, now: float) -> Leg:
    due = now + HANG_UP_FOLLOWS_S
    if event is LegEvent.DIAL_FAILED:
        return replace(leg, state=LegState.FAILING, reason=reason, due=due)
    return replace(leg, state=LegState.FAILING, ended=True, code=code, due=due)


def _to(leg: Leg, state: LegState, told: Told | None = None, *, hang_up: bool = False) -> Step:
    return Step(replace(leg, state=state, due=None), told, hang_up)
