"""Service level first: as many as can be are answered within the mark, and nobody waits for ever.

1. Who has waited past the cap, longest first.
2. Who can still be answered within the mark (a phone rings for a while), longest first.
3. The rest, longest first.

It makes those wait who have just missed the mark: until the cap they are served only while nobody
is left in 2.
"""

from bisect import bisect_left
from collections.abc import Iterator
from math import inf
from typing import Final

from queues.centre.inputs.settings import QueueSetting
from queues.centre.policies.order import IN_TIME, LATE, PAST_CAP, Standing
from queues.centre.pools import Pool

POLICY: Final = "service-level/1"


def in_order(pool: Pool, setting: QueueSetting, now: float) -> Iterator[Standing]:
    """Give the pool's calls; its credit counts between pools, not for mark and cap."""
    waiting, credit_s = pool.waiting, pool.key.credit_s
    past_cap = bisect_left(waiting, (now - setting.cap_s - credit_s, inf))
    in_time = bisect_left(waiting, (now - (setting.mark_s - setting.pick_up_s) - credit_s,))
    for at in range(past_cap):
        yield PAST_CAP, waiting[at]
    for at in range(max(in_time, past_cap), len(waiting)):
        yield IN_TIME, waiting[at]
    for at in range(past_cap, in_time):
        yield LATE, waiting[at]
