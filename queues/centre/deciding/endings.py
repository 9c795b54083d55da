"""How an offer is taken back, how a talk ends, and who is asked no more."""

from queues.centre.commands import COMMAND_SETTLED_S, ReturnReason
from queues.centre.facts.calls import CallReturned
from queues.centre.facts.consults import ConsultEnd, ConsultEnded
from queues.centre.facts.fact import Fact
from queues.centre.facts.offers import OfferWithdrawn, TalkEnd, TalkEnded, WithdrawReason
from queues.centre.lives.agent import AgentState
from queues.centre.lives.call import CallState
from queues.centre.state import Agent, Call, Centre, Offer, the_call, the_offer
from queues.ids import CallId, OfferId


def withdraw(
    centre: Centre,
    offer: Offer,
    reason: WithdrawReason,
    now: float,
    *,
    then: AgentState | None = None,
    then_reason: str | None = None,
) -> OfferWithdrawn:
    """Take an offer back that rings or is being joined; the agent goes to `then`, or as planned."""
    agent = centre.agents[offer.agent]
    if then is None:
        then, then_reason = planned(agent)
    return OfferWithdrawn(
        now, offer.offer, offer.call, offer.agent, offer.place, reason, then, then_reason
    )


def end_talk(centre: Centre, offer: Offer, by: TalkEnd, now: float) -> TalkEnded:
    """End a talk: planned pause or sign-out first, else wrap-up if the queue has one, else ready.

    No wrap-up after the switch was lost, there was no proper end to write down, nor for an agent
    who was only asked.
    """
    agent = centre.agents[offer.agent]
    then, reason = planned(agent)
    until = None
    wrap_up = centre.queues[offer.queue].setting.wrap_up_s
    was_asked = centre.calls[offer.call].consults_for is not None
    if then is AgentState.READY and wrap_up > 0 and by is not TalkEnd.SWITCH and not was_asked:
        then, until = AgentState.WRAP_UP, now + wrap_up
    return TalkEnded(
        at=now,
        offer=offer.offer,
        call=offer.call,
        agent=offer.agent,
        place=offer.place,
        by=by,
        talked_s=now - (now if offer.talk_since is None else offer.talk_since),
        then=then,
        then_reason=reason,
        wrap_up_until=until,
    )


def planned(agent: Agent) -> tuple[AgentState, str | None]:
    """Give what an agent does next, with the reason of a pause."""
    if agent.leaving:
        return AgentState.SIGNED_OUT, None
    return agent.after_talk, agent.after_talk_reason


def consult_of(centre: Centre, held: Call) -> Call:
    """Give what is asked while a call is held."""
    return the_call(centre, CallId(str(held.offer)))


def let_go(
    centre: Centre, asking: Call, reason: WithdrawReason, by: TalkEnd, now: float
) -> tuple[Fact, ...]:
    """Let the agent go who is asked, or rung for it; nothing follows if nobody is."""
    if asking.offer is None:
        return ()
    offer = the_offer(centre, asking.offer)
    if asking.state is CallState.TALKING:
        return (end_talk(centre, offer, by, now),)
    return (withdraw(centre, offer, reason, now),)


def consult_over(
    centre: Centre, asking: Call, how: ConsultEnd, now: float, *, rejoins: bool = True
) -> ConsultEnded:
    """Nobody is asked any more. `rejoins`: caller and asking agent are to be joined again."""
    offer = the_offer(centre, OfferId(asking.call))
    return ConsultEnded(
        at=now,
        call=offer.call,
        consult=asking.call,
        offer=offer.offer,
        agent=offer.agent,
        place=offer.place,
        how=how,
        deadline=now + COMMAND_SETTLED_S if rejoins else None,
    )


def sent_back(
    centre: Centre, call: Call, reason: ReturnReason, now: float
) -> CallReturned | ConsultEnded:
    """Nobody can be had for a call: the dialogue has it again, or the agent who wanted to ask."""
    if call.consults_for is not None:
        return consult_over(centre, call, ConsultEnd.NOBODY, now)
    return CallReturned(now, call.call, call.queue, reason)
