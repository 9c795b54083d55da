"""Facts about how much an agent is to bear: a breath after a call, more than the cap allows."""

from dataclasses import dataclass
from typing import ClassVar

from queues.ids import AgentId


@dataclass(frozen=True, slots=True)
class BreathBegan:
    """After a talk, or an offer that came to nothing, an agent is offered none until `until`."""

    TYPE: ClassVar[str] = "breath_began"
    VERSION: ClassVar[int] = 1
    at: float
    agent: AgentId
    until: float  # Unix seconds


@dataclass(frozen=True, slots=True)
class BreathEnded:
    """An agent may be offered calls again."""

    TYPE: ClassVar[str] = "breath_ended"
    VERSION: ClassVar[int] = 1
    at: float
    agent: AgentId


@dataclass(frozen=True, slots=True)
class OccupancyPassed:
    """An agent was in talks and wrap-up for more than the capped share of the last half hour.

    Until `until` (Unix seconds; sooner, if a talk begins) the other agents who are free come first.
    How much it was is not told: it is a figure of a single person.
    """

    TYPE: ClassVar[str] = "occupancy_passed"
    VERSION: ClassVar[int] = 1
    at: float
    agent: AgentId
    until: float


@dataclass(frozen=True, slots=True)
class OccupancyFell:
    """An agent is not above the cap any more."""

    TYPE: ClassVar[str] = "occupancy_fell"
    VERSION: ClassVar[int] = 1
    at: float
    agent: AgentId
