"""What was learned of earlier calls, by which a wait is foretold. The edge learns it; here it lies.

It comes as an input and stands in the journal, so that a replay foretells what was foretold.
"""

from dataclasses import dataclass
from typing import ClassVar, Final

from queues.centre.values.needs import Need
from queues.ids import QueueId


@dataclass(frozen=True, slots=True)
class Pace:
    """How fast the calls of a queue go, in the mean. Times in seconds.

    A call takes an agent for `hold_s` (ringing, talk and wrap-up), of which `ring_s` pass before
    the talk begins. Callers hang up after `patience_s`; None if too few were seen to.
    """

    queue: QueueId
    hold_s: float
    ring_s: float
    patience_s: float | None


@dataclass(frozen=True, slots=True)
class Band:
    """Waits that were foretold to last less than `below_s` (None: any longer one).

    Of them a tenth lasted less than `low` times as long as foretold, a tenth more than `high` times
    as long; `middle` is the mean. Seen on calls from which nothing else was learned.
    """

    below_s: float | None
    low: float
    middle: float
    high: float


@dataclass(frozen=True, slots=True)
class Spread:
    """How far the waits of one need are off what was foretold, by how long that was.

    `need` is None for all calls of the queue together, for needs of which too few were seen.
    """

    queue: QueueId
    need: Need | None
    bands: tuple[Band, ...]


@dataclass(frozen=True, slots=True)
class Learned:
    """All that was learned. `correction`: weights of what `estimates/correcting.py` reads off the
    state; none where they do not foretell better than the formula alone.
    """

    paces: tuple[Pace, ...] = ()
    spreads: tuple[Spread, ...] = ()
    correction: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True)
class EstimatesLearned:
    """The records of earlier calls were read, at a start or at the end of a day."""

    TYPE: ClassVar[str] = "estimates_learned"
    VERSION: ClassVar[int] = 1
    learned: Learned


NOTHING: Final = Learned()


def pace_of(learned: Learned, queue: QueueId) -> Pace | None:
    """Give the pace of a queue; None while too little is known of it."""
    return next((pace for pace in learned.paces if pace.queue == queue), None)


def band_of(learned: Learned, queue: QueueId, need: Need, foretold_s: float) -> Band | None:
    """Give the band of a wait with this need that was foretold to last so long; None if unknown."""
    found: Spread | None = None
    for spread in learned.spreads:
        if spread.queue == queue and (spread.need == need or (spread.need is None and not found)):
            found = spread
            if spread.need is not None:
                break
    if found is None:
        return None
    return next(
        (b for b in found.bands if b.below_s is None or foretold_s < b.below_s), found.bands[-1]
    )
