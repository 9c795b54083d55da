"""A day to be simulated, as its file describes it: who calls, who answers, what is compared."""

from collections.abc import Mapping
from dataclasses import dataclass

from queues.simulation.callers import Demand
from queues.simulation.house import House
from queues.simulation.rival import AppQueue


@dataclass(frozen=True, slots=True)
class RivalFigures:
    """What the rival comes to on one draw, seen elsewhere: its model must come to it too."""

    draw: str
    answered_within_mark: float
    p95_s: float
    abandoned: float
    worst_over_best_need: float


@dataclass(frozen=True, slots=True)
class Day:
    """A day. `houses` by the name of the draw of skills; one named `all` where nobody draws."""

    demand: Demand
    houses: Mapping[str, House]
    mark_s: float
    seeds: tuple[int, int]  # from, to; both included
    rival: AppQueue | None
    rival_figures: RivalFigures | None
    not_simulated: tuple[str, ...]  # parts of the file that the simulation does not play yet
    begins_min: int = 0  # minutes of the day at which it begins, for who reads a table
