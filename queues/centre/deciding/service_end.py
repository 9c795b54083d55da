"""What is decided when the service is about to end: what rings is taken back, and nothing more.

Who waits keeps the place, who picked up is joined, who talks talks on. Phones count as unreachable
until the next start hears of them, so that nobody is rung whom nobody would join.
"""

from queues.centre.deciding.endings import withdraw
from queues.centre.facts.fact import Fact
from queues.centre.facts.house import PlacesForgotten
from queues.centre.facts.offers import WithdrawReason
from queues.centre.lives.call import CallState
from queues.centre.state import Centre


def service_ends(centre: Centre, now: float) -> tuple[Fact, ...]:
    """Give what ends with the service."""
    taken_back = (
        withdraw(centre, offer, WithdrawReason.SERVICE_ENDS, now)
        for offer in centre.offers.values()
        if centre.calls[offer.call].state is CallState.OFFERED
    )
    return (*taken_back, PlacesForgotten(now))
