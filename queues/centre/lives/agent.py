"""The life of an agent: which states there are, and which event leads from which to which.

The rules
- An agent is *signed out* until somebody asks for *ready*. Only that signs in.
- Only a *ready* agent is offered a call; while the phone rings the agent is *ringing*.
- Picking up makes the agent *talking*, at once: from here the agent is taken, also in the
  milliseconds before caller and agent are joined.
- Ringing without a talk ends in *ready* (the caller went away, the phone was lost, our side
  failed), in *paused* (missed too often, or a pause was asked for) or in *signed out*.
- A talk ends in *wrap-up*; in *ready* if the queue has none or no talk came about; in *paused* or
  *signed out* if that was asked for during the talk.
- *Wrap-up* ends by its deadline, which can be put off, or sooner when ready, pause or sign-out is
  asked for.
- A pause may be asked for again, with another reason. A signed-out agent cannot be paused.
- Nobody leaves a talk by asking: what is asked for then is planned and takes effect after it.
"""

from enum import StrEnum
from types import MappingProxyType
from typing import Final

from queues.centre.lives.illegal import IllegalTransition


class AgentState(StrEnum):
    """What an agent is doing."""

    SIGNED_OUT = "signed_out"  # not at work
    READY = "ready"  # waits for a call
    PAUSED = "paused"  # at work, wants no call; has a reason
    RINGING = "ringing"  # the phone rings for one call
    TALKING = "talking"  # picked up
    WRAP_UP = "wrap_up"  # writes down what the talk was about, until a deadline


class AgentEvent(StrEnum):
    """What can happen to an agent."""

    READY_ASKED = "ready_asked"
    PAUSE_ASKED = "pause_asked"
    SIGN_OUT_ASKED = "sign_out_asked"
    OFFERED = "offered"  # the phone is to ring
    PICKED_UP = "picked_up"
    FREED = "freed"  # offer or talk over: waits for the next call
    FREED_PAUSED = "freed_paused"  # offer or talk over: paused
    FREED_SIGNED_OUT = "freed_signed_out"  # offer or talk over: gone home
    WRAP_UP_BEGAN = "wrap_up_began"
    WRAP_UP_ENDED = "wrap_up_ended"


TAKEN: Final = frozenset({AgentState.TALKING, AgentState.WRAP_UP})  # by a call

_S, _E = AgentState, AgentEvent

TRANSITIONS: Final = MappingProxyType(
    {
        (_S.SIGNED_OUT, _E.READY_ASKED): _S.READY,
        (_S.READY, _E.PAUSE_ASKED): _S.PAUSED,
        (_S.READY, _E.SIGN_OUT_ASKED): _S.SIGNED_OUT,
        (_S.READY, _E.OFFERED): _S.RINGING,
        (_S.PAUSED, _E.READY_ASKED): _S.READY,
        (_S.PAUSED, _E.PAUSE_ASKED): _S.PAUSED,
        (_S.PAUSED, _E.SIGN_OUT_ASKED): _S.SIGNED_OUT,
        (_S.RINGING, _E.PICKED_UP): _S.TALKING,
        (_S.RINGING, _E.FREED): _S.READY,
        (_S.RINGING, _E.FREED_PAUSED): _S.PAUSED,
        (_S.RINGING, _E.FREED_SIGNED_OUT): _S.SIGNED_OUT,
        (_S.TALKING, _E.FREED): _S.READY,
        (_S.TALKING, _E.FREED_PAUSED): _S.PAUSED,
        (_S.TALKING, _E.FREED_SIGNED_OUT): _S.SIGNED_OUT,
        (_S.TALKING, _E.WRAP_UP_BEGAN): _S.WRAP_UP,
        (_S.WRAP_UP, _E.READY_ASKED): _S.READY,
        (_S.WRAP_UP, _E.PAUSE_ASKED): _S.PAUSED,
        (_S.WRAP_UP, _E.SIGN_OUT_ASKED): _S.SIGNED_OUT,
        (_S.WRAP_UP, _E.WRAP_UP_ENDED): _S.READY,
    }
)


def agent_after(state: AgentState, event: AgentEvent) -> AgentState:
    """Give the state that `event` leads to; raises `IllegalTransition` for every other pair."""
    try:
        return TRANSITIONS[state, event]
    except KeyError:
        raise IllegalTransition(f"an agent who is {state} knows no {event}") from None


def event_that_frees_to(state: AgentState) -> AgentEvent:
    """Give the event by which an offer or a talk ends in `state`.

    Raises `IllegalTransition` for a state that no offer and no talk ends in.
    """
    match state:
        case AgentState.READY:
            return AgentEvent.FREED
        case AgentState.PAUSED:
            return AgentEvent.FREED_PAUSED
        case AgentState.SIGNED_OUT:
            return AgentEvent.FREED_SIGNED_OUT
        case AgentState.WRAP_UP:
            return AgentEvent.WRAP_UP_BEGAN
        case _:
            raise IllegalTransition(f"no offer and no talk ends with an agent who is {state}")
