"""Which policies can decide here, each by its name and version; a fact names the one that decided.

A version, once released, never changes what it decides. Whoever changes a rule gives it a new
version, and keeps the old one here for as long as its decisions shall be explained anew; without it
the recorded reason is all there is.
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final

from queues.centre.deciding.offers import MISS_POLICY, offer_missed
from queues.centre.estimates.foretelling import ESTIMATE_POLICY, foretold
from queues.centre.facts.estimates import EstimateMade
from queues.centre.facts.fact import Fact
from queues.centre.facts.offers import OfferMade, OfferMissed
from queues.centre.policies import longest_wait_1, pairing
from queues.centre.state import Centre

PAIRING: Final[Mapping[str, Callable[[Centre, float], OfferMade | None]]] = MappingProxyType(
    {
        longest_wait_1.POLICY: longest_wait_1.next_offer,
        **{policy: pairing.next_offer for policy, _ in pairing.ORDERS.values()},
    }
)


def _misses_in_a_row(centre: Centre, recorded: OfferMissed) -> Fact | None:
    """What this offer coming to nothing, for this cause, leads to."""
    offer = centre.offers.get(recorded.offer)
    return None if offer is None else offer_missed(centre, offer, recorded.cause, recorded.at)[0]


MISSING: Final[Mapping[str, Callable[[Centre, OfferMissed], Fact | None]]] = MappingProxyType(
    {MISS_POLICY: _misses_in_a_row}
)


def _calls_ahead(centre: Centre, recorded: EstimateMade) -> Fact | None:
    """What is foretold of this call at its place, which it has in the state before already."""
    call = centre.calls.get(recorded.call)
    if call is None:
        return None
    return foretold(centre, call.call, call.key, call.rank, recorded.at)


FORETELLING: Final[Mapping[str, Callable[[Centre, EstimateMade], Fact | None]]] = MappingProxyType(
    {ESTIMATE_POLICY: _calls_ahead}
)
KNOWN: Final = frozenset(PAIRING) | frozenset(MISSING) | frozenset(FORETELLING)
Decided = OfferMade | OfferMissed | EstimateMade  # facts that rest on a choice


def policy_of(fact: Fact) -> str | None:
    """Give the policy that decided a fact; None for one that rests on no choice."""
    return fact.policy if isinstance(fact, Decided) else None


def decide_anew(centre: Centre, recorded: Decided) -> Fact | None:
    """Give what its policy decides on the state before it; None if it decides nothing.

    Raises LookupError for a policy that is not here any more.
    """
    if isinstance(recorded, OfferMade):
        return PAIRING[recorded.policy](centre, recorded.at)
    if isinstance(recorded, EstimateMade):
        return FORETELLING[recorded.policy](centre, recorded)
    return MISSING[recorded.policy](centre, recorded)
