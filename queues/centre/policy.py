"""Which call and which agent come first: longest wait first, the agent idle longest.

The order of calls is one number, the time from which a call counts as waiting. Priority is a credit
of seconds on it, so that ageing is built in: a call without credit that came long enough before
goes first. Nobody is overtaken by a call with the same credit that came later.
"""

from typing import Final

from queues.centre.commands import COMMAND_SETTLED_S
from queues.centre.facts import OfferMade
from queues.centre.state import Agent, CallRank, Centre, Queue
from queues.ids import CallId, OfferId

POLICY: Final = "longest-wait/1"
REPORT_GRACE_S: Final = 2.0  # on top of the ring timeout, before an unreported offer is given up


def rank(since: float, number: int, call: CallId, *, credit_s: float = 0.0) -> CallRank:
    """Give a call's place in the order; the smallest is served first."""
    return (since - credit_s, number, call)


def next_offer(centre: Centre, now: float) -> OfferMade | None:
    """Give the next pair to be reserved, or None when no waiting call has a free agent.

    Of the calls some free agent serves it takes the one waiting longest, and of the agents free
    for it the one idle longest. Looks only at the head of each queue, where no call that rests
    stands. Changes nothing.
    """
    first: Queue | None = None
    for queue in centre.queues.values():
        if queue.waiting and queue.free and (first is None or queue.waiting[0] < first.waiting[0]):
            first = queue
    if first is None:
        return None
    call = centre.calls[first.waiting[0][2]]
    agent = centre.agents[first.free[0][2]]
    number = centre.last_offer + 1
    return OfferMade(
        at=now,
        offer=OfferId(f"{centre.epoch}-{number}"),
        number=number,
        call=call.call,
        agent=agent.setting.agent,
        place=agent.setting.place,
        queue=call.queue,
        ring_timeout_s=first.setting.ring_timeout_s,
        deadline=now + max(first.setting.ring_timeout_s + REPORT_GRACE_S, COMMAND_SETTLED_S),
        policy=POLICY,
        waited_s=now - call.since,
        idle_s=now - agent.idle_since,
        runner_up=_runner_up(centre, agent, call.call),
        candidates=len(first.free),
    )


def _runner_up(centre: Centre, agent: Agent, chosen: CallId) -> CallId | None:
    heads = (
        entry
        for name in agent.setting.queues
        for entry in centre.queues[name].waiting[:2]
        if entry[2] != chosen
    )
    best = min(heads, default=None)
    return None if best is None else best[2]
