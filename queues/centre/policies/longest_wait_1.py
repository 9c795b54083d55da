"""Longest wait first, as the first release decided: of free agents the one idle longest.

It knew no needs, so each pool it is asked about is a whole queue.
"""

from dataclasses import replace
from typing import Final

from queues.centre.facts.offers import OfferMade
from queues.centre.policies.pairing import next_offer as next_offer_2
from queues.centre.state import Centre

POLICY: Final = "longest-wait/1"


def next_offer(centre: Centre, now: float) -> OfferMade | None:
    """Give today's pair, with the agent whom the first release would have taken."""
    made = next_offer_2(centre, now)
    if made is None:
        return None
    pool = centre.calls[made.call].pool
    agents = (centre.agents[rank[-1]] for rank in (pool.free if pool is not None else ()))
    agent = min(agents, key=lambda each: (each.idle_since, each.number))
    heads = (
        rank
        for other in centre.pools.values()
        if agent.setting.agent in other.agents
        for rank in other.waiting[:2]
        if rank[2] != made.call
    )
    runner_up = min(heads, default=None)
    return replace(
        made,
        agent=agent.setting.agent,
        place=agent.setting.place,
        policy=POLICY,
        idle_s=now - agent.idle_since,
        runner_up=None if runner_up is None else runner_up[2],
    )
