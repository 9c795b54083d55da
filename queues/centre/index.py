"""How the sorted indexes of the centre follow its records; called by `apply` alone."""

from bisect import bisect_left, insort
from typing import TypeVar

from queues.centre.policy import rank
from queues.centre.state import (
    Agent,
    Call,
    Centre,
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
    entry = None
    if could_take_a_call(centre, agent):
        entry = (agent.idle_since, agent.number, agent.setting.agent)
    if entry == agent.free_as:
        return
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
