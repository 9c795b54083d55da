"""The centre against what is known exactly of queues, then against app_queue on the same callers.

Without the exact values no comparison is printed, and none with a rival that does not first come
to its own figures. Where a row has an interval, that is its spread, and its value the middle.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from typing import Final

from ivr.bench.progress import Tell
from ivr.bench.router_rival import comparison_rows, figures_of_draws, rival_rows
from ivr.bench.table import Bar, Row
from ivr.resources import days
from queues.simulation.callers import Demand, draw_callers
from queues.simulation.controls import Sample
from queues.simulation.formulas import least_agents
from queues.simulation.house import alike
from queues.simulation.laws import Exponential
from queues.simulation.oracles import SEEDS, Case, Verdict, cases, judged, sampled
from queues.simulation.read_day import read_day
from queues.simulation.run import run

_DAY: Final = "day-60x6.yaml"
_QUICK: Final = ("B(10, 14)", "M2", "M3", "M/G/1 cv² 0", "A4", "P1")
_SPEED_RUNS: Final = 5
_SPEED_CALLS: Final = 40_000
_SPEED_CALLS_QUICK: Final = 8_000
_LEAST_AGENTS: Final = (
    # calls an hour, seconds a talk, agents for 80 % in 20 s
    (100, 180, 8),
    (200, 180, 14),
    (360, 240, 29),
    (500, 300, 48),
    (1000, 180, 56),
)


def run_router(*, quick: bool, tell: Tell) -> list[Row]:
    """Oracles, the rival's own figures, the comparison; each only if all before it hold."""
    with ProcessPoolExecutor(os.cpu_count()) as pool:
        rows = [*_staffing_rows(), *_oracle_rows(pool, quick=quick, tell=tell)]
        exact = all(row.holds for row in rows)
        rows.append(_speed_row(quick=quick))
        if not exact:
            tell("the centre does not come to what is known exactly: no comparison is printed")
            return rows
        text = (days() / _DAY).read_text("utf-8")
        day = read_day(text, _DAY)
        draws = tuple(day.houses)[: 1 if quick else None]
        tell(f"against app_queue: {_DAY}, draws {', '.join(draws)}")
        found = figures_of_draws(pool, text, draws)
    rival = rival_rows(day, found)
    if not all(row.holds for row in rival):
        tell("the rival's model does not come to its own figures: no comparison is printed")
        return [*rows, *rival]
    return [*rows, *rival, *comparison_rows(day, found)]


def _oracle_rows(pool: ProcessPoolExecutor, *, quick: bool, tell: Tell) -> Iterator[Row]:
    wanted = [case for case in cases() if not quick or case.name in _QUICK]
    if quick:
        tell(f"quick: {len(wanted)} of {len(cases())} exact cases, one draw of skills")
    for case in wanted:
        tell(f"{case.name}: {case.calls} calls, seeds {SEEDS[0]} to {SEEDS[-1]}")
        for verdict in judged(case, _samples(pool, case)):
            yield _row(verdict)


def _samples(pool: ProcessPoolExecutor, case: Case) -> Sequence[Sample]:
    """One sample a seed; a case holds functions, so it goes to the other process by its name."""
    return list(pool.map(_sampled, [case.name] * len(SEEDS), SEEDS))


def _sampled(name: str, seed: int) -> Sample:
    return sampled(next(case for case in cases() if case.name == name), seed)


def _row(verdict: Verdict) -> Row:
    return Row(
        f"{verdict.case}: {verdict.value.name}",
        (verdict.found.low, verdict.found.mean, verdict.found.high),
        verdict.value.unit,
        Bar.MEETS,
        verdict.value.widest,
        "exact",
        (verdict.value.exact,),
    )


def _speed_row(*, quick: bool) -> Row:
    """How many calls go through the centre in a second of processor time: of this machine alone."""
    calls = _SPEED_CALLS_QUICK if quick else _SPEED_CALLS
    demand = Demand(calls / 0.8, 0.8, (1.0,), Exponential(60.0), Exponential(120.0))
    speeds = []
    for seed in range(1, _SPEED_RUNS + 1):
        callers = draw_callers(demand, seed)
        began = time.process_time()
        run(alike(50), callers)
        speeds.append(len(callers) / (time.process_time() - began))
    name = "calls simulated in a second of processor time"
    return Row(name, tuple(speeds), "calls")


def _staffing_rows() -> Iterator[Row]:
    for an_hour, service_s, exact in _LEAST_AGENTS:
        found = least_agents(an_hour / 3600, service_s, within_s=20, share=0.8)
        name = f"agents for 80 % in 20 s, {an_hour} calls/h of {service_s} s"
        yield Row(name, (found,), "agents", Bar.MEETS, 0.0, "exact", (exact,))
