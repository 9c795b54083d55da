"""How the indexes of the centre follow its records, one by one or all anew."""

from bisect import bisect_left, insort
from collections.abc import Iterator
from typing import TypeVar

from queues.centre.policy import rank
from queues.centre.state import (
    Agent,
    AgentRank,
    Call,
    Centre,
    Deadline,
    DeadlineKind,
    could_be_offered,
    could_take_a_call,
)

_Entry = TypeVar("_Entry", bound=tuple[object, ...])


def index_call(centre: Centre, call: Call) -> None:
    """Enter a call in its queue at its rank, whatever it went through, unless it rests or rings."""
    if could_be_offered(call):
        insort(centre.queues[call.queue].waiting, rank(call.since, call.number, call.call))


def unindex_call(centre: Centre, call: Call) -> None:
    """Take a call out of its queue's order, if it is there."""
    if could_be_offered(call):
        _remove(centre.queues[call.queue].waiting, rank(call.since, call.number, call.call))


def index_agent(centre: Centre, agent: Agent) -> None:
    """Enter an agent as free in each queue served, or take the agent out, as the records say."""
    entry = _free_entry(centre, agent)
    if entry != agent.free_as:
        _enter_free(centre, agent, entry)


def unindex_agent(centre: Centre, agent: Agent) -> None:
    """Take an agent out of every queue, whatever the records say."""
    _enter_free(centre, agent, None)


def rebuild(centre: Centre) -> None:
    """Make every index anew from the records, as if each had been entered one by one."""
    for place in centre.places.values():
        place.agents = ()
    for name, agent in centre.agents.items():
        centre.places[agent.setting.place].agents += (name,)
    for queue in centre.queues.values():
        queue.waiting, queue.free = [], []
    for call in centre.calls.values():
        if could_be_offered(call):
            centre.queues[call.queue].waiting.append(rank(call.since, call.number, call.call))
    for agent in centre.agents.values():
        agent.free_as = _free_entry(centre, agent)
        if agent.free_as is not None:
            for served in agent.setting.queues:
                centre.queues[served].free.append(agent.free_as)
    for queue in centre.queues.values():
        queue.waiting.sort()
        queue.free.sort()
    centre.deadlines = sorted(_deadlines(centre))


def _deadlines(centre: Centre) -> Iterator[Deadline]:
    for offer in centre.offers.values():
        if offer.deadline is not None:
            yield offer.deadline, DeadlineKind.OFFER, offer.offer
    for name, agent in centre.agents.items():
        if agent.wrap_up_until is not None:
            yield agent.wrap_up_until, DeadlineKind.WRAP_UP, name
    for place in centre.places.values():
        if place.rest_until is not None:
            yield place.rest_until, DeadlineKind.PLACE_REST, place.place
    for call in centre.calls.values():
        if call.rest_until is not None:
            yield call.rest_until, DeadlineKind.CALL_REST, call.call


def _free_entry(centre: Centre, agent: Agent) -> AgentRank | None:
    if could_take_a_call(centre, agent):
        return (agent.idle_since, agent.number, agent.setting.agent)
    return None


def _enter_free(centre: Centre, agent: Agent, entry: AgentRank | None) -> None:
    for name in agent.setting.queues:
        free = centre.queues[name].free
        if agent.free_as is not None:
            _remove(free, agent.free_as)
        if entry is not None:
            insort(free, entry)
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
