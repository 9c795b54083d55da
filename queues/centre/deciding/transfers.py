"""What is decided when a call is to be passed on, blind.

The rules
- Only a call in a talk is passed on: by the agent who talks, or by a supervisor.
- Its place counts from its first waiting time; what it asks for relaxes with this wait alone, and
  from the second time on not at all.
- Whoever passed it on is not rung for it. If nobody else at work may take it, however it relaxes,
  it is not passed on: the talk goes on, and the call is owed to the agent who talks. It is, too, if
  it was passed on and nobody took it in `OWED_AFTER_S`.
- A queue in which as many wait as may takes none.
- An agent who is named must be at work and able to take it; the call waits for that one alone
  first, then for anybody of the queue.
"""

from queues.centre.deciding.endings import end_talk
from queues.centre.deciding.owing import OWED_AFTER_S
from queues.centre.deciding.passing_on import way_on
from queues.centre.estimates.closing import may_wait_s
from queues.centre.estimates.foretelling import wait_of_transferred
from queues.centre.facts.calls import CallTransferred
from queues.centre.facts.fact import Fact
from queues.centre.facts.offers import TalkEnd
from queues.centre.inputs.calls import TransferAsked
from queues.centre.state import Centre


def transfer_asked(centre: Centre, what: TransferAsked, now: float) -> tuple[Fact, ...]:
    """A call is to be passed on to a queue, or to an agent."""
    way = way_on(centre, what, now)
    if not isinstance(way, tuple):
        return (way,)
    call, offer, (to, need, steps, next_s) = way
    alone = what.agent is not None and what.alone_s > 0
    until = None if next_s is None else now + next_s
    stays_s = may_wait_s(centre.queues[to], what.alone_s if alone else 0.0)
    transferred = CallTransferred(
        at=now,
        call=call.call,
        queue=call.queue,
        to=to,
        passed_by=offer.agent,
        asked_by=what.asked_by,
        hops=call.hops + 1,
        since=call.since,
        need=need,
        steps=steps,
        need_until=now + what.alone_s if alone else until,
        only=what.agent if alone else None,
        owed_at=now + OWED_AFTER_S,
        leave_at=None if stays_s is None else now + stays_s,
    )
    estimate = wait_of_transferred(centre, transferred)
    ended = end_talk(centre, offer, TalkEnd.TRANSFER, now)
    return (ended, transferred) if estimate is None else (ended, transferred, estimate)
