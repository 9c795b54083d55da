"""How long it takes to choose the call for an agent who is free, and how many calls a core carries.

Beside it a plain scan, in the same house at the same moments: every waiting call against every
agent. It must come to the same pair, or nothing is told. Processor time is taken, so that other
programs on the machine do not count.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final, TypeVar

from ivr.bench.crowded_house import AGENTS, NEEDS, CrowdedHouse
from ivr.bench.decision_journal import calls_a_minute
from ivr.bench.progress import Tell
from ivr.bench.site import BenchFailed
from ivr.bench.table import Bar, Row
from queues.centre.apply import apply
from queues.centre.decide import decide
from queues.centre.facts.offers import OfferMade
from queues.centre.inputs.offers import AgentLegEnded
from queues.centre.policies.pairing import next_offer
from queues.centre.pools import barred, counts_as_idle_since
from queues.centre.state import Centre, could_be_offered, could_take_a_call
from queues.centre.step import step
from queues.ids import AgentId, CallId

_SIZES: Final = (100, 1_000, 10_000)
_JUDGED: Final = 1_000
_RUNS: Final = 5
_CHOICES: Final = 2_000
_CHOICES_QUICK: Final = 300
_SCANS: Final = 40
_CHOICE_BAR_US: Final = 100.0
_GROWTH_BAR: Final = 2.0
_CALLS_BAR: Final = 3_000.0
_SCAN: Final = "plain scan"

_Found = TypeVar("_Found")


@dataclass(slots=True)
class Times:
    """How long each took, in µs: choices by the centre, by a plain scan, and whole steps."""

    choices: list[float] = field(default_factory=list)
    scans: list[float] = field(default_factory=list)
    steps: list[float] = field(default_factory=list)


def run_decision(*, quick: bool, tell: Tell) -> list[Row]:
    """The rows; raises `BenchFailed` if scan and centre choose differently."""
    choices = _CHOICES_QUICK if quick else _CHOICES
    found: dict[int, list[Times]] = {}
    for waiting in _SIZES:
        tell(f"{waiting:,} waiting, {AGENTS} agents, {NEEDS} needs: {_RUNS} runs")
        found[waiting] = [measured(waiting, seed, choices) for seed in range(1, _RUNS + 1)]
    rows = [_choice_row(waiting, found[waiting]) for waiting in _SIZES]
    rows.append(_growth_row(found))
    steps = tuple(p99(run.steps) for run in found[_JUDGED])
    rows.append(Row(f"from the end of a talk to the next offer, {_JUDGED:,} waiting: p99",
                    steps, "µs"))  # fmt: skip
    tell("with the journal, on one core")
    speeds = calls_a_minute(runs=_RUNS, quick=quick)
    name = "calls a minute with the journal (SQLite), one core"
    return [*rows, Row(name, speeds, "calls", Bar.AT_LEAST, _CALLS_BAR)]


def measured(waiting: int, seed: int, choices: int) -> Times:
    """Free agents one after the other in a house where so many wait. Raises `BenchFailed`."""
    house, times = CrowdedHouse(waiting, seed=seed), Times()
    scan_each = max(1, choices // _SCANS)
    for number in range(choices):
        _choose(house, times, with_scan=number % scan_each == 0)
        house.fill_up(waiting)
        _step(house, times)
        house.fill_up(waiting)
    return times


def plain_scan(centre: Centre) -> tuple[CallId, AgentId] | None:
    """Give the pair that waits longest, by looking at every call and every agent."""
    best = None
    free = [agent for agent in centre.agents.values() if could_take_a_call(centre, agent)]
    for call in centre.calls.values():
        if not could_be_offered(call):
            continue
        for agent in free:
            if barred(agent.setting, call.key) is None:
                idle = counts_as_idle_since(agent.setting, agent.idle_since)
                pair = (call.rank, idle, agent.number, call.call, agent.setting.agent)
                best = pair if best is None else min(best, pair)
    return None if best is None else best[3:]


def p99(values: list[float]) -> float:
    """What 99 in 100 of these values do not exceed."""
    return sorted(values)[min(len(values) - 1, int(0.99 * len(values)))]


def _choose(house: CrowdedHouse, times: Times, *, with_scan: bool) -> None:
    """End a talk, and time the choice that follows, on the state after it."""
    what, now = AgentLegEnded(house.a_talk()), house.beat()
    for fact in decide(house.centre, what, now):
        apply(house.centre, fact)
    made, took_us = _timed(lambda: next_offer(house.centre, now))
    if with_scan:
        pair, scan_us = _timed(lambda: plain_scan(house.centre))
        if pair != (None if made is None else (made.call, made.agent)):
            raise BenchFailed("the centre and a plain scan choose differently")
        times.scans.append(scan_us)
    if made is not None:
        times.choices.append(took_us)
        apply(house.centre, made)
        house.answer((made,))


def _step(house: CrowdedHouse, times: Times) -> None:
    """End a talk, and time all of the step that makes the next offer."""
    what, now = AgentLegEnded(house.a_talk()), house.beat()
    facts, took_us = _timed(lambda: step(house.centre, what, now))
    if any(isinstance(fact, OfferMade) for fact in facts):
        times.steps.append(took_us)
    house.answer(facts)


def _timed(do: Callable[[], _Found]) -> tuple[_Found, float]:
    began = time.thread_time_ns()
    found = do()
    return found, (time.thread_time_ns() - began) / 1000


def _choice_row(waiting: int, runs: list[Times]) -> Row:
    return Row(
        f"choosing the call for a freed agent, {waiting:,} waiting: p99",
        tuple(p99(run.choices) for run in runs),
        "µs",
        bar=_CHOICE_BAR_US if waiting == _JUDGED else None,
        against=_SCAN,
        against_values=tuple(p99(run.scans) for run in runs),
    )


def _growth_row(found: dict[int, list[Times]]) -> Row:
    few, many = _SIZES[0], _SIZES[-1]
    pairs = list(zip(found[few], found[many], strict=True))
    return Row(
        f"the same, {many:,} waiting beside {few}",
        tuple(p99(large.choices) / p99(small.choices) for small, large in pairs),
        "x",
        bar=_GROWTH_BAR,
        against=_SCAN,
        against_values=tuple(p99(large.scans) / p99(small.scans) for small, large in pairs),
    )
