"""The rows that reports are made of: ended calls, offers, waits and talks; missed calls. Ids only.

Times are Unix seconds of the wall clock, durations seconds. `seq` is the journal's row that ended
it, so that whoever reads knows where to look further.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class EndedCall:
    """A call from its arrival to its end, all its stays in queues together.

    `queue` is the last one, `entered_at` the first hand-over, `answered_at` the first talk, `agent`
    the last one it talked with; None for what never came about. `hops` counts hand-overs to a
    queue, and moves from one to another.
    """

    seq: int
    call: str
    line: str
    queue: str | None
    arrived_at: float
    entered_at: float | None
    answered_at: float | None
    ended_at: float
    outcome: str
    agent: str | None
    waited_s: float
    talked_s: float | None
    hops: int


@dataclass(frozen=True, slots=True)
class EndedOffer:
    """One ringing of one phone, until it came to a talk or to nothing."""

    seq: int
    offer: str
    call: str
    queue: str
    agent: str
    place: str
    made_at: float
    ended_at: float
    outcome: str
    rang_s: float


@dataclass(frozen=True, slots=True)
class MissedCall:
    """A call that ended without anybody. `contact` is a random id, None for a number withheld."""

    seq: int
    call: str
    line: str
    called_at: float
    noted_at: float
    cause: str
    contact: str | None


@dataclass(frozen=True, slots=True)
class EndedWait:
    """One wait in one queue: from the hand-over, or a transfer, until it was over.

    `need` is what it asked for then, as JSON text. `end` is a `WaitEnd`. What was foretold of it is
    None where nothing was; see `EstimateMade`. `came_true` is a `CameTrue`, if a range was told.
    """

    seq: int
    call: str
    queue: str
    need: str
    began_at: float
    ended_at: float
    lasted_s: float
    end: str
    expected_s: float | None
    foretold_s: float | None
    low_s: float | None
    high_s: float | None
    ahead: int | None
    head_s: float | None
    agents: int | None
    came_true: str | None


@dataclass(frozen=True, slots=True)
class EndedTalk:
    """For how long one call took an agent: its phone rang, they talked, it was wrapped up.

    Whose phone it was is not told: no figure of a single person is made of it.
    """

    seq: int
    call: str
    queue: str
    ended_at: float
    rang_s: float
    talked_s: float
    wrapped_up_s: float


@dataclass(frozen=True, slots=True)
class EstimateCount:
    """How many waits of a queue's need, told a range, came out in one way."""

    queue: str
    need: str
    came_true: str
    waits: int
