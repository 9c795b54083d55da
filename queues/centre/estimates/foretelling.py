"""When the wait of a call is foretold, and with which range: once, when the wait begins.

Nobody is foretold a wait whom an agent can take at once, and nobody while nothing was learned.
"""

from typing import Final

from queues.centre.estimates.correcting import corrected_s
from queues.centre.estimates.estimate import expected
from queues.centre.facts.calls import CallQueued, CallTransferred
from queues.centre.facts.estimates import EstimateMade
from queues.centre.pools import CallRank
from queues.centre.state import Centre
from queues.centre.values.learned import band_of
from queues.centre.values.needs import PoolKey
from queues.ids import CallId

ESTIMATE_POLICY: Final = "calls-ahead/1"


def wait_of_queued(centre: Centre, fact: CallQueued) -> EstimateMade | None:
    """Foretell the wait of a call that comes; `centre` is the state before it waits."""
    key = PoolKey(fact.queue, fact.need, fact.only, fact.credit_s)
    rank = (fact.since - fact.credit_s, fact.number, fact.call)
    return foretold(centre, fact.call, key, rank, fact.at)


def wait_of_transferred(centre: Centre, fact: CallTransferred) -> EstimateMade | None:
    """Foretell the wait of a call that is passed on; `centre` is the state before it waits.

    What its agent asks may still wait there, with the same number: it is not one before the call.
    """
    call = centre.calls[fact.call]
    key = PoolKey(fact.to, fact.need, fact.only, call.credit_s, fact.passed_by)
    rank = (fact.since - call.credit_s, call.number, CallId(""))
    return foretold(centre, fact.call, key, rank, fact.at)


def foretold(
    centre: Centre, call: CallId, key: PoolKey, rank: CallRank, now: float
) -> EstimateMade | None:
    """Give what is foretold of a call with this key and place; None if nothing is."""
    found = expected(centre, key, rank)
    if found is None or found.at_once:
        return None
    head_s = 0.0 if found.head_since is None else now - found.head_since
    foretold_s = corrected_s(centre.learned.correction, found, head_s)
    band = band_of(centre.learned, key.queue, key.need, foretold_s)
    return EstimateMade(
        at=now,
        call=call,
        queue=key.queue,
        need=key.need,
        policy=ESTIMATE_POLICY,
        expected_s=found.expected_s,
        foretold_s=foretold_s if band is None else foretold_s * band.middle,
        low_s=None if band is None else foretold_s * band.low,
        high_s=None if band is None else foretold_s * band.high,
        ahead=found.ahead,
        head_s=head_s,
        agents=found.agents,
    )


def range_of_next(centre: Centre, key: PoolKey, now: float) -> tuple[float, float] | None:
    """Give the range in seconds that who came now, as the last in line, would be told.

    (0, 0) if an agent is free. None while nothing can be said.
    """
    rank = (now - key.credit_s, centre.last_call + 1, CallId(""))
    found = expected(centre, key, rank)
    if found is None:
        return None
    if found.at_once:
        return 0.0, 0.0
    made = foretold(centre, CallId(""), key, rank, now)
    if made is None or made.low_s is None or made.high_s is None:
        return None
    return made.low_s, made.high_s
