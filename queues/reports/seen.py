"""What is taken of earlier calls to foretell later ones by; from records or from a simulation."""

from dataclasses import dataclass

from queues.centre.estimate import Expected
from queues.centre.needs import Need
from queues.ids import QueueId


@dataclass(frozen=True, slots=True)
class SeenTalk:
    """An agent was taken by a call for `hold_s`, of which the phone rang for `ring_s`."""

    queue: QueueId
    hold_s: float
    ring_s: float


@dataclass(frozen=True, slots=True)
class SeenWait:
    """A wait that lasted `lasted_s`, until a talk began or (not `talked`) nobody saw it any more.

    `hung_up` if the caller ended it. With what was foretold of it and read off the state then
    (`EstimateMade`), None if nothing was; `day` orders them.
    """

    queue: QueueId
    need: Need
    day: int
    lasted_s: float
    talked: bool
    hung_up: bool
    foretold: Expected | None = None
    head_s: float = 0.0
