"""How true the waits are that callers are told: against what is known exactly, then on a day.

Where a row has an interval, that is its spread, and its value the middle. What is learned is
learned of other days than those that are judged, as the service does it.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from math import sqrt
from typing import Final

import numpy as np

from ivr.bench.progress import Tell
from ivr.bench.table import Bar, Row
from ivr.resources import days
from queues.centre.values.learned import NOTHING, Learned
from queues.reports.learning import learn_paces
from queues.simulation.callers import Demand, draw_callers
from queues.simulation.controls import Known, Sample, controlled_means, sample
from queues.simulation.day import Day
from queues.simulation.foretold import foretell_day, seen_of
from queues.simulation.house import alike
from queues.simulation.judging import Judged, relative_error
from queues.simulation.laws import Endless, Exponential, Floats
from queues.simulation.learned_days import judge_days, learn_days
from queues.simulation.moving_average import announced
from queues.simulation.read_day import read_day
from queues.simulation.student import interval

_LOAD: Final = 0.95
_AGENTS: Final = 10
_TALK_S: Final = 180.0
_RATE: Final = _LOAD * _AGENTS / _TALK_S
_SEEDS: Final = range(1, 11)
_BEFORE: Final = 1_001  # a seed that is not judged
_CALLS: Final = 60_000
_CALLS_QUICK: Final = 20_000
_CUT: Final = 0.1
_BATCHES: Final = 30
_ERROR_BAR: Final = 0.235
_RIVAL: Final = "app_queue's moving average"

_DAY: Final = "day-60x6.yaml"
_LEARNED, _JUDGED = range(1, 21), range(21, 41)
_HOLDS: Final = 0.8
_OFF_BAR: Final = 0.04
_OFF_BAR_NEED: Final = 0.08
_BIAS_BAR_S: Final = 10.0


def run_estimate(*, quick: bool, tell: Tell) -> list[Row]:
    """The error in M/M/s beside app_queue's, then ranges on the day with six needs."""
    calls = _CALLS_QUICK if quick else _CALLS
    with ProcessPoolExecutor(os.cpu_count()) as pool:
        tell(f"M/M/{_AGENTS} at load {_LOAD:g}: {len(_SEEDS)} seeds of {calls:,} calls")
        rows = list(_exact_rows(pool, calls))
        text = (days() / _DAY).read_text("utf-8")
        day = read_day(text, _DAY)
        for draw in tuple(day.houses)[: 1 if quick else None]:
            tell(f"{_DAY}, draw {draw}: learned of {len(_LEARNED)} days, judged on others")
            learned = learn_days(pool.map, text, draw, _LEARNED)
            rows += day_rows(day, draw, judge_days(pool.map, text, draw, _JUDGED, learned))
    return rows


def _exact_rows(pool: ProcessPoolExecutor, calls: int) -> Iterator[Row]:
    demand = Demand(_CALLS_QUICK / _RATE, _RATE, (1.0,), Exponential(_TALK_S), Endless())
    before = foretell_day(alike(_AGENTS), draw_callers(demand, _BEFORE), NOTHING)
    learned = Learned(learn_paces(*seen_of(before, 0)))
    jobs = [(seed, calls, learned) for seed in _SEEDS]
    means = controlled_means(list(pool.map(errors, jobs)))
    ours, rivals = ([_relative(row, column) for row in means] for column in (0, 1))
    yield Row(
        f"M/M/{_AGENTS} at load {_LOAD:g}: error (RRMSE) for who waits",
        _spread(ours),
        "of the mean",
        Bar.AT_MOST,
        _ERROR_BAR,
        _RIVAL,
        (interval(rivals).mean,),
    )
    yield Row("the same over the least that is possible", _over(ours, sqrt(1 - _LOAD)), "x")


def errors(job: tuple[int, int, Learned]) -> Sample:
    """Of one seed: squared errors of estimate and rival, wait, and one, for who waits."""
    seed, calls, learned = job
    law = Exponential(_TALK_S)
    demand = Demand(calls / _RATE, _RATE, (1.0,), law, Endless())
    found = foretell_day(alike(_AGENTS), draw_callers(demand, seed), learned)
    outcome = found.outcome
    told = np.zeros(len(outcome.wait))
    for caller, made in found.told.items():
        told[caller] = made.foretold_s
    delayed = outcome.wait > 0
    columns = (
        np.where(delayed, (outcome.wait - told) ** 2, 0.0),
        np.where(delayed, (outcome.wait - announced(outcome)) ** 2, 0.0),
        outcome.wait,
        delayed.astype(float),
    )
    known = Known(_RATE, law, Endless(), _AGENTS)
    skip = int(_CUT * len(outcome.wait))
    return sample(outcome, np.stack(columns, axis=1), known, skip=skip, batches=_BATCHES)


def day_rows(day: Day, draw: str, judged: Sequence[Judged]) -> Iterator[Row]:
    """Shares over all days, each with its bar; a spread is over the days."""
    where = f"day with six needs, agents {draw}"
    needs = day.houses[draw].needs
    held, wait = _all(judged, "held"), _all(judged, "wait")
    foretold, need = _all(judged, "foretold"), _all(judged, "need")
    within = "P10 to P90 holds"
    if not len(held):
        yield Row(f"{where}: {within}", (), "of waits", bar=_OFF_BAR)
        return
    yield Row(f"{where}: {within}", _about(held, [each.held for each in judged]), "of waits")
    yield Row(f"{where}: {within}, off {_HOLDS:g}", (_off(held),), "of waits", bar=_OFF_BAR)
    for number, name in enumerate(needs):
        off = _off(held[need == number])
        yield Row(f"{where}: {within} for {name}, off {_HOLDS:g}", (off,), "of waits",
                  bar=_OFF_BAR_NEED)  # fmt: skip
    bias = abs(float((foretold - wait).mean()))
    yield Row(f"{where}: bias", (bias,), "s", bar=_BIAS_BAR_S)
    error, rivals = relative_error(foretold, wait), relative_error(_all(judged, "rivals"), wait)
    yield Row(f"{where}: error (RRMSE) for who waits", (error,), "of the mean",
              against=_RIVAL, against_values=(rivals,))  # fmt: skip
    spoken = _all(judged, "held_as_spoken")
    yield Row(f"{where}: spoken in whole minutes it holds", (float(spoken.mean()),), "of waits")
    unknown = _spread([each.unknown for each in judged])
    yield Row(f"{where}: not known, hung up within the range", unknown, "of other callers")


def _all(judged: Sequence[Judged], what: str) -> Floats:
    joined: Floats = np.concatenate([getattr(each, what) for each in judged])
    return joined


def _off(held: Floats) -> float:
    """How far the share lies off the one that is promised; 1 where nobody was told anything."""
    return abs(float(held.mean()) - _HOLDS) if len(held) else 1.0


def _about(held: Floats, by_day: Sequence[Floats]) -> tuple[float, ...]:
    half = interval([float(day.mean()) for day in by_day if len(day)]).half_width
    middle = float(held.mean())
    return (middle - half, middle, middle + half)


def _relative(row: Floats, column: int) -> float:
    return float(np.sqrt(row[column] / row[3]) * row[3] / row[2])


def _over(values: Sequence[float], least: float) -> tuple[float, ...]:
    return _spread([value / least for value in values])


def _spread(values: Sequence[float]) -> tuple[float, ...]:
    """The 95 % interval: its ends and its middle, which the row takes as its value."""
    found = interval(values)
    return (found.low, found.mean, found.high)
