"""Inputs of agents: ready, a pause, more wrap-up, the end of the day."""

from dataclasses import dataclass
from typing import ClassVar

from queues.ids import AgentId


@dataclass(frozen=True, slots=True)
class ReadyAsked:
    """An agent, or a supervisor for the agent, asked for calls. Signs in who was signed out."""

    TYPE: ClassVar[str] = "ready_asked"
    VERSION: ClassVar[int] = 1
    agent: AgentId


@dataclass(frozen=True, slots=True)
class PauseAsked:
    """An agent, or a supervisor for the agent, asked for no further calls for a stated reason."""

    TYPE: ClassVar[str] = "pause_asked"
    VERSION: ClassVar[int] = 1
    agent: AgentId
    reason: str


@dataclass(frozen=True, slots=True)
class WrapUpAsked:
    """An agent in wrap-up asked that it last so many seconds in all; it is never made shorter."""

    TYPE: ClassVar[str] = "wrap_up_asked"
    VERSION: ClassVar[int] = 1
    agent: AgentId
    lasts_s: float


@dataclass(frozen=True, slots=True)
class SignOutAsked:
    """An agent goes home."""

    TYPE: ClassVar[str] = "sign_out_asked"
    VERSION: ClassVar[int] = 1
    agent: AgentId
