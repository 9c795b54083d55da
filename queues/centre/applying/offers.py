"""How facts about offers and talks change call, agent and phone together."""

from queues.centre.applying.agents import free_agent, move_agent, set_wrap_up, spare
from queues.centre.applying.calls import move_call, rest_call, talk_begins
from queues.centre.applying.places import leave_place, occupy, rest_place
from queues.centre.facts.offers import (
    OfferAccepted,
    OfferMade,
    OfferMissed,
    OfferWithdrawn,
    TalkBegan,
    TalkEnded,
)
from queues.centre.index import set_deadline
from queues.centre.inputs.offers import RefuseCause
from queues.centre.lives.agent import AgentEvent, AgentState, agent_after, event_that_frees_to
from queues.centre.lives.call import CallEvent, call_after
from queues.centre.lives.illegal import IllegalTransition
from queues.centre.state import (
    Centre,
    DeadlineKind,
    Offer,
    the_agent,
    the_call,
    the_offer,
    the_place,
)


def make_offer(centre: Centre, fact: OfferMade) -> None:
    """A phone is to ring for a call."""
    call, agent = the_call(centre, fact.call), the_agent(centre, fact.agent)
    place = the_place(centre, fact.place)
    call_state = call_after(call.state, CallEvent.OFFERED)
    agent_state = agent_after(agent.state, AgentEvent.OFFERED)
    if place.offer is not None:
        raise IllegalTransition(f"place {fact.place} rings already")
    centre.offers[fact.offer] = Offer(
        fact.offer, fact.call, fact.agent, fact.place, fact.queue, fact.deadline
    )
    centre.last_offer = fact.number
    move_call(centre, call, call_state, fact.at, fact.offer)
    move_agent(agent, agent_state, fact.at)
    agent.offer = fact.offer
    set_deadline(centre, DeadlineKind.OFFER, fact.offer, old=None, new=fact.deadline)
    occupy(centre, place, fact.offer)


def accept_offer(centre: Centre, fact: OfferAccepted) -> None:
    """The agent picked up."""
    offer = the_offer(centre, fact.offer)
    call, agent = the_call(centre, offer.call), the_agent(centre, offer.agent)
    call_state = call_after(call.state, CallEvent.ANSWERED)
    agent_state = agent_after(agent.state, AgentEvent.PICKED_UP)
    move_call(centre, call, call_state, fact.at, offer.offer)
    move_agent(agent, agent_state, fact.at)
    spare(centre, agent, None)
    agent.after_talk, agent.after_talk_reason = AgentState.READY, None
    the_place(centre, offer.place).unexplained = 0
    set_offer_deadline(centre, offer, fact.deadline)


def end_offer(centre: Centre, fact: OfferMissed | OfferWithdrawn) -> None:
    """The offer came to nothing; the call waits on."""
    offer = the_offer(centre, fact.offer)
    call, agent = the_call(centre, offer.call), the_agent(centre, offer.agent)
    call_state = call_after(call.state, CallEvent.OFFER_ENDED)
    agent_state = agent_after(agent.state, event_that_frees_to(fact.then))
    place = the_place(centre, offer.place)
    _forget_offer(centre, offer)
    move_call(centre, call, call_state, fact.at, None)
    if isinstance(fact, OfferMissed):
        agent.missed = fact.misses
        if fact.cause in (RefuseCause.NO_ANSWER, RefuseCause.DECLINED):
            agent.idle_since = fact.at  # the next call tries somebody else first
        call.failed_joins, place.unexplained = fact.failed_joins, fact.unexplained
        if fact.call_rest_until is not None:
            rest_call(centre, call, fact.call_rest_until)
        if fact.rest_until is not None:
            rest_place(centre, place, fact.rest_until)
    free_agent(agent, agent_state, fact.then_reason, fact.at)
    leave_place(centre, place, agent)


def begin_talk(centre: Centre, fact: TalkBegan) -> None:
    """Caller and agent are joined."""
    offer = the_offer(centre, fact.offer)
    call, agent = the_call(centre, offer.call), the_agent(centre, offer.agent)
    call_state = call_after(call.state, CallEvent.JOINED)
    set_offer_deadline(centre, offer, None)
    offer.talk_since = fact.at
    agent.missed = 0
    talk_begins(centre, call)
    move_call(centre, call, call_state, fact.at, offer.offer)


def end_talk(centre: Centre, fact: TalkEnded) -> None:
    """The talk is over; what becomes of the call is for the next fact."""
    offer = the_offer(centre, fact.offer)
    call, agent = the_call(centre, offer.call), the_agent(centre, offer.agent)
    call_state = call_after(call.state, CallEvent.TALK_ENDED)
    agent_state = agent_after(agent.state, event_that_frees_to(fact.then))
    _forget_offer(centre, offer)
    move_call(centre, call, call_state, fact.at, None)
    free_agent(agent, agent_state, fact.then_reason, fact.at)
    agent.idle_since = fact.at
    set_wrap_up(centre, agent, fact.wrap_up_until)
    leave_place(centre, the_place(centre, offer.place), agent)


def _forget_offer(centre: Centre, offer: Offer) -> None:
    set_offer_deadline(centre, offer, None)
    del centre.offers[offer.offer]


def set_offer_deadline(centre: Centre, offer: Offer, new: float | None) -> None:
    """By when something is to be reported of an offer; None: nothing is waited for."""
    set_deadline(centre, DeadlineKind.OFFER, offer.offer, old=offer.deadline, new=new)
    offer.deadline = new
