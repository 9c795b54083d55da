"""The life of a call in the centre: from the hand-over until it is gone or returned.

The rules
- A call that is handed over is *waiting*. Its wait starts then, or earlier where it waited before,
  and is never started anew.
- *Offered*: one agent's phone rings for it. An offer that comes to nothing makes it *waiting*
  again, with its first waiting time and so with its place.
- *Connecting*: the agent picked up; caller and agent are not joined yet. If joining fails, or the
  agent hangs up first, it is *waiting* again.
- A call that was not joined, although an agent picked up, more than once in a row, *rests*: it is
  waiting with its first waiting time, but is not offered until a deadline. When it was not joined
  once too often it is *returned*.
- *Talking* ends in *returned* when the agent hangs up: a caller who wants to wait again is handed
  over again, and that is a new wait. When the call is transferred, or the agent's phone was lost,
  it is *waiting* again: with its place, which counts from its first waiting time.
- An agent in a *talking* call can have it *held* to ask another agent. It is *rejoining* when it is
  taken back, until it is *talking* again; or its talk is over, and it waits or, with the agent who
  was asked, is *connecting* at once.
- What is asked is a call of its own (a consult), by the same table: *waiting*, *offered*,
  *connecting*, *talking* (the two agents). It is *gone* when its talk is over or while it waits,
  and whenever the call that is held gets its offer.
- The dialogue can take a call back while it waits: *returned*. An offer under way is withdrawn
  first, so only a waiting call is taken back.
- A caller can go away in every state: *gone*. Offer or talk are ended first, so only a waiting
  call, or one whose talk just ended, goes.
- *Returned* and *gone* are ends: the call leaves the memory and its id never waits again as this
  wait.
"""

from enum import StrEnum
from types import MappingProxyType
from typing import Final

from queues.centre.lives.illegal import IllegalTransition

GRACE_S: Final = 60.0  # a call that comes, or is found, after a long wait waits at least so long


class CallState(StrEnum):
    """Where a call in the centre is."""

    WAITING = "waiting"  # hears music
    OFFERED = "offered"  # hears music, an agent's phone rings
    CONNECTING = "connecting"  # hears music, the agent picked up
    TALKING = "talking"  # with an agent
    HELD = "held"  # hears music, the agent asks another one
    REJOINING = "rejoining"  # hears music, the agent is to be joined again
    TALK_OVER = "talk_over"  # for the blink until the same decision says what becomes of it
    RETURNED = "returned"  # the dialogue's again
    GONE = "gone"  # over


class CallEvent(StrEnum):
    """What can happen to a call in the centre."""

    OFFERED = "offered"
    OFFER_ENDED = "offer_ended"  # missed, withdrawn, or not joined
    ANSWERED = "answered"
    JOINED = "joined"
    HELD = "held"
    TAKEN_BACK = "taken_back"
    RESUMED = "resumed"
    CONSULTED = "consulted"  # has the agent who was asked
    GAVE_OFFER = "gave_offer"  # a consult whose offer the call got
    TALK_ENDED = "talk_ended"
    TRANSFERRED = "transferred"
    REQUEUED = "requeued"
    RETURNED = "returned"
    ENDED = "ended"


WITH_AGENT: Final = frozenset({CallState.TALKING, CallState.HELD, CallState.REJOINING})

_S, _E = CallState, CallEvent

TRANSITIONS: Final = MappingProxyType(
    {
        (_S.WAITING, _E.OFFERED): _S.OFFERED,
        (_S.WAITING, _E.RETURNED): _S.RETURNED,
        (_S.WAITING, _E.ENDED): _S.GONE,
        (_S.OFFERED, _E.OFFER_ENDED): _S.WAITING,
        (_S.OFFERED, _E.ANSWERED): _S.CONNECTING,
        (_S.CONNECTING, _E.OFFER_ENDED): _S.WAITING,
        (_S.CONNECTING, _E.JOINED): _S.TALKING,
        (_S.WAITING, _E.CONSULTED): _S.CONNECTING,
        (_S.OFFERED, _E.GAVE_OFFER): _S.GONE,
        (_S.CONNECTING, _E.GAVE_OFFER): _S.GONE,
        (_S.TALKING, _E.GAVE_OFFER): _S.GONE,
        (_S.TALKING, _E.HELD): _S.HELD,
        (_S.HELD, _E.TAKEN_BACK): _S.REJOINING,
        (_S.HELD, _E.RESUMED): _S.TALKING,
        (_S.REJOINING, _E.RESUMED): _S.TALKING,
        (_S.TALKING, _E.TALK_ENDED): _S.TALK_OVER,
        (_S.HELD, _E.TALK_ENDED): _S.TALK_OVER,
        (_S.REJOINING, _E.TALK_ENDED): _S.TALK_OVER,
        (_S.TALK_OVER, _E.TRANSFERRED): _S.WAITING,
        (_S.TALK_OVER, _E.REQUEUED): _S.WAITING,
        (_S.TALK_OVER, _E.RETURNED): _S.RETURNED,
        (_S.TALK_OVER, _E.ENDED): _S.GONE,
    }
)


def call_after(state: CallState, event: CallEvent) -> CallState:
    """Give the state that `event` leads to; raises `IllegalTransition` for every other pair."""
    try:
        return TRANSITIONS[state, event]
    except KeyError:
        raise IllegalTransition(f"a call that is {state} knows no {event}") from None
