"""How long a call will wait, foretold from who waits before it and who is at work.

Never asked while calls are paired with agents: once when a call comes, and by whoever wants to know
how long somebody would wait who came now. What it needs to know of talks and patience was learned
from earlier calls (`values/learned.py`); the formula is that of `draining.py`.
"""

from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass, replace
from math import ceil
from typing import Final

from queues.centre.estimates.draining import Team, pour
from queues.centre.inputs.house import PlaceState
from queues.centre.lives.agent import AgentState
from queues.centre.pools import CallRank, Pool, barred
from queues.centre.state import Agent, Centre
from queues.centre.values.learned import Pace, pace_of
from queues.centre.values.needs import PoolKey
from queues.ids import AgentId, CallId

_MOST_POURED: Final = 80  # beyond it one call stands for several, so that the cost stays bounded
_AWAY: Final = (AgentState.SIGNED_OUT, AgentState.PAUSED)


@dataclass(frozen=True, slots=True)
class Expected:
    """A wait by the formula alone: `expected_s` from now until the talk begins, in the mean.

    `ahead` calls that agents of this call can take come before it, the first of which counts as
    waiting since `head_since` (Unix seconds); `agents` at work can take it, `at_once` if one is
    free.
    """

    expected_s: float
    ahead: int
    head_since: float | None
    agents: int
    at_once: bool = False


def expected_wait_s(centre: Centre, key: PoolKey, now: float) -> float | None:
    """Give how long a call of this key would wait if it came at `now`, as the last in line.

    In seconds until its talk would begin, in the mean: as long as a phone rings if an agent is free
    for it. Changes nothing. None where nothing can be said: nobody at work could take it, or too
    few calls of its queue were seen so far (`centre.learned`). `key` is `PoolKey(queue, need)` for
    most; what `only` says is left out, for it is soon over.
    """
    found = expected(centre, key, (now - key.credit_s, centre.last_call + 1, CallId("")))
    return None if found is None else found.expected_s


def expected(centre: Centre, key: PoolKey, rank: CallRank) -> Expected | None:
    """Give the same for a call at this place among all that wait; it need not wait here yet."""
    pace = pace_of(centre.learned, key.queue)
    if pace is None:
        return None
    key = replace(key, only=None)
    able = _able(centre, key)
    at_work = [name for name in able if _is_at_work(centre, centre.agents[name])]
    if not at_work:
        return None
    if any(centre.agents[name].free_as is not None for name in at_work):
        return Expected(pace.ring_s, 0, None, len(at_work), at_once=True)
    before = _before(centre, rank)
    teams = _teams(centre, able, before)
    mine = [team for mask, team in teams.items() if mask & 1]
    shared = 0
    for mask in teams:
        if mask & 1:
            shared |= mask
    rivals = [each for bit, each in enumerate(before, 1) if shared >> bit & 1]
    takers = [[team for mask, team in teams.items() if mask >> bit & 1] for bit in _bits(before)]
    paces = [pace_of(centre.learned, pool.key.queue) or pace for pool, _ in before]
    for bit, calls in _in_order(before, _reached(teams)):
        if those := takers[bit - 1]:
            theirs = paces[bit - 1]
            pour(those, calls, theirs.hold_s, _hang_up_rate(theirs))
    wait_s = pour(mine, 1.0, pace.hold_s, 0.0) + pace.ring_s
    head = rivals[0][0].waiting[0][0] if rivals else None  # `before` is in order of first calls
    return Expected(wait_s, sum(older for _, older in rivals), head, len(at_work))


def _bits(before: list[tuple[Pool, int]]) -> range:
    return range(1, len(before) + 1)


def _hang_up_rate(pace: Pace) -> float:
    return 0.0 if pace.patience_s is None else 1.0 / pace.patience_s


def _able(centre: Centre, key: PoolKey) -> frozenset[AgentId]:
    pool = centre.pools.get(key)
    if pool is not None:
        return pool.agents
    return frozenset(
        name for name, agent in centre.agents.items() if barred(agent.setting, key) is None
    )


def _is_at_work(centre: Centre, agent: Agent) -> bool:
    """Tell whether an agent will take a call again as things stand."""
    return (
        agent.state not in _AWAY
        and agent.after_talk not in _AWAY
        and not agent.leaving
        and centre.places[agent.setting.place].state is not PlaceState.UNREACHABLE
    )


def _before(centre: Centre, rank: CallRank) -> list[tuple[Pool, int]]:
    """Give the pools with calls before this rank, and how many, by their first calls.

    In an order that follows from the calls alone: a state that came out of a snapshot has its pools
    in another one, and is to come to the same number.
    """
    found = (
        (pool.waiting[0], pool, bisect_left(pool.waiting, rank))
        for pool in centre.pools.values()
        if pool.waiting
    )
    return [
        (pool, older)
        for _, pool, older in sorted((each for each in found if each[2]), key=lambda e: e[0])
    ]


def _teams(
    centre: Centre, able: frozenset[AgentId], before: list[tuple[Pool, int]]
) -> dict[int, Team]:
    """Give the agents at work by what they can take: bit 0 this call, then those before it."""
    masks: dict[AgentId, int] = dict.fromkeys(able, 1)
    for bit, (pool, _) in enumerate(before, 1):
        for name in pool.agents:
            masks[name] = masks.get(name, 0) | 1 << bit
    sizes: dict[int, int] = {}
    for name, mask in masks.items():
        if _is_at_work(centre, centre.agents[name]):
            sizes[mask] = sizes.get(mask, 0) + 1
    return {mask: Team(sizes[mask]) for mask in sorted(sizes)}


def _reached(teams: dict[int, Team]) -> int:
    """Give which calls have to do with this one, over however many teams between them."""
    reached, grows = 1, True
    while grows:
        grows = False
        for mask in teams:
            if mask & reached and mask & ~reached:
                reached |= mask
                grows = True
    return reached


def _in_order(before: list[tuple[Pool, int]], reached: int) -> Iterator[tuple[int, float]]:
    """Give the calls before this one as they came: the bit of each, and for how many it stands."""
    bits = [bit for bit in _bits(before) if reached >> bit & 1]
    each = max(1, ceil(sum(before[bit - 1][1] for bit in bits) / _MOST_POURED))
    taken: list[tuple[CallRank, int, float]] = []
    for bit in bits:
        pool, older = before[bit - 1]
        some = pool.waiting[min(each // 2, older - 1) : older : each]
        taken += ((rank, bit, older / len(some)) for rank in some)
    taken.sort()
    for _, bit, calls in taken:
        yield bit, calls
