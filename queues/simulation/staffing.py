"""How many agents each half-hour needs at least, so that enough callers are answered in time.

It begins with Erlang C for each half-hour by itself. What that does not know, the simulated day
corrects: what one half-hour leaves to the next, callers who hang up, wrap-up, skills. First agents
are added where a half-hour misses the mark; then in every third half-hour one is taken away, and
given back where that half-hour or one of the two after it then misses; at last in each half-hour
alone. It ends when nowhere an agent more can go. All plans meet the same callers.

With n agents those are at work who come first in the roster: as few as serve every need between
them, then more in the house's own mix of skills.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import count, pairwise
from math import ceil
from typing import Final

import numpy as np

from queues.centre.inputs.agents import ReadyAsked, SignOutAsked
from queues.centre.inputs.input import Input
from queues.simulation.callers import Demand, draw_callers
from queues.simulation.formulas import least_agents
from queues.simulation.house import House, agent_id, agent_number, entering, opening
from queues.simulation.laws import Floats
from queues.simulation.play import Script, play

SLOT_S: Final = 1800.0
MOST_AGENTS: Final = 1000
_REACH: Final = 3  # half-hours: one agent less is felt in this one and the next two
_GRID: Final = 61
_ALMOST: Final = 0.9999  # Erlang C is asked for less than everybody

Plan = tuple[int, ...]  # agents by half-hour
Skills = tuple[str, ...]
Measure = Callable[[Plan], Floats]


class NotReached(Exception):
    """No number of agents is enough: phones ring too long, or callers do not stay so long."""


@dataclass(frozen=True, slots=True)
class Goal:
    """This share of all callers is to be answered within so many seconds."""

    share: float
    within_s: float


@dataclass(frozen=True, slots=True)
class Counted:
    """Of one run, by half-hour: callers who came, and those of them who were answered in time."""

    came: Floats
    in_time: Floats


def slots_of(demand: Demand) -> int:
    """Give how many half-hours the day has; the last may be a shorter one."""
    return ceil(demand.duration_s / SLOT_S)


def calls_by_slot(demand: Demand) -> Floats:
    """Give the calls that are to be expected in each half-hour."""
    edges = np.minimum(np.arange(slots_of(demand) + 1) * SLOT_S, demand.duration_s)
    if not callable(demand.rate):
        return np.asarray(np.diff(edges) * demand.rate)
    rate = demand.rate
    within = (np.arange(_GRID) + 0.5) / _GRID
    return np.array(
        [
            float(rate(begin + within * (end - begin)).mean()) * (end - begin)
            for begin, end in pairwise(edges)
        ]
    )


def first_plan(demand: Demand, house: House, goal: Goal) -> Plan:
    """Give what Erlang C says of each half-hour by itself; raises `NotReached`."""
    left_s = goal.within_s - house.ring_s
    if left_s < 0 or goal.share > 1:
        raise NotReached
    held_s = demand.mean_service_s + house.ring_s + house.wrap_up_s
    share = min(goal.share, _ALMOST)
    fewest = len(_cover(house))
    return tuple(
        max(fewest, least_agents(calls / SLOT_S, held_s, within_s=left_s, share=share))
        if calls > 0
        else fewest
        for calls in calls_by_slot(demand).tolist()
    )


def counted(demand: Demand, house: House, plan: Plan, goal: Goal, seed: int) -> Counted:
    """Run one seed of the day with these agents at work."""
    callers = draw_callers(demand, seed)
    whole = replace(house, agents=tuple(_first(house, max(plan))))
    entries = [entering(house, n, need) for n, need in enumerate(callers.need.tolist())]
    outcome = play(Script(_shifts(whole, plan), entries, house.ring_s), callers)
    slot = (callers.arrived / SLOT_S).astype(np.int64)
    in_time = outcome.answered & (outcome.wait <= goal.within_s)
    size = len(plan)
    return Counted(
        np.bincount(slot, minlength=size).astype(float),
        np.bincount(slot[in_time], minlength=size).astype(float),
    )


def reached(runs: Sequence[Counted]) -> Floats:
    """Give the share answered in time by half-hour, over all runs; 1 where nobody came."""
    came = sum((run.came for run in runs), np.zeros(len(runs[0].came)))
    in_time = sum((run.in_time for run in runs), np.zeros(len(came)))
    return np.where(came > 0, in_time / np.maximum(came, 1), 1.0)


def least_plan(start: Plan, fewest: int, goal: Goal, measure: Measure) -> Plan:
    """Give a plan that is enough, of which no half-hour can spare an agent; raises `NotReached`.

    `measure` gives what a plan reaches by half-hour. Nobody goes where only `fewest` are.
    """
    plan = _enough(start, goal, measure)
    slots = range(len(plan))
    together: list[Sequence[int]] = [slots[first::_REACH] for first in range(_REACH)]
    alone: list[Sequence[int]] = [[slot] for slot in slots]
    for groups in (together, alone):
        before: Plan = ()
        while plan != before:
            before = plan
            for group in groups:
                some = [slot for slot in group if plan[slot] > fewest]
                plan = _without(plan, some, goal, measure)
    return plan


def fewest_agents(house: House) -> int:
    """Give how many agents serve every need between them, and so are always at work."""
    return len(_cover(house))


def _enough(plan: Plan, goal: Goal, measure: Measure) -> Plan:
    """Add agents where the mark is missed, until it is nowhere."""
    while ((found := measure(plan)) < goal.share).any():
        plan = tuple(
            agents
            if share >= goal.share
            else agents + max(1, ceil((goal.share - share) * agents / 4))
            for agents, share in zip(plan, found.tolist(), strict=True)
        )
        if max(plan) > MOST_AGENTS:
            raise NotReached
    return plan


def _without(plan: Plan, some: Sequence[int], goal: Goal, measure: Measure) -> Plan:
    """Take an agent away in these half-hours, far enough from each other, where that is felt by
    none; what is enough stays enough.
    """
    if not some:
        return plan
    if len(some) == 1:
        less = _one_less(plan, some)
        return plan if (measure(less) < goal.share).any() else less
    missed = measure(_one_less(plan, some)) < goal.share
    spared = [n for n in some if not missed[n : n + _REACH].any()]
    less = _one_less(plan, spared)
    if spared == some and not missed.any():
        return less
    if not spared or not (measure(less) < goal.share).any():
        return less
    for n in spared:  # felt further away than thought
        less = _one_less(plan, [n])
        plan = plan if (measure(less) < goal.share).any() else less
    return plan


def _one_less(plan: Plan, where: Sequence[int]) -> Plan:
    return tuple(agents - (n in where) for n, agents in enumerate(plan))


def _first(house: House, agents: int) -> Iterator[Skills]:
    """Give the first of the roster."""
    for _, skills in zip(range(agents), _roster(house), strict=False):
        yield skills


def _roster(house: House) -> Iterator[Skills]:
    mix = Counter(house.agents)
    total = sum(mix.values())
    there = Counter(_cover(house))
    yield from _cover(house)
    for size in count(sum(there.values()) + 1):
        skills = max(mix, key=lambda each: mix[each] * size / total - there[each])
        there[skills] += 1
        yield skills


def _cover(house: House) -> list[Skills]:
    """Give few agents who serve every need between them: who serves most of what is left first."""
    left, found = set(house.needs), []
    while left:
        skills = max(house.agents, key=lambda each: len(left.intersection(each)))
        found.append(skills)
        left -= set(skills)
    return found


def _shifts(house: House, plan: Plan) -> list[tuple[float, Input]]:
    """Who is in the plan comes and goes at the half-hours; after the last all stay to the end."""
    events: list[tuple[float, Input]] = [
        (0.0, what)
        for what in opening(house)
        if not (isinstance(what, ReadyAsked) and agent_number(what.agent) >= plan[0])
    ]
    for slot, (before, now) in enumerate(pairwise(plan), 1):
        at = slot * SLOT_S
        events += [(at, ReadyAsked(agent_id(number))) for number in range(before, now)]
        events += [(at, SignOutAsked(agent_id(number))) for number in range(now, before)]
    return events
