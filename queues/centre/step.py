"""One step of the centre: an input is decided on and applied, then free agents get waiting calls.

Live service, simulation and replay come through here; recovery applies recorded facts and decides
nothing.
"""

from collections.abc import Callable, Iterator

from queues.centre.apply import apply
from queues.centre.decide import decide
from queues.centre.facts.fact import Fact
from queues.centre.facts.offers import OfferMade
from queues.centre.inputs.input import Input
from queues.centre.policies.pairing import next_offer
from queues.centre.state import Centre

Pairing = Callable[[Centre, float], OfferMade | None]


def step(centre: Centre, what: Input, now: float, pair: Pairing | None = None) -> tuple[Fact, ...]:
    """Take one input at `now` (Unix seconds, never backwards); give all facts, applied, in order.

    Afterwards no call waits that an agent who is free could take. `pair` replaces today's pairing.
    Raises ValueError for settings that contradict themselves.
    """
    return tuple(steps(centre, what, now, pair))


def steps(centre: Centre, what: Input, now: float, pair: Pairing | None = None) -> Iterator[Fact]:
    """Do the same fact by fact, each given once it is applied.

    So that after a fault of ours in the midst it is known what has been decided until then.
    """
    pair = pair or next_offer
    for fact in decide(centre, what, now):
        apply(centre, fact)
        yield fact
    while (offer := pair(centre, now)) is not None:
        apply(centre, offer)
        yield offer
