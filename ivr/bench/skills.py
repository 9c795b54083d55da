"""How much of the way from one skill for each agent to all skills two skills for each agent go.

Six needs and 90 agents, who with one skill each are six houses of M6, and with all six the one of
M5; both mean waits are known exactly. With two skills each, six agents have each pair.
"""

from __future__ import annotations

import os
from concurrent.futures import ProcessPoolExecutor
from itertools import combinations
from typing import Final

from ivr.bench.progress import Tell
from ivr.bench.table import Bar, Row
from queues.simulation.callers import Demand, draw_callers
from queues.simulation.formulas import ErlangC
from queues.simulation.house import House
from queues.simulation.laws import Endless, Exponential
from queues.simulation.run import run
from queues.simulation.student import interval

_NEEDS: Final = tuple(f"need{number}" for number in range(1, 7))
_EACH_PAIR: Final = 6
_AGENTS: Final = 90
_RATE: Final = 8.4  # a minute
_SERVICE_MIN: Final = 10.0
_SEEDS: Final = range(1, 9)
_CALLS: Final = 300_000
_CALLS_QUICK: Final = 20_000
_CUT: Final = 0.1
_BAR: Final = 0.96


def run_skills(*, quick: bool, tell: Tell) -> list[Row]:
    """The mean wait, and the share of the way from M6 to M5."""
    calls = _CALLS_QUICK if quick else _CALLS
    tell(f"{len(_SEEDS)} seeds of {calls:,} calls, two skills for each of {_AGENTS} agents")
    with ProcessPoolExecutor(os.cpu_count()) as pool:
        waits = list(pool.map(mean_wait, _SEEDS, [calls] * len(_SEEDS)))
    one = ErlangC(_RATE / len(_NEEDS), _SERVICE_MIN, _AGENTS // len(_NEEDS)).mean_wait
    every = ErlangC(_RATE, _SERVICE_MIN, _AGENTS).mean_wait
    closed = [(one - wait) / (one - every) for wait in waits]
    return [
        Row("mean wait with two skills for each agent", _spread(waits), "min",
            against="one skill each (exact)", against_values=(one,)),
        Row("of the way from one skill each to all", _spread(closed), "of it", Bar.AT_LEAST, _BAR,
            "all skills (exact)", (1.0,)),
    ]  # fmt: skip


def mean_wait(seed: int, calls: int) -> float:
    """The mean wait in minutes of one seed, its beginning cut off."""
    pairs = [pair for pair in combinations(_NEEDS, 2) for _ in range(_EACH_PAIR)]
    shares = (1 / len(_NEEDS),) * len(_NEEDS)
    demand = Demand(calls / _RATE, _RATE, shares, Exponential(_SERVICE_MIN), Endless())
    outcome = run(House(_NEEDS, tuple(pairs)), draw_callers(demand, seed))
    return float(outcome.wait[int(_CUT * calls) :].mean())


def _spread(values: list[float]) -> tuple[float, ...]:
    """The 95 % interval: its ends and its middle, which the row takes as its value."""
    found = interval(values)
    return (found.low, found.mean, found.high)
