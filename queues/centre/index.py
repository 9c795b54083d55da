"""How the indexes of the centre follow its records, one by one or all anew."""

from bisect import bisect_left, insort
from collections.abc import Iterator
from typing import TypeVar

from queues.centre.pools import EMPTY_KEPT, AgentRank, Pool, barred, counts_as_idle_since
from queues.centre.state import (
    Agent,
    Call,
    Centre,
    Deadline,
    DeadlineKind,
    could_be_offered,
    could_take_a_call,
)
from queues.centre.values.needs import PoolKey

_Entry = TypeVar("_Entry", bound=tuple[object, ...])


def index_call(centre: Centre, call: Call) -> None:
    """Enter a call in its pool at its rank, whatever it went through, unless it rests or rings."""
    if could_be_offered(call):
        call.pool = _pool(centre, call.key)
        insort(call.pool.waiting, call.rank)


def unindex_call(call: Call) -> None:
    """Take a call out of the pool in which it waits, if it does."""
    if call.pool is not None:
        _remove(call.pool.waiting, call.rank)
        call.pool = None


def index_agent(centre: Centre, agent: Agent) -> None:
    """Enter an agent as free in each pool, or take the agent out, as the records say."""
    entry = _free_entry(centre, agent)
    if entry != agent.free_as:
        _enter_free(centre, agent, entry)


def unindex_agent(centre: Centre, agent: Agent) -> None:
    """Take an agent out of every pool, whatever the records say."""
    _enter_free(centre, agent, None)


def rebuild(centre: Centre) -> None:
    """Make every index anew from the records, as if each had been entered one by one."""
    for place in centre.places.values():
        place.agents = ()
    for name, agent in centre.agents.items():
        centre.places[agent.setting.place].agents += (name,)
        agent.free_as = _free_entry(centre, agent)
    centre.pools = {}
    for call in centre.calls.values():
        call.pool = None
        index_call(centre, call)
    centre.deadlines = sorted(_deadlines(centre))


def _pool(centre: Centre, key: PoolKey) -> Pool:
    pool = centre.pools.get(key)
    if pool is None:
        if len(centre.pools) >= EMPTY_KEPT:
            centre.pools = {key: each for key, each in centre.pools.items() if each.waiting}
        agents = [each for each in centre.agents.values() if barred(each.setting, key) is None]
        pool = centre.pools[key] = Pool(
            key,
            frozenset(each.setting.agent for each in agents),
            free=sorted(each.free_as for each in agents if each.free_as is not None),
        )
    return pool


def _deadlines(centre: Centre) -> Iterator[Deadline]:
    for offer in centre.offers.values():
        if offer.deadline is not None:
            yield offer.deadline, DeadlineKind.OFFER, offer.offer
    for name, agent in centre.agents.items():
        if agent.wrap_up_until is not None:
            yield agent.wrap_up_until, DeadlineKind.WRAP_UP, name
        if agent.breath_until is not None:
            yield agent.breath_until, DeadlineKind.BREATH, name
        if agent.spared_until is not None:
            yield agent.spared_until, DeadlineKind.OCCUPANCY, name
    for place in centre.places.values():
        if place.rest_until is not None:
            yield place.rest_until, DeadlineKind.PLACE_REST, place.place
    for queue in centre.queues.values():
        if queue.door_due is not None:
            yield queue.door_due, DeadlineKind.DOOR, queue.setting.queue
    for call in centre.calls.values():
        if call.rest_until is not None:
            yield call.rest_until, DeadlineKind.CALL_REST, call.call
        if call.need_until is not None:
            yield call.need_until, DeadlineKind.NEED, call.call
        if call.owed_at is not None:
            yield call.owed_at, DeadlineKind.OWED, call.call
        if (leaves_at := call.leaves_at) is not None:
            yield leaves_at, DeadlineKind.LEAVE, call.call


def _free_entry(centre: Centre, agent: Agent) -> AgentRank | None:
    if could_take_a_call(centre, agent):
        idle_since = counts_as_idle_since(agent.setting, agent.idle_since)
        is_spared = agent.spared_until is not None
        return (is_spared, idle_since, agent.number, agent.setting.agent)
    return None


def _enter_free(centre: Centre, agent: Agent, entry: AgentRank | None) -> None:
    name = agent.setting.agent
    for pool in centre.pools.values():
        if name not in pool.agents:
            continue
        if agent.free_as is not None:
            _remove(pool.free, agent.free_as)
        if entry is not None:
            insort(pool.free, entry)
    agent.free_as = entry


def set_deadline(
    centre: Centre, kind: DeadlineKind, name: str, *, old: float | None, new: float | None
) -> None:
    """Replace the deadline of one thing; None means that there was, or is to be, none."""
    if old is not None:
        _remove(centre.deadlines, (old, kind, name))
    if new is not None:
        insort(centre.deadlines, (new, kind, name))


def _remove(entries: list[_Entry], entry: _Entry) -> None:
    at = bisect_left(entries, entry)
    if at == len(entries) or entries[at] != entry:
        raise LookupError("an index of the centre does not follow its records")
    del entries[at]
