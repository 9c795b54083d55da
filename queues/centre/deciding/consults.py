"""What is decided when an agent wants to ask another one about a call, and what comes of it.

The rules
- Only a call in a talk is held; who may be asked, and whether anybody can, is as for a transfer.
- An agent who is named must be free now: nobody is left in music for somebody who is busy.
- A caller is held for so long as somebody is looked for (`consult_seeks_s` of the queue that the
  call is in), rung, or asked (`consult_lasts_s`); then the agent who asked has the caller again.
- It is passed on when that is asked for, or when the asking agent is gone: to the agent who is
  asked or rung, else to the queue. Only then is it a hop.
"""

from queues.centre.commands import COMMAND_SETTLED_S
from queues.centre.deciding.endings import consult_of, consult_over, end_talk, let_go
from queues.centre.deciding.owing import OWED_AFTER_S
from queues.centre.deciding.passing_on import way_on
from queues.centre.estimates.closing import may_wait_s
from queues.centre.estimates.foretelling import wait_of_transferred
from queues.centre.facts.calls import (
    CallRequeued,
    CallTransferred,
    TransferFault,
    TransferRefused,
)
from queues.centre.facts.consults import (
    ConsultBegan,
    ConsultCompleted,
    ConsultEnd,
    ConsultJoined,
    TalkResumed,
)
from queues.centre.facts.fact import Fact
from queues.centre.facts.offers import TalkEnd, WithdrawReason
from queues.centre.inputs.consults import CompleteAsked, ConsultAsked, TakeBackAsked
from queues.centre.lives.call import CallState
from queues.centre.relaxing import relax_of, relaxes_at
from queues.centre.state import Call, Centre, Offer, could_take_a_call, the_call, the_offer
from queues.ids import AgentId, CallId, OfferId


def consult_asked(centre: Centre, what: ConsultAsked, now: float) -> tuple[Fact, ...]:
    """A call is to be held, to ask an agent of a queue, or one who is named."""
    way = way_on(centre, what, now)
    if not isinstance(way, tuple):
        return (way,)
    call, offer, (to, need, steps, next_s) = way
    if what.agent is not None and not could_take_a_call(centre, centre.agents[what.agent]):
        return (TransferRefused(now, what.call, TransferFault.AGENT_BUSY),)
    began = ConsultBegan(
        at=now,
        call=call.call,
        consult=CallId(offer.offer),
        offer=offer.offer,
        agent=offer.agent,
        place=offer.place,
        asked_by=what.asked_by,
        queue=to,
        hops=call.hops + 1,
        need=need,
        steps=steps,
        need_until=None if next_s is None or what.agent is not None else now + next_s,
        only=what.agent,
        until=now + centre.queues[call.queue].setting.consult_seeks_s,
    )
    return (began,)


def complete_asked(centre: Centre, what: CompleteAsked, now: float) -> tuple[Fact, ...]:
    """The caller is to be joined with the agent who is asked."""
    held = _held(centre, what.call, what.asked_by, now)
    if isinstance(held, TransferRefused):
        return (held,)
    if consult_of(centre, held).state is not CallState.TALKING:
        return (TransferRefused(now, what.call, TransferFault.NOBODY_REACHED),)
    return _passed_on(centre, held, TalkEnd.CONSULTED, what.asked_by, now)


def take_back_asked(centre: Centre, what: TakeBackAsked, now: float) -> tuple[Fact, ...]:
    """The caller is to be joined with the agent who asks."""
    held = _held(centre, what.call, what.asked_by, now)
    if isinstance(held, TransferRefused):
        return (held,)
    return _taken_back(centre, consult_of(centre, held), ConsultEnd.TAKEN_BACK, now)


def consult_joined(centre: Centre, offer: Offer, asking: Call, now: float) -> tuple[Fact, ...]:
    """Both agents are in one bridge."""
    held = the_call(centre, the_offer(centre, OfferId(asking.call)).call)
    joined = ConsultJoined(
        at=now,
        call=held.call,
        consult=asking.call,
        offer=offer.offer,
        agent=offer.agent,
        place=offer.place,
        until=now + centre.queues[held.queue].setting.consult_lasts_s,
        waited_s=now - asking.wait_from,
    )
    return (joined,)


def asked_agent_left(
    centre: Centre, offer: Offer, asking: Call, now: float, *, lost: bool
) -> tuple[Fact, ...]:
    """The agent asked hung up, or that phone was lost: the caller is not for this agent."""
    by, how = TalkEnd.AGENT, ConsultEnd.REFUSED
    if lost:
        by, how = TalkEnd.AGENT_LOST, ConsultEnd.LOST
    return (end_talk(centre, offer, by, now), consult_over(centre, asking, how, now))


