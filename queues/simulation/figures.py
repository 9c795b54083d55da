"""What a run comes to, in the words of the field: waits, service level, abandonment, by need."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from queues.simulation.laws import Floats
from queues.simulation.outcome import End, Outcome
from queues.simulation.student import Interval, interval


@dataclass(frozen=True, slots=True)
class Figures:
    """The figures of one run. Waits in seconds, of all callers who were let in; shares of 1."""

    callers: int
    mean_wait_s: float
    p50_s: float
    p90_s: float
    p95_s: float
    answered_within: float  # the mark, of all arrivals
    abandoned: float
    turned_away: float
    waited: float  # the share of callers who waited at all
    mean_wait_by_need_s: tuple[float, ...]  # nan for a need nobody had

    @property
    def worst_over_best_need(self) -> float:
        """The mean wait of the need that waits longest over that of the one that waits least."""
        waits = [wait for wait in self.mean_wait_by_need_s if wait == wait]
        return max(waits) / min(waits) if waits and min(waits) > 0 else float("nan")

    def named(self, needs: Sequence[str]) -> dict[str, float]:
        """Give the figures by name, as a report shows them."""
        return {
            "callers": float(self.callers),
            "mean_wait_s": self.mean_wait_s,
            "p50_s": self.p50_s,
            "p90_s": self.p90_s,
            "p95_s": self.p95_s,
            "answered_within_mark": self.answered_within,
            "abandoned": self.abandoned,
            "turned_away": self.turned_away,
            "waited": self.waited,
            "worst_over_best_need": self.worst_over_best_need,
        } | {
            f"mean_wait_s[{need}]": wait
            for need, wait in zip(needs, self.mean_wait_by_need_s, strict=True)
        }


def figures_of(outcome: Outcome, *, mark_s: float, needs: int) -> Figures:
    """Give the figures of a run; `mark_s` is the time within which a call is to be answered.

    Raises ValueError if nobody called.
    """
    count = len(outcome.callers)
    if count == 0:
        raise ValueError("nobody called")
    let_in = outcome.end != End.TURNED_AWAY
    waits: Floats = outcome.wait[let_in] if let_in.any() else np.zeros(1)
    p50, p90, p95 = (float(value) for value in np.quantile(waits, [0.5, 0.9, 0.95]))
    return Figures(
        callers=count,
        mean_wait_s=float(waits.mean()),
        p50_s=p50,
        p90_s=p90,
        p95_s=p95,
        answered_within=float((outcome.answered & (outcome.wait <= mark_s)).mean()),
        abandoned=float((outcome.end == End.HUNG_UP).mean()),
        turned_away=float(1 - let_in.mean()),
        waited=float((outcome.wait > 0).mean()),
        mean_wait_by_need_s=tuple(_mean_wait_of(outcome, need) for need in range(needs)),
    )


def over_seeds(runs: Sequence[Mapping[str, float]], *, sure: float = 0.95) -> dict[str, Interval]:
    """Give each figure's mean over the runs with its interval; what is nan is left out."""
    found: dict[str, Interval] = {}
    for name in runs[0]:
        values = [run[name] for run in runs if run[name] == run[name]]
        if values:
            found[name] = interval(values, sure=sure)
    return found


def _mean_wait_of(outcome: Outcome, need: int) -> float:
    mine = outcome.callers.need == need
    return float(outcome.wait[mine].mean()) if mine.any() else float("nan")
