"""Commands: what the centre wishes to be done by the switch and the dialogues, as facts demand."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from queues.ids import CallId, OfferId, PlaceId, QueueId

COMMAND_SETTLED_S: Final = 10.0  # by then a command's own success or failure has been told


class ReturnReason(StrEnum):
    """Why a caller is given back to the dialogue."""

    TALK_OVER = "talk_over"  # the agent's side ended the talk
    REFUSED = "refused"  # the queue is not in the settings
    FULL = "full"  # as many wait as may
    NOBODY = "nobody"  # nobody who could take it is signed in
    CLOSED = "closed"  # the queue is, by its hours or by hand
    CLOSING = "closing"  # the queue closes before the last in line could be served
    WAITED = "waited"  # it waited as long as anybody may
    FAILED = "failed"  # agents picked up for it again and again, and no join came about


@dataclass(frozen=True, slots=True)
class RingAgent:
    """Let this phone ring for this call, for `timeout_s` seconds at most."""

    offer: OfferId
    call: CallId
    place: PlaceId
    timeout_s: float


@dataclass(frozen=True, slots=True)
class CancelRing:
    """End the agent's leg of this offer, whether it rings or is up."""

    offer: OfferId


@dataclass(frozen=True, slots=True)
class ConnectCall:
    """Join caller and agent; if `call` is an agent's offer, join that agent in the place."""

    offer: OfferId
    call: CallId


@dataclass(frozen=True, slots=True)
class FetchCaller:
    """Take the caller out of the talk, to wait, and end the agent's leg of this offer."""

    offer: OfferId
    call: CallId


@dataclass(frozen=True, slots=True)
class HoldCaller:
    """Take the caller out of the talk; the agent's leg of this offer stays up."""

    offer: OfferId
    call: CallId


@dataclass(frozen=True, slots=True)
class ReturnCall:
    """Give the caller back to the dialogue, from this queue."""

    call: CallId
    queue: QueueId
    reason: ReturnReason


@dataclass(frozen=True, slots=True)
class HandOverCall:
    """Tell the dialogue that an agent is on the line; it is silent until `ReturnCall`."""

    call: CallId


@dataclass(frozen=True, slots=True)
class WaitAgain:
    """Tell the dialogue that the caller whom an agent had waits again."""

    call: CallId


Word = HandOverCall | ReturnCall | WaitAgain  # to a dialogue; the others are for the switch
Command = RingAgent | CancelRing | ConnectCall | FetchCaller | HoldCaller | Word
