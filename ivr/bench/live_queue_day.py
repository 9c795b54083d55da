"""Which callers come to the live queue, and when: the first ones of a day that the router meets.

Twenty minutes of that day as it is. The quick run plays the first quarter of an hour six times as
fast: calls come six times as often, talks and patience last a sixth; the switch keeps its pace.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

from queues.simulation.callers import Callers, draw_callers
from queues.simulation.day import Day
from queues.simulation.house import House
from queues.simulation.rival import AppQueue

_SEED: Final = 1
_PLAYED_S: Final = 1200.0
_QUICK_PLAYED_S: Final = 900.0
_QUICK_FASTER: Final = 6.0


@dataclass(frozen=True, slots=True)
class LiveDay:
    """What both the real `Queue()` and its model are given."""

    house: House
    app_queue: AppQueue
    callers: Callers
    mark_s: float


def live_day(day: Day, *, quick: bool) -> LiveDay:
    """The part of a day that is played live; raises ValueError for a day without a rival."""
    if day.rival is None or day.rival_figures is None:
        raise ValueError("this day does not say how app_queue is set, and with which draw")
    house = day.houses[day.rival_figures.draw]
    played_s, faster = (_QUICK_PLAYED_S, _QUICK_FASTER) if quick else (_PLAYED_S, 1.0)
    first = draw_callers(replace(day.demand, duration_s=played_s), _SEED)
    return LiveDay(house, day.rival, hurried(first, faster), day.mark_s)


def hurried(callers: Callers, faster: float) -> Callers:
    """The same callers, so many times as fast."""
    return Callers(
        callers.arrived / faster,
        callers.need,
        callers.service / faster,
        callers.patience / faster,
    )
