"""Who calls, when, what for, for how long and with how much patience: drawn before anything runs.

So that two policies, or we and a rival, see the same callers (common random numbers): what a caller
brings is the caller's own, whoever answers. Each kind of chance has a stream of its own, so that a
change of one law leaves the others' draws as they are.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum

import numpy as np
import numpy.typing as npt

from queues.simulation.laws import Floats, Law, Patience

Rate = Callable[[Floats], Floats]  # seconds since the start -> calls per second
_GRID_S = 1.0  # a rate that changes is taken as straight between two such moments


class Stream(IntEnum):
    """The streams of chance of a run; the numbers are part of what a seed means."""

    ARRIVALS = 1
    NEEDS = 2
    SERVICE = 3
    PATIENCE = 4


@dataclass(frozen=True, slots=True)
class Demand:
    """What callers are like. `rate` is calls per second, constant or over time.

    `shares` of the needs, in the order of the house's needs, add up to 1. Talks and patience have
    one law, or one for each need in that order.
    """

    duration_s: float
    rate: float | Rate
    shares: tuple[float, ...]
    service: Law | tuple[Law, ...]
    patience: Patience | tuple[Patience, ...]

    @property
    def mean_service_s(self) -> float:
        """How long a talk lasts in the mean, over all needs."""
        laws = (
            self.service if isinstance(self.service, tuple) else (self.service,) * len(self.shares)
        )
        return sum(share * law.mean for share, law in zip(self.shares, laws, strict=True))


@dataclass(frozen=True, slots=True)
class Callers:
    """The callers of one run in the order of their arrival. Times in seconds since the start."""

    arrived: Floats
    need: npt.NDArray[np.int64]
    service: Floats
    patience: Floats  # from the arrival; infinite for who never hangs up

    def __len__(self) -> int:
        return len(self.arrived)


def draw_callers(demand: Demand, seed: int) -> Callers:
    """Draw the callers of one seed: the same seed gives the same callers."""
    arrived = _arrivals(demand, generator_of(seed, Stream.ARRIVALS))
    count = len(arrived)
    needs = generator_of(seed, Stream.NEEDS).random(count)
    edges = np.cumsum(demand.shares)[:-1]
    need = np.searchsorted(edges, needs, side="right").astype(np.int64)
    return Callers(
        arrived,
        need,
        _drawn(demand.service, need, generator_of(seed, Stream.SERVICE)),
        _drawn(demand.patience, need, generator_of(seed, Stream.PATIENCE)),
    )


def generator_of(seed: int, stream: Stream) -> np.random.Generator:
    """Give one stream of a seed, at its beginning."""
    return np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(int(stream),)))


def _drawn(
    laws: Patience | tuple[Patience, ...],
    need: npt.NDArray[np.int64],
    generator: np.random.Generator,
) -> Floats:
    if not isinstance(laws, tuple):
        return laws.draw(generator, len(need))
    found = np.empty(len(need))
    for number, law in enumerate(laws):
        mine = need == number
        found[mine] = law.draw(generator, int(mine.sum()))
    return found


def _arrivals(demand: Demand, generator: np.random.Generator) -> Floats:
    """Poisson arrivals: at rate 1 on the scale of expected calls, brought back to seconds."""
    if not callable(demand.rate):
        return _unit_arrivals(demand.rate * demand.duration_s, generator) / demand.rate
    grid = np.linspace(0.0, demand.duration_s, int(np.ceil(demand.duration_s / _GRID_S)) + 1)
    rates = demand.rate(grid)
    expected = np.concatenate(([0.0], np.cumsum(np.diff(grid) * (rates[1:] + rates[:-1]) / 2)))
    return np.interp(_unit_arrivals(float(expected[-1]), generator), expected, grid)


def _unit_arrivals(until: float, generator: np.random.Generator) -> Floats:
    """Arrivals of rate 1 before `until`."""
    found: list[Floats] = []
    last = 0.0
    while last < until:
        more = last + np.cumsum(generator.exponential(1.0, int(until - last) + 100))
        found.append(more)
        last = float(more[-1])
    arrivals = np.concatenate(found) if found else np.empty(0)
    return arrivals[arrivals < until]
