"""Strict priority, a policy of the bench alone: the first queue of the settings always goes first.

The product has a credit of seconds instead, under which nobody waits for ever. Strict priority is
here because its waits are known exactly (Cobham).
"""

from dataclasses import replace
from typing import Final

from queues.centre.facts.fact import Fact
from queues.centre.facts.offers import OfferMade
from queues.centre.inputs.input import Input
from queues.centre.policies.pairing import next_offer
from queues.centre.state import Centre
from queues.centre.step import step

POLICY: Final = "bench-strict-priority/1"


def strict_step(centre: Centre, what: Input, now: float) -> tuple[Fact, ...]:
    """Take one input as `step` does, but pair by strict priority. All agents serve all queues."""
    return step(centre, what, now, _next_offer)


def _next_offer(centre: Centre, now: float) -> OfferMade | None:
    """The centre's own pair, with its call replaced by the head of the first queue that waits."""
    made = next_offer(centre, now)
    if made is None:
        return None
    waits = {pool.key.queue: pool for pool in centre.pools.values() if pool.waiting}
    first = next(waits[queue] for queue in centre.queues if queue in waits)
    call = centre.calls[first.waiting[0][2]]
    return replace(
        made,
        call=call.call,
        queue=call.queue,
        policy=POLICY,
        waited_s=now - call.since,
        runner_up=None,
    )
