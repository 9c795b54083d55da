"""Facts about agents: at work, paused, gone, and what follows after a talk."""

from dataclasses import dataclass
from typing import ClassVar, Final

from queues.centre.lives.agent import AgentState
from queues.ids import AgentId

PAUSED_MISSED: Final = "missed"  # the reason of a pause that the centre itself decides


@dataclass(frozen=True, slots=True)
class AgentBecameReady:
    """An agent waits for calls, because it was asked for."""

    TYPE: ClassVar[str] = "agent_became_ready"
    VERSION: ClassVar[int] = 1
    at: float
    agent: AgentId


@dataclass(frozen=True, slots=True)
class AgentPaused:
    """An agent gets no calls, because it was asked for."""

    TYPE: ClassVar[str] = "agent_paused"
    VERSION: ClassVar[int] = 1
    at: float
    agent: AgentId
    reason: str


@dataclass(frozen=True, slots=True)
class AgentSignedOut:
    """An agent went home."""

    TYPE: ClassVar[str] = "agent_signed_out"
    VERSION: ClassVar[int] = 1
    at: float
    agent: AgentId


@dataclass(frozen=True, slots=True)
class AgentForgotten:
    """An agent who is not in the settings any more, and has no call, is gone."""

    TYPE: ClassVar[str] = "agent_forgotten"
    VERSION: ClassVar[int] = 1
    at: float
    agent: AgentId


@dataclass(frozen=True, slots=True)
class AfterTalkPlanned:
    """What a talking agent does after the talk: paused, signed out, or (the usual) ready."""

    TYPE: ClassVar[str] = "after_talk_planned"
    VERSION: ClassVar[int] = 1
    at: float
    agent: AgentId
    then: AgentState
    then_reason: str | None


@dataclass(frozen=True, slots=True)
class WrapUpEnded:
    """The time of wrap-up was over; the agent is ready."""

    TYPE: ClassVar[str] = "wrap_up_ended"
    VERSION: ClassVar[int] = 1
    at: float
    agent: AgentId


@dataclass(frozen=True, slots=True)
class WrapUpExtended:
    """Wrap-up goes on until `until` (Unix seconds), because it was asked for."""

    TYPE: ClassVar[str] = "wrap_up_extended"
    VERSION: ClassVar[int] = 1
    at: float
    agent: AgentId
    until: float
