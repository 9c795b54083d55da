"""What callers of the same days get from the centre and from a model of app_queue, side by side.

For each seed the figures are means over the draws of skills; a ratio is taken seed by seed, so that
what one seed's callers were like is in both parts of it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import cache
from typing import Final

from ivr.bench.table import Bar, Row
from queues.simulation.callers import draw_callers
from queues.simulation.day import Day
from queues.simulation.figures import figures_of
from queues.simulation.read_day import read_day
from queues.simulation.rival import AppQueue, run_rival
from queues.simulation.run import run
from queues.simulation.student import interval

_RIVAL: Final = "app_queue (model)"
_OURS: Final = "longest wait first"
_NEAR: Final = 0.05
_NEAR_RATIO: Final = 0.10
_CHUNK: Final = 5

# figure, what it is called, its unit, the bar for our share of the rival's (None: shown beside)
_COMPARED: Final[tuple[tuple[str, str, str, float | None], ...]] = (
    ("p95_s", "p95 of wait", "s", 0.82),
    ("worst_over_best_need", "worst / best class mean", "", 0.65),
    ("abandoned", "abandoned", "", 0.975),
    ("mean_wait_s", "mean wait", "s", 0.975),
    ("answered_within_mark", "answered within the mark", "", None),
)


@dataclass(frozen=True, slots=True)
class Pair:
    """The figures of one seed and one draw, by name."""

    ours: Mapping[str, float]
    rivals: Mapping[str, float]


Found = Mapping[str, Sequence[Pair]]  # by draw, one pair a seed


def figures_of_draws(pool: ProcessPoolExecutor, text: str, draws: Sequence[str]) -> Found:
    """Simulate each draw of a day, given as its file's text, with the day's seeds."""
    first, last = read_day(text).seeds
    seeds = range(first, last + 1)
    jobs = [(text, draw, seed) for draw in draws for seed in seeds]
    pairs = list(pool.map(_pair, jobs, chunksize=_CHUNK))
    return {
        draw: pairs[number * len(seeds) : (number + 1) * len(seeds)]
        for number, draw in enumerate(draws)
    }


def _pair(job: tuple[str, str, int]) -> Pair:
    text, draw, seed = job
    day = _day(text)
    house, callers = day.houses[draw], draw_callers(day.demand, seed)
    outcomes = (run(house, callers), run_rival(house, callers, day.rival or AppQueue()))
    ours, rivals = (
        figures_of(outcome, mark_s=day.mark_s, needs=len(house.needs)).named(house.needs)
        for outcome in outcomes
    )
    return Pair(ours, rivals)


@cache
def _day(text: str) -> Day:
    """A day read once in each process: its rate is a function, which does not travel."""
    return read_day(text)


def rival_rows(day: Day, found: Found) -> list[Row]:
    """How far the rival's model is off what app_queue was seen to come to."""
    seen = day.rival_figures
    if seen is None or seen.draw not in found:
        return [Row("app_queue's model: its own figures", (), "", bar=_NEAR)]
    own = (
        ("answered_within_mark", seen.answered_within_mark, _NEAR),
        ("p95_s", seen.p95_s, _NEAR),
        ("abandoned", seen.abandoned, _NEAR),
        ("worst_over_best_need", seen.worst_over_best_need, _NEAR_RATIO),
    )
    called = {figure: name for figure, name, *_ in _COMPARED}
    rows = []
    for figure, expected, near in own:
        mean = interval([pair.rivals[figure] for pair in found[seen.draw]]).mean
        name = f"app_queue's model, {called[figure]}: off its own figure"
        rows.append(Row(name, (abs(mean / expected - 1),), "of it", bar=near))
    return rows


def comparison_rows(day: Day, found: Found) -> list[Row]:
    """Our figures beside the rival's, and each as a share of the rival's with its bar."""
    rows = []
    for figure, name, unit, bar in _COMPARED:
        ours, rivals = _by_seed(found, figure, ours=True), _by_seed(found, figure, ours=False)
        ratios = [our / rival for our, rival in zip(ours, rivals, strict=True)]
        if figure == "answered_within_mark":
            name = f"answered in {day.mark_s:g} s"
        beside = (interval(rivals).mean,)
        rows.append(Row(f"{_OURS}: {name}", _spread(ours), unit, against=_RIVAL,
                        against_values=beside))  # fmt: skip
        rows.append(Row(f"{_OURS}: {name}, share of the rival's", _spread(ratios), "x",
                        Bar.AT_MOST, bar, _RIVAL, (1.0,)))  # fmt: skip
    return rows


def _by_seed(found: Found, figure: str, *, ours: bool) -> list[float]:
    """A figure's mean over the draws, for each seed."""
    by_draw = [[(p.ours if ours else p.rivals)[figure] for p in pairs] for pairs in found.values()]
    return [sum(values) / len(values) for values in zip(*by_draw, strict=True)]


def _spread(values: Sequence[float]) -> tuple[float, ...]:
    """The 95 % interval: its ends and its middle, which the row takes as its value."""
    found = interval(values)
    return (found.low, found.mean, found.high)