def consult_lasted(centre: Centre, asking: Call, now: float) -> tuple[Fact, ...]:
    """The agents talked for as long as anybody may be held."""
    return _taken_back(centre, asking, ConsultEnd.LASTED, now)


def asking_agent_left(centre: Centre, held: Call, now: float, *, lost: bool) -> tuple[Fact, ...]:
    """The leg of the agent who asks is gone: by hanging up one passes the caller on."""
    by = TalkEnd.AGENT_LOST if lost else TalkEnd.AGENT
    asked_by = None if held.offer is None else the_offer(centre, held.offer).agent
    return _passed_on(centre, held, by, asked_by, now)


def joined_again(centre: Centre, offer: Offer, call: Call, now: float) -> tuple[Fact, ...]:
    """Caller and asking agent are in one bridge: again, or still, if the caller was not held."""
    held_s = now - call.state_since
    resumed = TalkResumed(now, call.call, offer.offer, offer.agent, offer.place, held_s)
    if call.state is CallState.REJOINING:
        return (resumed,)
    asking = consult_of(centre, call)
    over = consult_over(centre, asking, ConsultEnd.STILL_JOINED, now, rejoins=False)
    gone = let_go(centre, asking, WithdrawReason.TAKEN_BACK, TalkEnd.TAKEN_BACK, now)
    return (*gone, over, resumed)


def not_held(centre: Centre, held: Call, now: float) -> tuple[Fact, ...]:
    """Our side could not hold the caller."""
    return _taken_back(centre, consult_of(centre, held), ConsultEnd.NOT_HELD, now)


def not_rejoined(centre: Centre, offer: Offer, call: Call, now: float) -> tuple[Fact, ...]:
    """Caller and asking agent were not joined again: the caller waits, in the first place."""
    until = relaxes_at(centre.queues[call.queue].setting, call)
    again = CallRequeued(now, call.call, call.queue, until, now - call.since)
    return (end_talk(centre, offer, TalkEnd.NOT_REJOINED, now), again)


def consult_abandoned(
    centre: Centre, held: Call, how: ConsultEnd, reason: WithdrawReason, by: TalkEnd, now: float
) -> tuple[Fact, ...]:
    """The caller is gone; what becomes of the call is for the next facts."""
    asking = consult_of(centre, held)
    return (
        *let_go(centre, asking, reason, by, now),
        consult_over(centre, asking, how, now, rejoins=False),
    )


def _held(
    centre: Centre, name: CallId, asked_by: AgentId | None, now: float
) -> Call | TransferRefused:
    call = centre.calls.get(name)
    if call is None or call.offer is None or call.state is not CallState.HELD:
        return TransferRefused(now, name, TransferFault.NOT_CONSULTING)
    if asked_by not in (None, the_offer(centre, call.offer).agent):
        return TransferRefused(now, name, TransferFault.NOT_YOURS)
    return call


def _taken_back(centre: Centre, asking: Call, how: ConsultEnd, now: float) -> tuple[Fact, ...]:
    gone = let_go(centre, asking, WithdrawReason.TAKEN_BACK, TalkEnd.TAKEN_BACK, now)
    return (*gone, consult_over(centre, asking, how, now))


def _passed_on(
    centre: Centre, held: Call, by: TalkEnd, asked_by: AgentId | None, now: float
) -> tuple[Fact, ...]:
    """The talk of the agent who asks is over; the call gets the offer of the one asked, if any."""
    asking = consult_of(centre, held)
    talk = the_offer(centre, OfferId(asking.call))
    queue = centre.queues[asking.queue]
    following = relax_of(queue.setting, asking.hops)[asking.steps :]
    stays_s = may_wait_s(queue)
    transferred = CallTransferred(
        at=now,
        call=held.call,
        queue=held.queue,
        to=asking.queue,
        passed_by=talk.agent,
        asked_by=asked_by,
        hops=asking.hops,
        since=held.since,
        need=asking.need,
        steps=asking.steps,
        need_until=now + following[0].after_s if following else None,
        only=None,
        owed_at=now + OWED_AFTER_S,
        leave_at=None if stays_s is None else now + stays_s,
    )
    ended = end_talk(centre, talk, by, now)
    if asking.offer is None:
        over = consult_over(centre, asking, ConsultEnd.LEFT, now, rejoins=False)
        estimate = wait_of_transferred(centre, transferred)
        return (over, ended, transferred, *(() if estimate is None else (estimate,)))
    asked = the_offer(centre, asking.offer)
    rings = asking.state is CallState.OFFERED
    deadline = asked.deadline if rings else None
    completed = ConsultCompleted(
        at=now,
        call=held.call,
        consult=asking.call,
        offer=asked.offer,
        agent=asked.agent,
        place=asked.place,
        joins=not rings,
        deadline=now + COMMAND_SETTLED_S if deadline is None else deadline,
    )
    return (ended, transferred, completed)
