"""Inputs about when queues are open; like all inputs, see `input.py`."""

from dataclasses import dataclass
from typing import ClassVar

from queues.centre.lives.door import Hours
from queues.ids import AgentId, QueueId


@dataclass(frozen=True, slots=True)
class QueueHours:
    """A queue that is open in these spans of the wall clock and in no other."""

    queue: QueueId
    spans: Hours


@dataclass(frozen=True, slots=True)
class HoursTold:
    """The hours of all queues that have any, for some days ahead, as the calendar says today."""

    TYPE: ClassVar[str] = "hours_told"
    VERSION: ClassVar[int] = 1
    hours: tuple[QueueHours, ...]


@dataclass(frozen=True, slots=True)
class CloseAsked:
    """A queue is to be closed by hand; `by` an agent, None for a supervisor.

    From `since` on, None for now, until `until` (Unix seconds of the wall clock); None: until its
    hours begin anew, or, if it has none, until it is opened.
    """

    TYPE: ClassVar[str] = "close_asked"
    VERSION: ClassVar[int] = 1
    queue: QueueId
    by: AgentId | None
    since: float | None
    until: float | None


@dataclass(frozen=True, slots=True)
class OpenAsked:
    """A closing by hand is to be lifted; `by` an agent, None for a supervisor."""

    TYPE: ClassVar[str] = "open_asked"
    VERSION: ClassVar[int] = 1
    queue: QueueId
    by: AgentId | None
