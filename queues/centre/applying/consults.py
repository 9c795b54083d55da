"""How facts about a consultation change the two calls, and the offers of the two agents."""

from queues.centre.applying.calls import (
    end_call,
    hold_for,
    move_call,
    set_need_deadline,
    talk_begins,
)
from queues.centre.applying.offers import set_offer_deadline
from queues.centre.facts.consults import (
    ConsultBegan,
    ConsultCompleted,
    ConsultEnded,
    ConsultJoined,
    TalkResumed,
)
from queues.centre.lives.call import CallEvent, CallState, call_after
from queues.centre.lives.illegal import IllegalTransition
from queues.centre.state import Centre, the_agent, the_call, the_offer


def begin_consult(centre: Centre, fact: ConsultBegan) -> None:
    """The call is held, and what is asked waits."""
    call = the_call(centre, fact.call)
    state = call_after(call.state, CallEvent.HELD)
    if fact.consult in centre.calls:
        raise IllegalTransition(f"consult {fact.consult} is under way already")
    if fact.queue not in centre.queues:
        raise IllegalTransition(f"no queue {fact.queue} in the settings")
    move_call(centre, call, state, fact.at, call.offer)
    hold_for(centre, call, fact)


def join_consult(centre: Centre, fact: ConsultJoined) -> None:
    """The two agents talk."""
    offer, asking = the_offer(centre, fact.offer), the_call(centre, fact.consult)
    state = call_after(asking.state, CallEvent.JOINED)
    set_offer_deadline(centre, offer, fact.until)
    offer.talk_since = fact.at
    the_agent(centre, offer.agent).missed = 0
    talk_begins(centre, asking)
    move_call(centre, asking, state, fact.at, offer.offer)


def end_consult(centre: Centre, fact: ConsultEnded) -> None:
    """Nobody is asked any more; the call stays held, or is to be joined again."""
    call, asking = the_call(centre, fact.call), the_call(centre, fact.consult)
    call_after(asking.state, CallEvent.ENDED)
    if fact.deadline is not None:
        state, offer = call_after(call.state, CallEvent.TAKEN_BACK), the_offer(centre, fact.offer)
        set_offer_deadline(centre, offer, fact.deadline)
        move_call(centre, call, state, fact.at, call.offer)
    end_call(centre, asking.call, CallEvent.ENDED)


def complete_consult(centre: Centre, fact: ConsultCompleted) -> None:
    """The call, which waits since the fact before, gets the offer of the agent who was asked."""
    call, asking = the_call(centre, fact.call), the_call(centre, fact.consult)
    offer = the_offer(centre, fact.offer)
    call_after(asking.state, CallEvent.GAVE_OFFER)
    rings = asking.state is CallState.OFFERED
    state = call_after(call.state, CallEvent.OFFERED if rings else CallEvent.CONSULTED)
    end_call(centre, asking.call, CallEvent.GAVE_OFFER)
    offer.call, offer.queue, offer.talk_since = call.call, call.queue, None
    set_offer_deadline(centre, offer, fact.deadline)
    move_call(centre, call, state, fact.at, offer.offer)


def resume_talk(centre: Centre, fact: TalkResumed) -> None:
    """Caller and agent talk on."""
    call, offer = the_call(centre, fact.call), the_offer(centre, fact.offer)
    state = call_after(call.state, CallEvent.RESUMED)
    set_offer_deadline(centre, offer, None)
    set_need_deadline(centre, call, None)
    move_call(centre, call, state, fact.at, offer.offer)
