"""The real `Queue()` beside its model on the very same callers, and how far the model is off.

Pure. Such a day is sensitive: a look that comes some milliseconds sooner gives an agent to another
caller, and all that follows differs. So the model's own range is shown beside it: runs in which
every arrival and talk is moved by about as little as phones, network and switch may move it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

import numpy as np

from ivr.bench.live_queue_day import LiveDay
from ivr.bench.live_queue_seen import Seen, idle_while_called, outcome_of
from ivr.bench.table import Row
from queues.simulation.callers import Callers
from queues.simulation.figures import figures_of
from queues.simulation.outcome import End, Outcome
from queues.simulation.rival import run_rival

_MODEL: Final = "its model"
_MARK, _MEAN = "answered_within_mark", "mean_wait_s"
_POINTS, _PERCENT = 8.0, 25.0
_RUNS: Final = 40
_MOVED_S: Final = 0.02

_Figures = Mapping[str, float]


def rows_of(seen: Seen, day: LiveDay) -> list[Row]:
    """All rows of the bench."""
    outcome = outcome_of(seen, day.callers)
    modelled = run_rival(day.house, day.callers, day.app_queue)
    live, model = _figures(outcome, day), _figures(modelled, day)
    moved = [_figures(run_rival(day.house, each, day.app_queue), day) for each in _moved(day)]
    mark = f"answered in {day.mark_s:g} s"
    points = abs(live[_MARK] - model[_MARK])
    percent = 100 * abs(model[_MEAN] / live[_MEAN] - 1)
    return [
        _beside(mark, _MARK, "%", live, model),
        Row(f"{mark}: the model is off by", (points,), "points", bar=_POINTS),
        _range(mark, _MARK, "%", moved),
        _beside("mean wait", _MEAN, "s", live, model),
        Row("mean wait: the model is off by", (percent,), "%", bar=_PERCENT),
        _range("mean wait", _MEAN, "s", moved),
        _beside("p95 of wait", "p95_s", "s", live, model),
        _beside("hung up", "abandoned", "%", live, model),
        _beside("worst / best class mean", "worst_over_best_need", "x", live, model),
        *_pace_rows(seen, day, outcome, modelled),
    ]


def _figures(outcome: Outcome, day: LiveDay) -> _Figures:
    """The figures by name, shares in percent."""
    needs = day.house.needs
    named = figures_of(outcome, mark_s=day.mark_s, needs=len(needs)).named(needs)
    return named | {share: 100 * named[share] for share in (_MARK, "abandoned")}


def _beside(name: str, figure: str, unit: str, live: _Figures, model: _Figures) -> Row:
    values, beside = (live[figure],), (model[figure],)
    return Row(f"Queue(): {name}", values, unit, against=_MODEL, against_values=beside)


def _range(name: str, figure: str, unit: str, runs: Sequence[_Figures]) -> Row:
    values = tuple(run[figure] for run in runs)
    return Row(f"{_RUNS} runs of the model, moved by {1000 * _MOVED_S:g} ms: {name}", values, unit)


def _moved(day: LiveDay) -> Iterator[Callers]:
    """The callers of each run of the model: a little later, by chance of its own."""
    callers, count = day.callers, len(day.callers)
    for seed in range(1, _RUNS + 1):
        chance = np.random.default_rng(seed)
        arrived = callers.arrived + chance.exponential(_MOVED_S, count)
        order = np.argsort(arrived)
        service = callers.service + chance.exponential(_MOVED_S, count)
        yield Callers(arrived[order], callers.need[order], service[order], callers.patience[order])


def _pace_rows(seen: Seen, day: LiveDay, outcome: Outcome, modelled: Outcome) -> Iterator[Row]:
    """What the figures rest on: how soon phones ring, and that everybody came and nobody fell out.

    The times are those of the phones themselves.
    """
    ring_s = day.app_queue.ring_s
    idle, idle_model = (
        tuple(idle_while_called(each, day.house, ring_s)) for each in (outcome, modelled)
    )
    name = "agent free → rung for a caller who waits"
    yield Row(f"Queue(): {name}", idle, "s", against=_MODEL, against_values=idle_model)
    rings = tuple(each.at - each.rang for each in seen.picked_up)
    beside = (ring_s,)
    yield Row("phone rings → picked up", rings, "s", against=_MODEL, against_values=beside)
    answered = tuple(
        at - each.at for each in seen.picked_up if (at := seen.callers[each.caller].answered)
    )
    yield Row("picked up → the caller's phone is answered", answered, "s")
    late = tuple((outcome.callers.arrived - day.callers.arrived).tolist())
    yield Row("a caller calls later than drawn by", late, "s")
    yield Row("callers", (float(len(day.callers)),), "calls")
    lost = int((outcome.end == End.NOT_KNOWN).sum())
    yield Row("callers who never came, or whose wait had no end", (float(lost),), "calls", bar=0)
    yield Row("talks that no agent ended", (float(seen.cut),), "talks", bar=0)
    yield Row("phones that rang in vain", (float(seen.rung_in_vain),), "rings")
