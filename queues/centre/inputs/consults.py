"""Inputs about consultations: an agent asks another one. Like all inputs; see `input.py`."""

from dataclasses import dataclass
from typing import ClassVar

from queues.centre.values.needs import Need
from queues.ids import AgentId, CallId, QueueId


@dataclass(frozen=True, slots=True)
class ConsultAsked:
    """The agent who talks, or a supervisor, wants the caller held and another agent asked first.

    As for `TransferAsked`; `agent` alone is asked, or none.
    """

    TYPE: ClassVar[str] = "consult_asked"
    VERSION: ClassVar[int] = 1
    call: CallId
    asked_by: AgentId | None
    queue: QueueId | None
    agent: AgentId | None
    need: Need | None


@dataclass(frozen=True, slots=True)
class CompleteAsked:
    """The agent who holds the call, or a supervisor (None), passes it to the agent asked."""

    TYPE: ClassVar[str] = "complete_asked"
    VERSION: ClassVar[int] = 1
    call: CallId
    asked_by: AgentId | None


@dataclass(frozen=True, slots=True)
class TakeBackAsked:
    """The agent who holds the call, or a supervisor (None), wants that agent to talk on."""

    TYPE: ClassVar[str] = "take_back_asked"
    VERSION: ClassVar[int] = 1
    call: CallId
    asked_by: AgentId | None
