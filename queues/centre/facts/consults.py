"""Facts about consultations: an agent holds a call to ask another one, and what comes of it.

What is asked is a call of its own, `consult`, whose id is the asking agent's offer; it goes through
offers as any call does.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar

from queues.centre.values.needs import Need
from queues.ids import AgentId, CallId, OfferId, PlaceId, QueueId


class ConsultEnd(StrEnum):
    """Why nobody is asked any more."""

    TAKEN_BACK = "taken_back"  # the asking agent, or a supervisor, wanted the caller back
    REFUSED = "refused"  # the agent asked hung up
    LOST = "lost"  # that agent's phone went away
    NOBODY = "nobody"  # nobody took it in time, or the agent named did not
    LASTED = "lasted"  # the agents talked as long as any caller may be held
    NOT_HELD = "not_held"  # our side could not hold the caller
    STILL_JOINED = "still_joined"  # the caller was not held: the talk went on
    CALLER_GONE = "caller_gone"
    SWITCH = "switch"  # Asterisk was started anew
    LEFT = "left"  # the asking agent was gone before anybody was rung: passed on blind


@dataclass(frozen=True, slots=True)
class ConsultBegan:
    """The agent, who talks with the caller by this offer, holds the call to ask in `queue`.

    `asked_by` is None for a supervisor. For `need`, `steps`, `need_until`, `only` and `hops` see
    `CallTransferred`: as if it had been passed on. The caller is taken back at `until` (Unix
    seconds) if nobody is rung then.
    """

    TYPE: ClassVar[str] = "consult_began"
    VERSION: ClassVar[int] = 1
    at: float
    call: CallId
    consult: CallId
    offer: OfferId
    agent: AgentId
    place: PlaceId
    asked_by: AgentId | None
    queue: QueueId
    hops: int
    need: Need
    steps: int
    need_until: float | None
    only: AgentId | None
    until: float


@dataclass(frozen=True, slots=True)
class ConsultJoined:
    """The agent asked, by this offer, talks with the one who asks, until `until` at most."""

    TYPE: ClassVar[str] = "consult_joined"
    VERSION: ClassVar[int] = 1
    at: float
    call: CallId
    consult: CallId
    offer: OfferId
    agent: AgentId
    place: PlaceId
    until: float  # Unix seconds
    waited_s: float


@dataclass(frozen=True, slots=True)
class ConsultEnded:
    """Nobody is asked any more; offer, agent and place are those of the agent who asked.

    That agent and the caller are to be joined anew by `deadline` (Unix seconds); None if the next
    fact says what becomes of them.
    """

    TYPE: ClassVar[str] = "consult_ended"
    VERSION: ClassVar[int] = 1
    at: float
    call: CallId
    consult: CallId
    offer: OfferId
    agent: AgentId
    place: PlaceId
    how: ConsultEnd
    deadline: float | None


@dataclass(frozen=True, slots=True)
class ConsultCompleted:
    """The call has the agent who was asked: offer, agent and place are that agent's.

    With `joins` this agent picked up, and is to be joined with the caller by `deadline` (Unix
    seconds); else the phone rings on.
    """

    TYPE: ClassVar[str] = "consult_completed"
    VERSION: ClassVar[int] = 1
    at: float
    call: CallId
    consult: CallId
    offer: OfferId
    agent: AgentId
    place: PlaceId
    joins: bool
    deadline: float


@dataclass(frozen=True, slots=True)
class TalkResumed:
    """The caller who was held for `held_s` and the agent who asked are joined again."""

    TYPE: ClassVar[str] = "talk_resumed"
    VERSION: ClassVar[int] = 1
    at: float
    call: CallId
    offer: OfferId
    agent: AgentId
    place: PlaceId
    held_s: float
