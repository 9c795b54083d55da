"""A recorded day with changes, beside the same day without them and beside what was recorded."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from statistics import median
from typing import Final

import numpy as np

from queues.simulation.callers import Callers
from queues.simulation.changes import script_of
from queues.simulation.figures import figures_of
from queues.simulation.fit import Laws, draw_again
from queues.simulation.outcome import End, Outcome
from queues.simulation.play import play
from queues.simulation.recorded import Kind, RecordedDay, StayEnd

SEEDS: Final = range(1, 21)
_ENDS: Final = {
    StayEnd.SERVED: End.ANSWERED,
    StayEnd.HUNG_UP: End.HUNG_UP,
    StayEnd.TURNED_AWAY: End.TURNED_AWAY,
    StayEnd.GIVEN_BACK: End.GIVEN_BACK,
    StayEnd.NOT_SEEN: End.NOT_KNOWN,
}


@dataclass(frozen=True, slots=True)
class Range:
    """What a figure comes to over the draws."""

    low: float
    middle: float  # the median
    high: float


def simulated(
    day: RecordedDay, laws: Mapping[Kind, Laws], mark_s: float, seed: int
) -> dict[str, float]:
    """Give the figures of one draw of a day. The same seed draws the same for any change."""
    return _figures(day, play(script_of(day), draw_again(day, laws, seed)), mark_s)


def as_recorded(day: RecordedDay, mark_s: float) -> dict[str, float]:
    """Give the figures of the day as it was."""
    number = {queue: index for index, queue in enumerate(day.queues)}
    column = partial(np.array, dtype=float)
    callers = Callers(
        column([stay.at for stay in day.stays]),
        np.array([number[stay.kind.queue] for stay in day.stays], dtype=np.int64),
        column([stay.talked_s for stay in day.stays]),
        column([stay.waited_s for stay in day.stays]),
    )
    ends = np.array([_ENDS[stay.end] for stay in day.stays], dtype=np.int8)
    nobody = np.full(len(ends), -1, dtype=np.int32)
    return _figures(day, Outcome(callers, ends, callers.patience, nobody), mark_s)


def ranges(runs: Sequence[Mapping[str, float]]) -> dict[str, Range]:
    """Give each figure's range over the runs; what is not there in a run is left out."""
    found: dict[str, Range] = {}
    for name in runs[0]:
        values = [run[name] for run in runs if name in run]
        found[name] = Range(min(values), median(values), max(values))
    return found


def _figures(day: RecordedDay, outcome: Outcome, mark_s: float) -> dict[str, float]:
    """A wait counts from when the caller first waited, as it does live."""
    before = np.array([max(0.0, stay.entered.waited_s) for stay in day.stays])
    whole = replace(outcome, wait=outcome.wait + before)
    figures = figures_of(whole, mark_s=mark_s, needs=len(day.queues)).named(day.queues)
    figures["given_back"] = float((outcome.end == End.GIVEN_BACK).mean())
    figures["not_known"] = float((outcome.end == End.NOT_KNOWN).mean())
    return {name: value for name, value in figures.items() if value == value}
