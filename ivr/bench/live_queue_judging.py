"""What the callers and the agents of the live queue met, as a run's outcome, beside the model's.

Pure. Times of what was met are seconds since 1970.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np

from ivr.bench.live_queue_day import LiveDay
from ivr.bench.table import Bar, Row
from queues.simulation.callers import Callers
from queues.simulation.figures import figures_of
from queues.simulation.outcome import End, Outcome
from queues.simulation.rival import run_rival

_MODEL: Final = "its model"
_POINTS: Final = 8.0
_OFF: Final = 25.0
_SHAKES: Final = 40
_SHAKEN_S: Final = 0.02  # as far as phones, network and switch move what happens


@dataclass(slots=True)
class Met:
    """What one caller met; None for what never came."""

    came: float | None = None
    rung: float | None = None  # an agent's phone rang for this caller
    answered: float | None = None
    hung_up: float | None = None

    @property
    def waits_no_more(self) -> bool:
        """Whether the wait has ended."""
        return self.answered is not None or self.hung_up is not None


@dataclass(frozen=True, slots=True)
class Talk:
    """What an agent's phone met with one caller: a ring, and a talk if it was in time."""

    agent: int
    caller: int
    rang: float
    picked_up: float
    ended: float | None  # None: still talking when all waits had ended


@dataclass(slots=True)
class Seen:
    """All that was seen. `began` is when the day began."""

    began: float
    callers: Sequence[Met]
    talks: list[Talk] = field(default_factory=list)
    rung_in_vain: int = 0  # the caller was gone before the agent picked up
    cut: int = 0  # talks that the agent did not end


def read_log(lines: Iterable[str], met: Sequence[Met]) -> None:
    """Take what SIPp's log says into what each caller met; raises ValueError for anything else."""
    for line in lines:
        what, number, at_ms = line.split()
        if what not in {"came", "rung", "answered", "hung_up"}:
            raise ValueError(f"SIPp's log tells of something unknown: {what}")
        setattr(met[int(number)], what, float(at_ms) / 1000)


def outcome_of(seen: Seen, callers: Callers) -> Outcome:
    """What became of the callers, each of whom came; raises ValueError for one who did not.

    Whose wait never ended is not known.
    """
    count = len(callers)
    arrived, wait = np.zeros(count), np.zeros(count)
    end = np.full(count, End.NOT_KNOWN, dtype=np.int8)
    agent = np.full(count, -1, dtype=np.int32)
    for number, met in enumerate(seen.callers):
        if met.came is None:
            raise ValueError(f"caller {number} never came")
        arrived[number] = met.came - seen.began
        if met.answered is not None:
            end[number], wait[number] = End.ANSWERED, met.answered - met.came
        elif met.hung_up is not None:
            end[number], wait[number] = End.HUNG_UP, met.hung_up - met.came
    for talk in seen.talks:
        agent[talk.caller] = talk.agent
    came = Callers(arrived, callers.need, callers.service, callers.patience)
    return Outcome(came, end, wait, agent)


def rows_of(seen: Seen, day: LiveDay) -> list[Row]:
    """The figures of the real `Queue()` beside its model's on the very same callers."""
    live = _figures(outcome_of(seen, day.callers), day)
    model = _figures(run_rival(day.house, day.callers, day.app_queue), day)
    shaken = [_figures(each, day) for each in _shaken(day)]
    rows: list[Row] = []
    for figure, name, unit in (
        ("answered_within_mark", f"answered in {day.mark_s:g} s", "%"),
        ("mean_wait_s", "mean wait", "s"),
        ("p95_s", "p95 of wait", "s"),
        ("abandoned", "hung up", "%"),
        ("worst_over_best_need", "worst / best class mean", ""),
    ):
        rows.append(
            Row(
                f"Queue(): {name}",
                (live[figure],),
                unit,
                against=_MODEL,
                against_values=(model[figure],),
            )
        )
        if figure == "answered_within_mark":
            rows.append(
                _off(f"{name}: the model is off by", figure, "points", _POINTS, live, shaken, model)
            )
        if figure == "mean_wait_s":
            rows.append(_off(f"{name}: the model is off by", figure, "%", _OFF, live, shaken, model))
    return [*rows, *_truths(seen, day)]
