"""How true the waits were that callers of simulated days were foretold.

Judged on probes, callers who never hang up, so that each wait is seen whole; of the others it is
told how many are not known, because they hung up before the range was over.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from queues.simulation.foretold import ForetoldDay
from queues.simulation.laws import Floats
from queues.simulation.moving_average import announced
from queues.simulation.outcome import End

_MINUTE_S = 60.0


@dataclass(frozen=True, slots=True)
class Judged:
    """The probes of one day who were told a range. Arrays by probe, times in seconds.

    `rivals` is what the moving average would have announced; `unknown` the share of other callers
    who were told a range and hung up within it.
    """

    need: Floats
    wait: Floats
    foretold: Floats
    low: Floats
    high: Floats
    rivals: Floats
    unknown: float

    @property
    def held(self) -> Floats:
        """1 for each wait that the range held, else 0."""
        return ((self.low <= self.wait) & (self.wait <= self.high)).astype(float)

    @property
    def held_as_spoken(self) -> Floats:
        """The same for the range in whole minutes, rounded outward."""
        low = np.floor(self.low / _MINUTE_S) * _MINUTE_S
        high = np.ceil(self.high / _MINUTE_S) * _MINUTE_S
        return ((low <= self.wait) & (self.wait <= high)).astype(float)


def judge(found: ForetoldDay, probes: Sequence[bool]) -> Judged:
    """Judge one day."""
    outcome, average = found.outcome, announced(found.outcome)
    rows, others, unknown = [], 0, 0
    for caller, made in found.told.items():
        if made.low_s is None or made.high_s is None:
            continue
        wait = float(outcome.wait[caller])
        if probes[caller]:
            need, rival = float(outcome.callers.need[caller]), float(average[caller])
            rows.append((need, wait, made.foretold_s, made.low_s, made.high_s, rival))
        else:
            others += 1
            unknown += outcome.end[caller] != End.ANSWERED and wait <= made.high_s
    needs, waits, foretold, low, high, rivals = np.array(rows, dtype=float).reshape(-1, 6).T
    share = unknown / others if others else 0.0
    return Judged(needs, waits, foretold, low, high, rivals, share)


def told_figures(judged: Judged, needs: Sequence[str]) -> dict[str, float]:
    """Give by name how true the waits were that were told on one day; nan where there were none."""
    held, off = judged.held, judged.foretold - judged.wait
    figures = {
        "waits_told": float(len(held)),
        "range_held": _mean(held),
        "range_held_as_spoken": _mean(judged.held_as_spoken),
        "foretold_off_s": _mean(off),
        "hung_up_within_range": judged.unknown,
    }
    return figures | {
        f"range_held[{name}]": _mean(held[judged.need == number])
        for number, name in enumerate(needs)
    }


def _mean(values: Floats) -> float:
    return float(values.mean()) if len(values) else float("nan")


def relative_error(told: Floats, wait: Floats) -> float:
    """Give the root of the mean squared error over the mean wait (RRMSE)."""
    return float(np.sqrt(((told - wait) ** 2).mean()) / wait.mean())
