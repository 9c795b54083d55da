"""Which call and which agent are reserved for each other next.

Of all pools where a call waits and an agent is free, the one whose first call is the most urgent,
and among equals waits longest; of its free agents the one who counts as idle longest, and one above
the cap of occupancy only when no other is free.
"""

from collections.abc import Iterator, Mapping
from itertools import islice
from types import MappingProxyType
from typing import Final

from queues.centre.commands import COMMAND_SETTLED_S
from queues.centre.facts.offers import OfferMade
from queues.centre.inputs.settings import Order
from queues.centre.policies import longest_wait, service_level
from queues.centre.policies.order import InOrder, Standing
from queues.centre.pools import Pool
from queues.centre.state import Agent, Centre
from queues.ids import CallId, OfferId

REPORT_GRACE_S: Final = 2.0  # on top of the ring timeout, before an unreported offer is given up

ORDERS: Final[Mapping[Order, tuple[str, InOrder]]] = MappingProxyType(
    {
        Order.LONGEST_WAIT: (longest_wait.POLICY, longest_wait.in_order),
        Order.SERVICE_LEVEL: (service_level.POLICY, service_level.in_order),
    }
)


def next_offer(centre: Centre, now: float) -> OfferMade | None:
    """Give the next pair to be reserved, or None when no waiting call has a free agent.

    Looks only at the heads of pools, where no call that rests stands. Changes nothing.
    """
    first: Pool | None = None
    best: Standing | None = None
    for pool in centre.pools.values():
        if pool.waiting and pool.free:
            head = next(in_order(centre, pool, now))
            if best is None or head < best:
                first, best = pool, head
    if first is None or best is None:
        return None
    call, setting = centre.calls[best[1][2]], centre.queues[first.key.queue].setting
    agent = centre.agents[first.free[0][-1]]
    number = centre.last_offer + 1
    return OfferMade(
        at=now,
        offer=OfferId(f"{centre.epoch}-{number}"),
        number=number,
        call=call.call,
        agent=agent.setting.agent,
        place=agent.setting.place,
        queue=call.queue,
        ring_timeout_s=setting.ring_timeout_s,
        deadline=now + max(setting.ring_timeout_s + REPORT_GRACE_S, COMMAND_SETTLED_S),
        policy=ORDERS[setting.order][0],
        waited_s=now - call.since,
        idle_s=now - agent.idle_since,
        runner_up=_runner_up(centre, agent, call.call, now),
        candidates=len(first.free),
    )


def in_order(centre: Centre, pool: Pool, now: float) -> Iterator[Standing]:
    """Give a pool's calls as its queue's policy would serve them."""
    setting = centre.queues[pool.key.queue].setting
    return ORDERS[setting.order][1](pool, setting, now)


def _runner_up(centre: Centre, agent: Agent, chosen: CallId, now: float) -> CallId | None:
    """Give the call that this agent would have got instead."""
    name = agent.setting.agent
    heads = (
        standing
        for pool in centre.pools.values()
        if pool.waiting and name in pool.agents
        for standing in islice(in_order(centre, pool, now), 2)
        if standing[1][2] != chosen
    )
    best = min(heads, default=None)
    return None if best is None else best[1][2]
