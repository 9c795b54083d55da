"""Whether waits are foretold better with what stands in the state beside the formula, and how then.

A ridge regression of the wait on the formula's value, the wait so far of the first in line, and the
line for each agent. It is kept only if it foretells later days better that it has not seen.
Waits that callers ended themselves are not known whole; those that are stand for them too, each by
one over the chance that a caller stays so long (Robins and Rotnitzky 1992).
"""

from collections.abc import Mapping, Sequence
from math import exp
from typing import Final

import numpy as np
import numpy.typing as npt

from queues.centre.estimates.correcting import WEIGHTS, corrected_s, read_off
from queues.ids import QueueId
from queues.reports.seen import SeenWait

LEAST_WAITS: Final = 500  # on either side
_LEAST_DAYS: Final = 5
BETTER: Final = 0.98  # of the formula's error, at most
_RIDGE: Final = 1.0  # as if so many waits said that nothing is to be corrected
_MOST_STANDS_FOR: Final = 10.0
_FITTED: Final = 0.6  # of the days

Floats = npt.NDArray[np.float64]


def learn_correction(
    waits: Sequence[SeenWait], patience_s: Mapping[QueueId, float | None]
) -> tuple[tuple[float, ...], Sequence[SeenWait]]:
    """Give the weights, none where the formula is as good, and the waits not used for them."""
    days = sorted({wait.day for wait in waits})
    border = days[int(len(days) * _FITTED)] if len(days) >= _LEAST_DAYS else None
    known = [wait for wait in waits if wait.talked and wait.foretold is not None]
    early = [wait for wait in known if border is not None and wait.day < border]
    late = [wait for wait in known if border is not None and wait.day >= border]
    if min(len(early), len(late)) < LEAST_WAITS:
        return (), waits
    weights = _fitted(early, patience_s)
    if _error(late, weights, patience_s) >= BETTER * _error(late, (), patience_s):
        return (), waits
    return weights, [wait for wait in waits if border is not None and wait.day >= border]


def _fitted(
    waits: Sequence[SeenWait], patience_s: Mapping[QueueId, float | None]
) -> tuple[float, ...]:
    """Give the weights nearest to those of the formula alone that fit these waits."""
    formula = np.zeros(WEIGHTS)
    formula[1] = 1.0
    read = np.array([_read(wait) for wait in waits])
    scale = np.sqrt((read**2).mean(axis=0))
    scale[scale == 0] = 1.0
    times = np.sqrt(_stands_for(waits, patience_s))[:, np.newaxis]
    scaled = read / scale * times
    missing = (np.array([wait.lasted_s for wait in waits]) - read @ formula) * times[:, 0]
    found = np.linalg.solve(scaled.T @ scaled + _RIDGE * np.eye(WEIGHTS), scaled.T @ missing)
    return tuple(float(weight) for weight in formula + found / scale)


def _error(
    waits: Sequence[SeenWait],
    weights: tuple[float, ...],
    patience_s: Mapping[QueueId, float | None],
) -> float:
    """Give the root of the mean squared error in seconds."""
    told = [corrected_s(weights, w.foretold, w.head_s) for w in waits if w.foretold is not None]
    off = np.array([wait.lasted_s for wait in waits]) - np.array(told)
    return float(np.sqrt(np.average(off**2, weights=_stands_for(waits, patience_s))))


def _read(wait: SeenWait) -> tuple[float, ...]:
    found = wait.foretold
    if found is None:
        raise ValueError("a wait that was not foretold has nothing to be corrected")
    return read_off(found.expected_s, wait.head_s, found.ahead, found.agents)


def _stands_for(waits: Sequence[SeenWait], patience_s: Mapping[QueueId, float | None]) -> Floats:
    return np.array([_of_one(wait.lasted_s, patience_s.get(wait.queue)) for wait in waits])


def _of_one(lasted_s: float, patience_s: float | None) -> float:
    if patience_s is None:
        return 1.0
    return min(_MOST_STANDS_FOR, exp(min(lasted_s / patience_s, 50.0)))
