"""How the luck of a run's draws is taken out of its figures, without knowing what should come out.

At a load near 1 a mean wait over 200,000 calls is off by a tenth, because by luck a little more
work came than was to be expected. That luck can be measured. Callers arrive at a known rate
whatever the house looks like, and talks end at a known rate while they last, so for any function g
of the house

    sum of g before each arrival  -  rate x integral of g over time

has the mean 0, and so have those of the ends of talks (or, where a talk's law is not exponential,
g before each talk x (its length - the mean)) and of callers who hang up. And once the beginning is
forgotten, g at the end of a stretch less g at its beginning has the mean 0. That is so for whatever
policy is simulated, a faulty one too. These noises, for the few functions below, are the controls:
the part of a figure that goes with them is taken off by regression on batches (control variates:
Lavenberg and Welch 1981; martingales as controls: Henderson and Glynn 2002), each run by the slopes
of the others. No closed form and no
exact value is in them, so a router that lets agents idle comes out as it is.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import isfinite, sqrt
from typing import Final

import numpy as np
import numpy.typing as npt

from queues.simulation.laws import Exponential, Floats, Law, Patience
from queues.simulation.outcome import Outcome

_LEAST_SPREAD: Final = 0.03  # of a direction of the noises, of that of the widest


@dataclass(frozen=True, slots=True)
class Sample:
    """One run after its warm-up, in batches of equally many callers: mean figures and noises."""

    figures: Floats  # batches x figures
    noises: Floats  # batches x noises


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of the draws of a run. No ring, no wrap-up, a constant rate."""

    rate: float
    service: Law
    patience: Patience
    agents: int


def sample(outcome: Outcome, figures: Floats, known: Known, *, skip: int, batches: int) -> Sample:
    """Cut the first `skip` callers off, and the rest into batches. `figures`: callers x figures."""
    size = (len(figures) - skip) // batches
    starts = skip + size * np.arange(batches)
    whole = figures[skip : skip + size * batches].reshape(batches, size, -1)
    borders = outcome.callers.arrived[np.append(starts, starts[-1] + size - 1)]
    return Sample(whole.mean(axis=1), _noises(outcome, known, borders) / size)


def waiting_found(outcome: Outcome) -> Floats:
    """Give how many callers waited when each caller arrived."""
    arrived = outcome.callers.arrived
    off_line = np.sort(arrived + outcome.wait)
    return np.arange(len(arrived), dtype=float) - np.searchsorted(off_line, arrived)


def controlled_means(samples: Sequence[Sample]) -> Floats:
    """Give runs x figures: each run's means with the luck of its draws taken off.

    By slopes that were fitted on the other runs: fitted on the same noises that they are multiplied
    with they would lean towards them, which is a bias, and more than the interval where a function
    is seldom other than 0. One run alone stays as it is.
    """
    if len(samples) == 1:
        return plain_means(samples)
    return np.stack(
        [
            each.figures.mean(axis=0)
            - each.noises.mean(axis=0) @ _slopes([*samples[:number], *samples[number + 1 :]])
            for number, each in enumerate(samples)
        ]
    )


def _slopes(samples: Sequence[Sample]) -> Floats:
    """Give noises x figures, without directions in which the noises hardly differ."""
    figures = np.concatenate([each.figures for each in samples])
    drawn = np.concatenate([each.noises for each in samples])
    scale = drawn.std(axis=0)
    scale[scale == 0] = 1.0
    centred = (drawn - drawn.mean(axis=0)) / scale
    fitted = np.linalg.lstsq(centred, figures - figures.mean(axis=0), _LEAST_SPREAD)
    slopes: Floats = fitted[0] / scale[:, np.newaxis]
    return slopes


def plain_means(samples: Sequence[Sample]) -> Floats:
    """Give runs x figures: each run's means as they are."""
    return np.stack([each.figures.mean(axis=0) for each in samples])


@dataclass(frozen=True, slots=True)
class _Path:
    """All that happened in one run in order of time, and the house just before each of it."""

    at: Floats
    after: Floats  # seconds since what happened before
    waiting: Floats
    busy: Floats
    kind: npt.NDArray[np.int64]  # 0 a talk's end, 1 an arrival, 2 a talk's start, 3 a hang-up
    caller: npt.NDArray[np.int64]


def _path(outcome: Outcome) -> _Path:
    callers, answered = outcome.callers, np.flatnonzero(outcome.answered)
    gone = np.flatnonzero(~outcome.answered)
    off_line = callers.arrived + outcome.wait
    times = (
        (off_line + callers.service)[answered], callers.arrived, off_line[answered], off_line[gone],
    )  # fmt: skip
    who = (answered, np.arange(len(callers)), answered, gone)
    at, kind = np.concatenate(times), np.repeat(np.arange(4), [len(each) for each in times])
    order = np.argsort(at, kind="stable")  # an end before the start that it makes room for
    at, kind = at[order], kind[order]
    waiting = np.array([0.0, 1.0, -1.0, -1.0])[kind]
    busy = np.array([-1.0, 0.0, 1.0, 0.0])[kind]
    return _Path(
        at,
        np.diff(at, prepend=0.0),
        np.cumsum(waiting) - waiting,
        np.cumsum(busy) - busy,
        kind,
        np.concatenate(who)[order],
    )


def _noises(outcome: Outcome, known: Known, borders: Floats) -> Floats:
    """Give borders - 1 x noises: their sums between two borders in time."""
    path = _path(outcome)
    house = _functions(path, known.agents)
    parts = [(path.kind == 1) - known.rate * path.after]
    if isinstance(known.service, Exponential):
        parts.append((path.kind == 0) - path.busy * path.after / known.service.mean)
    else:
        length = outcome.callers.service[path.caller] / known.service.mean - 1
        parts.append(np.where(path.kind == 2, length, 0.0))
    if isinstance(known.patience, Exponential) and isfinite(known.patience.mean):
        parts.append((path.kind == 3) - path.waiting * path.after / known.patience.mean)
    edges = np.searchsorted(path.at, borders, side="right")
    sums = [np.add.reduceat(part * each, edges)[:-1] for part in parts for each in house]
    moves = [np.diff(each[edges]) for each in _levels(path, known.agents)]
    return np.stack([*sums, *moves], axis=1)


def _levels(path: _Path, agents: int) -> list[Floats]:
    """Give the functions whose change over a batch is a noise: of one degree more than those."""
    room = np.maximum(0.0, agents - path.busy) / sqrt(agents)
    line = path.waiting / agents
    return [line, line**2, line**3, room, room**2, room**3, np.exp(-2 * room)]


def _functions(path: _Path, agents: int) -> list[Floats]:
    """Give the functions of the house: how full it is, how long the line, how much room is left."""
    room = np.maximum(0.0, agents - path.busy) / sqrt(agents)
    full = (room == 0).astype(float)
    free = 1 - full
    return [
        full,
        full * path.waiting / agents,
        full * (path.waiting / agents) ** 2,
        free,
        room,
        room**2,
        room**3,
        free * np.exp(-2 * room),
    ]
