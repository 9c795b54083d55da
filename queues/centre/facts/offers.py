"""Facts about offers and talks: a phone rings for a call, and what comes of it."""

from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar

from queues.centre.inputs.offers import RefuseCause
from queues.centre.lives.agent import AgentState
from queues.ids import AgentId, CallId, OfferId, PlaceId, QueueId


class WithdrawReason(StrEnum):
    """Why an offer was taken back."""

    CALLER_GONE = "caller_gone"
    CALLER_LEFT = "caller_left"  # the dialogue took the call back
    PAUSE_ASKED = "pause_asked"
    SIGN_OUT_ASKED = "sign_out_asked"
    PLACE_LOST = "place_lost"  # the phone became unreachable while it rang
    SWITCH_LOST = "switch_lost"  # Asterisk was started anew
    SETTINGS_CHANGED = "settings_changed"  # the agent is not in the settings any more
    SERVICE_ENDS = "service_ends"  # nobody would be there when the agent picks up
    TAKEN_BACK = "taken_back"  # the agent who wanted to ask has the caller again


class TalkEnd(StrEnum):
    """Whose side ended a talk."""

    CALLER = "caller"
    AGENT = "agent"
    AGENT_LOST = "agent_lost"  # the agent's phone went away under the talk
    SWITCH = "switch"
    TRANSFER = "transfer"  # the call was passed on
    CONSULTED = "consulted"  # the call was passed on to the agent who was asked
    TAKEN_BACK = "taken_back"  # the agent who asked has the caller again
    NOT_REJOINED = "not_rejoined"  # caller and agent could not be joined again


@dataclass(frozen=True, slots=True)
class OfferMade:
    """One call and one agent are reserved for each other; the phone is to ring.

    The reason: how long call and agent waited for each other, which call this agent would have got
    instead, and how many agents were free for this call (the chosen one included).
    """

    TYPE: ClassVar[str] = "offer_made"
    VERSION: ClassVar[int] = 1
    at: float
    offer: OfferId
    number: int
    call: CallId
    agent: AgentId
    place: PlaceId
    queue: QueueId
    ring_timeout_s: float
    deadline: float  # Unix seconds; the offer is given up if nothing was reported by then
    policy: str
    waited_s: float
    idle_s: float
    runner_up: CallId | None
    candidates: int


@dataclass(frozen=True, slots=True)
class OfferAccepted:
    """The agent picked up; given up at `deadline` (Unix seconds) if no talk is reported."""

    TYPE: ClassVar[str] = "offer_accepted"
    VERSION: ClassVar[int] = 1
    at: float
    offer: OfferId
    call: CallId
    agent: AgentId
    place: PlaceId
    deadline: float


@dataclass(frozen=True, slots=True)
class OfferMissed:
    """The offer came to nothing on the phone's side; the call waits on with its place.

    `misses` in a row are held against the agent, of the `limit` that pauses. With `unreachable` and
    `failed` nothing is held against anybody and the place rests; with `failed` what became of the
    leg is not known either. `unexplained` counts the place's offers in a row of which nobody knows
    why they came to nothing, `failed_joins` the times in a row that an agent picked up for this
    call and no join came about.
    """

    TYPE: ClassVar[str] = "offer_missed"
    VERSION: ClassVar[int] = 1
    at: float
    offer: OfferId
    call: CallId
    agent: AgentId
    place: PlaceId
    cause: RefuseCause
    policy: str
    misses: int
    limit: int
    then: AgentState  # ready, paused or signed out
    then_reason: str | None
    unexplained: int
    rest_until: float | None  # of the place, Unix seconds
    failed_joins: int
    call_rest_until: float | None  # Unix seconds


@dataclass(frozen=True, slots=True)
class OfferWithdrawn:
    """We took the offer back; the call is waiting again (and may be closed by the next fact)."""

    TYPE: ClassVar[str] = "offer_withdrawn"
    VERSION: ClassVar[int] = 1
    at: float
    offer: OfferId
    call: CallId
    agent: AgentId
    place: PlaceId
    reason: WithdrawReason
    then: AgentState  # ready, paused or signed out
    then_reason: str | None


@dataclass(frozen=True, slots=True)
class LegDropped:
    """A leg turned up for an offer that is not alive; it is to be ended."""

    TYPE: ClassVar[str] = "leg_dropped"
    VERSION: ClassVar[int] = 1
    at: float
    offer: OfferId


@dataclass(frozen=True, slots=True)
class TalkBegan:
    """Caller and agent are joined."""

    TYPE: ClassVar[str] = "talk_began"
    VERSION: ClassVar[int] = 1
    at: float
    offer: OfferId
    call: CallId
    agent: AgentId
    place: PlaceId
    queue: QueueId
    waited_s: float


@dataclass(frozen=True, slots=True)
class TalkEnded:
    """A talk is over; the next fact says what becomes of the call."""

    TYPE: ClassVar[str] = "talk_ended"
    VERSION: ClassVar[int] = 1
    at: float
    offer: OfferId
    call: CallId
    agent: AgentId
    place: PlaceId
    by: TalkEnd
    talked_s: float
    then: AgentState  # wrap-up, ready, paused or signed out
    then_reason: str | None
    wrap_up_until: float | None  # Unix seconds, with wrap-up only
