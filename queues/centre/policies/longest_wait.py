"""Longest wait first, over everything that an agent can take.

The order of calls is one number, the time from which a call counts as waiting. Priority is a credit
of seconds on it, so that ageing is built in: a call without credit that came long enough before
goes first. Nobody is overtaken by a call with the same credit and need that came later.
"""

from collections.abc import Iterator
from typing import Final

from queues.centre.inputs.settings import QueueSetting
from queues.centre.policies.order import IN_TIME, PAST_CAP, Standing
from queues.centre.pools import Pool

POLICY: Final = "longest-wait/2"


def in_order(pool: Pool, setting: QueueSetting, now: float) -> Iterator[Standing]:
    """Give the pool's calls as they came.

    Who counts as waiting for the cap is as urgent as one past the cap of another order, so that a
    queue ordered by service level, which shares the agents, does not keep them waiting for ever.
    """
    past_cap = now - setting.cap_s
    return ((PAST_CAP if rank[0] <= past_cap else IN_TIME, rank) for rank in pool.waiting)
