"""Facts about when queues are open. Times that are not `at` are of the wall clock.

Wall clock, not the centre's own time: hours are what the clock on the wall says.
"""

from dataclasses import dataclass
from typing import ClassVar

from queues.centre.inputs.doors import QueueHours
from queues.ids import AgentId, QueueId


@dataclass(frozen=True, slots=True)
class HoursTaken:
    """These queues have these hours from here on; others are open at any time."""

    TYPE: ClassVar[str] = "hours_taken"
    VERSION: ClassVar[int] = 1
    at: float
    hours: tuple[QueueHours, ...]


@dataclass(frozen=True, slots=True)
class ClosingOrdered:
    """A queue is closed by hand from `since` to `until` (None: until it is lifted).

    In the place of a closing before, if there was one. `by` is None for a supervisor.
    """

    TYPE: ClassVar[str] = "closing_ordered"
    VERSION: ClassVar[int] = 1
    at: float
    queue: QueueId
    by: AgentId | None
    since: float
    until: float | None


@dataclass(frozen=True, slots=True)
class ClosingLifted:
    """A queue is not closed by hand any more; its hours count again."""

    TYPE: ClassVar[str] = "closing_lifted"
    VERSION: ClassVar[int] = 1
    at: float
    queue: QueueId
    by: AgentId | None


@dataclass(frozen=True, slots=True)
class QueueOpened:
    """A queue takes calls, until `closes_at` if that is in sight."""

    TYPE: ClassVar[str] = "queue_opened"
    VERSION: ClassVar[int] = 1
    at: float
    queue: QueueId
    closes_at: float | None


@dataclass(frozen=True, slots=True)
class QueueClosed:
    """A queue takes no calls, until `opens_at` if that is in sight; who waits is given back."""

    TYPE: ClassVar[str] = "queue_closed"
    VERSION: ClassVar[int] = 1
    at: float
    queue: QueueId
    opens_at: float | None
