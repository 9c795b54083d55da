"""Inputs about calls: a caller came, waits, left, is passed on, hung up or was missed."""

from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar

from queues.centre.values.needs import Need
from queues.ids import AgentId, CallId, ContactId, LineId, QueueId


class EndCause(StrEnum):
    """Why a call is over."""

    HUNG_UP = "hung_up"  # the caller hung up, or the dialogue said goodbye
    LOST = "lost"  # Asterisk or the caller's phone went away under the call


class MissCause(StrEnum):
    """Why a call is a missed one."""

    NO_SERVICE = "no_service"  # nobody decided here when it ended, and the switch noted it
    GONE = "gone"  # it waited, and was gone when somebody heard of calls again


@dataclass(frozen=True, slots=True)
class CallArrived:
    """A caller rang on a line; the dialogue has the call."""

    TYPE: ClassVar[str] = "call_arrived"
    VERSION: ClassVar[int] = 1
    call: CallId
    line: LineId


@dataclass(frozen=True, slots=True)
class QueueEntered:
    """A call was handed over to wait for an agent: by the dialogue, or from the switch's own queue.

    It has waited `waited_s` already, elsewhere; less than 0 counts as 0, more than an hour as one.
    `need` is what it asks for, None for what its queue asks for; `credit_s` counts as waited. For
    `preferred_s` seconds it waits for the agent `preferred` alone.
    """

    TYPE: ClassVar[str] = "queue_entered"
    VERSION: ClassVar[int] = 3
    call: CallId
    line: LineId
    queue: QueueId
    waited_s: float = 0.0
    need: Need | None = None
    credit_s: float = 0.0
    preferred: AgentId | None = None
    preferred_s: float = 0.0


@dataclass(frozen=True, slots=True)
class QueueLeft:
    """The dialogue took a waiting call back (a key pressed while waiting)."""

    TYPE: ClassVar[str] = "queue_left"
    VERSION: ClassVar[int] = 1
    call: CallId


@dataclass(frozen=True, slots=True)
class TransferAsked:
    """The agent who talks with a caller, or a supervisor, sends the call on.

    `asked_by` is None for a supervisor. To a queue, None for the call's own or one of `agent`; with
    `agent` it waits for that one alone for `alone_s` seconds. `need` is what it asks for from then
    on, None for what the queue asks for, in the language that the call asked for.
    """

    TYPE: ClassVar[str] = "transfer_asked"
    VERSION: ClassVar[int] = 1
    call: CallId
    asked_by: AgentId | None
    queue: QueueId | None
    agent: AgentId | None
    alone_s: float
    need: Need | None


@dataclass(frozen=True, slots=True)
class CallEnded:
    """The caller's channel is gone.

    If it is told late `gone_at` is when it is last known to have lived, by the centre's clock.
    """

    TYPE: ClassVar[str] = "call_ended"
    VERSION: ClassVar[int] = 2
    call: CallId
    cause: EndCause
    gone_at: float | None = None


@dataclass(frozen=True, slots=True)
class CallMissed:
    """A call ended while nobody decided here; it may be told twice.

    `called_at` in Unix seconds of the wall clock; no contact if the number was withheld.
    """

    TYPE: ClassVar[str] = "call_missed"
    VERSION: ClassVar[int] = 2
    call: CallId
    line: LineId
    called_at: float
    contact: ContactId | None
    cause: MissCause
