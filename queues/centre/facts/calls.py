"""Facts about a call: its place in the queue, what it asks for, where it goes."""

from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar

from queues.centre.commands import ReturnReason
from queues.centre.inputs.calls import EndCause
from queues.centre.values.needs import ANYBODY, Need, Relaxed
from queues.ids import AgentId, CallId, LineId, QueueId


@dataclass(frozen=True, slots=True)
class CallQueued:
    """A call waits here from `at` on, and counts as waiting since `since` (Unix seconds).

    `number` breaks the tie of calls that came at the same moment. At `need_until` (Unix seconds) it
    asks for less than `need`, in which `steps` are, or no more for the agent `only`. If it still
    waits at `leave_at` (Unix seconds) it is given back.
    """

    TYPE: ClassVar[str] = "call_queued"
    VERSION: ClassVar[int] = 3
    at: float
    call: CallId
    line: LineId
    queue: QueueId
    number: int
    since: float  # earlier than `at` if it had waited elsewhere before
    need: Need = ANYBODY
    steps: int = 0
    need_until: float | None = None
    only: AgentId | None = None
    credit_s: float = 0.0
    leave_at: float | None = None


@dataclass(frozen=True, slots=True)
class NeedRelaxed:
    """A call asks for less from now on: `steps` of its queue are due, of which this is the reason.

    It asks for less again at `until` (Unix seconds), if ever.
    """

    TYPE: ClassVar[str] = "need_relaxed"
    VERSION: ClassVar[int] = 1
    at: float
    call: CallId
    queue: QueueId
    need: Need
    steps: int
    until: float | None
    why: Relaxed
    reason: str
    waited_s: float


@dataclass(frozen=True, slots=True)
class CallRefused:
    """A call could not wait here; the dialogue has it again."""

    TYPE: ClassVar[str] = "call_refused"
    VERSION: ClassVar[int] = 2
    at: float
    call: CallId
    line: LineId
    queue: QueueId
    reason: ReturnReason


@dataclass(frozen=True, slots=True)
class CallMoved:
    """A call's queue is not in the settings any more; it is in queue `to` now, with its place.

    It has waited, been offered or talked for `in_centre_s`, and goes on with that. Any agent of the
    queue may take it: whoever has what it asked for may not be there.
    """

    TYPE: ClassVar[str] = "call_moved"
    VERSION: ClassVar[int] = 1
    at: float
    call: CallId
    queue: QueueId
    to: QueueId
    in_centre_s: float


class TransferFault(StrEnum):
    """Why a call is not transferred. Nothing changed."""

    NOT_TALKING = "not_talking"  # no agent talks with the caller (any more)
    NOT_YOURS = "not_yours"  # another agent talks with the caller
    QUEUE_UNKNOWN = "queue_unknown"
    AGENT_CANNOT = "agent_cannot"  # signed out, does not serve the queue, lacks the need, or asks
    QUEUE_FULL = "queue_full"  # as many wait there as may
    AGENT_BUSY = "agent_busy"  # to be asked at once, and not free
    CONSULTING = "consulting"  # the caller is held, an agent is being asked
    NOT_CONSULTING = "not_consulting"  # nobody is being asked
    NOBODY_REACHED = "nobody_reached"  # nobody who is asked has picked up yet


class Owing(StrEnum):
    """Why a call is owed."""

    NOBODY_ABLE = "nobody_able"  # nobody else at work may take it: the talk goes on
    NOBODY_CAME = "nobody_came"  # it was transferred, and nobody took it for a stated time


@dataclass(frozen=True, slots=True)
class CallTransferred:
    """A call waits in queue `to` for the `hops`-th time that it is passed on, with its place.

    The agent `passed_by` had talked with the caller; `asked_by` is None for a supervisor. For
    `need`, `steps`, `need_until`, `only` and `leave_at` see `CallQueued`. At `owed_at` (Unix
    seconds) it is owed to `passed_by` if nobody took it.
    """

    TYPE: ClassVar[str] = "call_transferred"
    VERSION: ClassVar[int] = 1
    at: float
    call: CallId
    queue: QueueId
    to: QueueId
    passed_by: AgentId
    asked_by: AgentId | None
    hops: int
    since: float  # when it first waited
    need: Need
    steps: int
    need_until: float | None
    only: AgentId | None
    owed_at: float
    leave_at: float | None


@dataclass(frozen=True, slots=True)
class TransferRefused:
    """A call was not transferred."""

    TYPE: ClassVar[str] = "transfer_refused"
    VERSION: ClassVar[int] = 1
    at: float
    call: CallId
    fault: TransferFault


@dataclass(frozen=True, slots=True)
class CallOwed:
    """A call is owed to its `owner`, who sees to it, until an agent who may take it talks.

    It asked for `need` in `queue`. With `nobody_able` the talk with the owner goes on, with
    `nobody_came` the call waits on, and may be offered to the owner too.
    """

    TYPE: ClassVar[str] = "call_owed"
    VERSION: ClassVar[int] = 1
    at: float
    call: CallId
    owner: AgentId
    why: Owing
    queue: QueueId
    need: Need


@dataclass(frozen=True, slots=True)
class CallTakenBack:
    """The dialogue took a waiting call back."""

    TYPE: ClassVar[str] = "call_taken_back"
    VERSION: ClassVar[int] = 1
    at: float
    call: CallId
    queue: QueueId
    waited_s: float


@dataclass(frozen=True, slots=True)
class CallReturned:
    """The centre gave a call back to the dialogue."""

    TYPE: ClassVar[str] = "call_returned"
    VERSION: ClassVar[int] = 1
    at: float
    call: CallId
    queue: QueueId
    reason: ReturnReason


@dataclass(frozen=True, slots=True)
class CallRequeued:
    """A call whose agent's phone was lost in the talk waits again, in its first place.

    It counts as waiting since it came, `in_centre_s` ago. At `need_until` it asks for less.
    """

    TYPE: ClassVar[str] = "call_requeued"
    VERSION: ClassVar[int] = 1
    at: float
    call: CallId
    queue: QueueId
    need_until: float | None
    in_centre_s: float


@dataclass(frozen=True, slots=True)
class CallClosed:
    """A call of the centre is over, `in_centre_s` after it began to wait (a talk included).

    One that was gone long before that was heard counts until it is last known to have lived.
    """

    TYPE: ClassVar[str] = "call_closed"
    VERSION: ClassVar[int] = 1
    at: float
    call: CallId
    queue: QueueId
    cause: EndCause
    in_centre_s: float


@dataclass(frozen=True, slots=True)
class CallEndNoted:
    """A call that does not wait here ended; a hand-over of it that is still under way is void."""

    TYPE: ClassVar[str] = "call_end_noted"
    VERSION: ClassVar[int] = 1
    at: float
    call: CallId
    cause: EndCause


@dataclass(frozen=True, slots=True)
class CallRested:
    """A call that rested after failed joins may be offered again, at its old place in the order."""

    TYPE: ClassVar[str] = "call_rested"
    VERSION: ClassVar[int] = 1
    at: float
    call: CallId
