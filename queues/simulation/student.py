"""How far the mean of a few independent figures may lie from the truth: Student's t."""

import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from math import exp, lgamma, log, pi, sqrt

_STEPS = 2_000  # Simpson's rule over the density: beyond ten digits


@dataclass(frozen=True, slots=True)
class Interval:
    """A mean and its interval: as surely as asked, the truth is within `half_width` of it."""

    mean: float
    half_width: float

    @property
    def low(self) -> float:
        """The lower end."""
        return self.mean - self.half_width

    @property
    def high(self) -> float:
        """The upper end."""
        return self.mean + self.half_width

    def holds(self, value: float) -> bool:
        """Tell whether a value lies inside."""
        return self.low <= value <= self.high


def interval(values: Sequence[float], *, sure: float = 0.95) -> Interval:
    """Give the mean of independent values with its interval; raises ValueError for none.

    One value alone has an interval without end.
    """
    if not values:
        raise ValueError("an interval needs at least one value")
    if len(values) == 1:
        return Interval(float(values[0]), float("inf"))
    spread = statistics.stdev(values) / sqrt(len(values))
    return Interval(statistics.fmean(values), t_quantile(len(values) - 1, sure) * spread)


@cache
def t_quantile(freedom: int, sure: float) -> float:
    """The value that Student's t with so many degrees of freedom stays within, either side."""
    low, high = 0.0, 1.0
    while _within(freedom, high) < sure:
        high *= 2
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if _within(freedom, middle) < sure else (low, middle)
    return high


def _within(freedom: int, bound: float) -> float:
    """The share of Student's t between -bound and bound."""
    step = bound / _STEPS
    inner = sum(
        (4 if number % 2 else 2) * _density(freedom, number * step) for number in range(1, _STEPS)
    )
    ends = _density(freedom, 0.0) + _density(freedom, bound)
    return 2 * step / 3 * (ends + inner)


def _density(freedom: int, t: float) -> float:
    constant = lgamma((freedom + 1) / 2) - lgamma(freedom / 2)
    return exp(constant - (freedom + 1) / 2 * log(1 + t * t / freedom)) / sqrt(freedom * pi)
