"""Whether a queue is open at a moment, and when that changes next.

The rules
- Hours are spans of the wall clock that the edge has worked out of weeks, holidays and summer time;
  the centre knows no calendar. A queue without hours is open at any time.
- A closing by hand holds from its beginning to its end, whatever the hours say; without an end it
  lasts until it is lifted. It never opens a queue.
- After the last span that is known a queue is closed: the edge tells of more in time.
"""

from dataclasses import dataclass
from math import inf

from queues.ids import AgentId


@dataclass(frozen=True, slots=True)
class OpenSpan:
    """Open from `opens_at` to `closes_at`, Unix seconds of the wall clock; None: no end in sight.

    Spans of a queue ascend and do not touch.
    """

    opens_at: float
    closes_at: float | None


Hours = tuple[OpenSpan, ...]


@dataclass(frozen=True, slots=True)
class Shut:
    """A queue is closed by hand from `since` to `until`, Unix seconds of the wall clock.

    `until` is None until it is lifted. `by` is the agent who asked, None for a supervisor.
    """

    by: AgentId | None
    since: float
    until: float | None


@dataclass(frozen=True, slots=True)
class Standing:
    """Whether a queue is open, and when that changes next (wall clock); None: not in sight."""

    is_open: bool
    turns_at: float | None


def standing(hours: Hours | None, shut: Shut | None, wall: float) -> Standing:
    """Give how a queue with these hours (None: always open) stands at a moment."""
    is_open = _is_open(hours, shut, wall)
    turns = [at for at in _edges(hours, shut) if at > wall]
    return Standing(
        is_open,
        next((at for at in sorted(turns) if _is_open(hours, shut, at) is not is_open), None),
    )


def opens_after(hours: Hours | None, wall: float) -> float | None:
    """Give the first moment after this one at which the hours begin anew; None: none in sight."""
    return next((span.opens_at for span in hours or () if span.opens_at > wall), None)


def ascend(hours: Hours) -> bool:
    """Tell whether spans are what they must be."""
    last = -inf
    for span in hours:
        end = inf if span.closes_at is None else span.closes_at
        if not last < span.opens_at < end:
            return False
        last = end
    return True


def _is_open(hours: Hours | None, shut: Shut | None, wall: float) -> bool:
    if shut is not None and shut.since <= wall < (inf if shut.until is None else shut.until):
        return False
    return hours is None or any(
        span.opens_at <= wall < (inf if span.closes_at is None else span.closes_at)
        for span in hours
    )


def _edges(hours: Hours | None, shut: Shut | None) -> list[float]:
    edges = [edge for span in hours or () for edge in (span.opens_at, span.closes_at)]
    if shut is not None:
        edges += [shut.since, shut.until]
    return [edge for edge in edges if edge is not None]
