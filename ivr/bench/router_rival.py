"""What callers of the same days get from the centre and from a model of app_queue, side by side.

For each seed the figures are means over the draws of skills; a ratio is taken seed by seed, so that
what one seed's callers were like is in both parts of it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from functools import cache
from typing import Final

from ivr.bench.table import Bar, Row
from queues.centre.inputs.settings import Order
from queues.simulation.callers import draw_callers
from queues.simulation.day import Day
from queues.simulation.figures import figures_of
from queues.simulation.house import House
from queues.simulation.outcome import Outcome
from queues.simulation.read_day import read_day
from queues.simulation.rival import AppQueue, run_rival
from queues.simulation.run import run
from queues.simulation.student import interval

_RIVAL: Final = "app_queue (model)"
_NEAR: Final = 0.05
_NEAR_RATIO: Final = 0.10
_CHUNK: Final = 5

_MARK: Final = "answered_within_mark"
_CALLED: Final[Mapping[str, tuple[str, str]]] = {
    "p95_s": ("p95 of wait", "s"),
    "worst_over_best_need": ("worst / best class mean", ""),
    "abandoned": ("abandoned", ""),
    "mean_wait_s": ("mean wait", "s"),
    _MARK: ("answered within the mark", ""),
}


@dataclass(frozen=True, slots=True)
class Variant:
    """An order as it is set, with the bars for our share of the rival's figures."""

    name: str
    order: Order
    cap_s: float
    bars: Mapping[str, tuple[Bar, float]]


VARIANTS: Final = (
    Variant(
        "longest wait first",
        Order.LONGEST_WAIT,
        75.0,
        {
            "p95_s": (Bar.AT_MOST, 0.82),
            "worst_over_best_need": (Bar.AT_MOST, 0.65),
            "abandoned": (Bar.AT_MOST, 0.975),
            "mean_wait_s": (Bar.AT_MOST, 0.975),
        },
    ),
    Variant(
        "service level first",
        Order.SERVICE_LEVEL,
        75.0,
        {
            "p95_s": (Bar.AT_MOST, 0.88),
            "worst_over_best_need": (Bar.AT_MOST, 0.88),
            "abandoned": (Bar.AT_MOST, 0.99),
            _MARK: (Bar.AT_LEAST, 1.0),
        },
    ),
    Variant(
        "service level first, cap 50 s",
        Order.SERVICE_LEVEL,
        50.0,
        dict.fromkeys(_CALLED, (Bar.AT_MOST, 1.0)) | {_MARK: (Bar.AT_LEAST, 1.0)},
    ),
)


@dataclass(frozen=True, slots=True)
class Pair:
    """The figures of one seed and one draw, by name: ours by variant, and the rival's."""

    ours: Mapping[str, Mapping[str, float]]
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

    def figures(outcome: Outcome) -> Mapping[str, float]:
        needs = len(house.needs)
        return figures_of(outcome, mark_s=day.mark_s, needs=needs).named(house.needs)

    def as_set(variant: Variant) -> House:
        return replace(house, order=variant.order, mark_s=day.mark_s, cap_s=variant.cap_s)

    ours = {variant.name: figures(run(as_set(variant), callers)) for variant in VARIANTS}
    return Pair(ours, figures(run_rival(house, callers, day.rival or AppQueue())))


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
    rows = []
    for figure, expected, near in own:
        mean = interval([pair.rivals[figure] for pair in found[seen.draw]]).mean
        name = f"app_queue's model, {_CALLED[figure][0]}: off its own figure"
        rows.append(Row(name, (abs(mean / expected - 1),), "of it", bar=near))
    return rows


def comparison_rows(day: Day, found: Found) -> list[Row]:
    """For each variant our figures beside the rival's, and each as a share of it with its bar."""
    return [row for variant in VARIANTS for row in _rows_of(variant, day, found)]


def _rows_of(variant: Variant, day: Day, found: Found) -> Iterator[Row]:
    for figure, (called, unit) in _CALLED.items():
        ours, rivals = _by_seed(found, figure, variant.name), _by_seed(found, figure, None)
        ratios = [our / rival for our, rival in zip(ours, rivals, strict=True)]
        name = f"{variant.name}: "
        name += f"answered in {day.mark_s:g} s" if figure == _MARK else called
        beside = (interval(rivals).mean,)
        yield Row(name, _spread(ours), unit, against=_RIVAL, against_values=beside)
        kind, bar = variant.bars.get(figure, (Bar.AT_MOST, None))
        yield Row(f"{name}, share of the rival's", _spread(ratios), "x", kind, bar, _RIVAL, (1.0,))


def _by_seed(found: Found, figure: str, variant: str | None) -> list[float]:
    """A figure's mean over the draws, for each seed: ours by this variant, or the rival's."""
    by_draw = (
        [(pair.rivals if variant is None else pair.ours[variant])[figure] for pair in pairs]
        for pairs in found.values()
    )
    return [sum(values) / len(values) for values in zip(*by_draw, strict=True)]


def _spread(values: Sequence[float]) -> tuple[float, ...]:
    """The 95 % interval: its ends and its middle, which the row takes as its value."""
    found = interval(values)
    return (found.low, found.mean, found.high)
