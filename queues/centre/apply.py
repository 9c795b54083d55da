"""How each fact changes the state. Nothing else does; recovery and replay come through here too.

Each function first asks the lives (`agent.py`, `call.py`) for the next states, which raises
`IllegalTransition` before anything is changed, and only then writes.
"""

from dataclasses import fields

from queues.centre.agent import AgentEvent, AgentState, agent_after, event_that_frees_to
from queues.centre.apply_agents import (
    change_agent,
    extend_wrap_up,
    forget_agent,
    free_agent,
    move_agent,
    plan_after_talk,
    set_breath,
    set_wrap_up,
    spare,
)
from queues.centre.apply_calls import (
    end_call,
    foretell_wait,
    move_call,
    move_to_queue,
    owe_call,
    queue_call,
    relax_need,
    remember_end,
    requeue_call,
    rest_call,
    talk_begins,
    transfer_call,
)
from queues.centre.apply_doors import (
    lift_closing,
    look_at_doors,
    order_closing,
    take_hours,
    turn_door,
)
from queues.centre.apply_places import (
    forgive_place,
    leave_place,
    note_place,
    occupy,
    rest_place,
)
from queues.centre.apply_settings import take_settings
from queues.centre.call import CallEvent, call_after
from queues.centre.call_facts import (
    CallClosed,
    CallEndNoted,
    CallMoved,
    CallOwed,
    CallQueued,
    CallRefused,
    CallRequeued,
    CallRested,
    CallReturned,
    CallTakenBack,
    CallTransferred,
    NeedRelaxed,
    TransferRefused,
)
from queues.centre.door_facts import (
    ClosingLifted,
    ClosingOrdered,
    HoursTaken,
    QueueClosed,
    QueueOpened,
)
from queues.centre.estimate_facts import EstimateMade, EstimatesTaken
from queues.centre.facts import (
    AfterTalkPlanned,
    AgentBecameReady,
    AgentForgotten,
    AgentPaused,
    AgentSignedOut,
    Fact,
    LegDropped,
    OfferAccepted,
    OfferMade,
    OfferMissed,
    OfferWithdrawn,
    TalkBegan,
    TalkEnded,
    WrapUpEnded,
    WrapUpExtended,
)
from queues.centre.house_facts import (
    ClockReanchored,
    HistoryLost,
    PlaceNoted,
    PlaceRested,
    PlacesForgotten,
    SettingsTaken,
)
from queues.centre.illegal import IllegalTransition
from queues.centre.index import set_deadline
from queues.centre.inputs import PlaceState, RefuseCause
from queues.centre.load_facts import BreathBegan, BreathEnded, OccupancyFell, OccupancyPassed
from queues.centre.snapshot import from_snapshot
from queues.centre.state import (
    Centre,
    DeadlineKind,
    Offer,
    the_agent,
    the_call,
    the_offer,
    the_place,
)


def apply(centre: Centre, fact: Fact) -> None:
    """Change the state by one fact. Raises `IllegalTransition`, then nothing was changed."""
    match fact:  # what comes with every call first
        case CallQueued():
            queue_call(centre, fact)
        case OfferMade():
            _make_offer(centre, fact)
        case OfferAccepted():
            _accept_offer(centre, fact)
        case TalkBegan():
            _begin_talk(centre, fact)
        case TalkEnded():
            _end_talk(centre, fact)
        case CallTakenBack() | CallReturned():
            end_call(centre, fact.call, CallEvent.RETURNED)
        case CallClosed():
            end_call(centre, fact.call, CallEvent.ENDED)
            remember_end(centre, fact.call, fact.at)
        case SettingsTaken():
            take_settings(centre, fact)
        case NeedRelaxed():
            relax_need(centre, the_call(centre, fact.call), fact)
        case CallMoved():
            move_to_queue(centre, the_call(centre, fact.call), fact)
        case CallTransferred():
            transfer_call(centre, the_call(centre, fact.call), fact)
        case CallOwed():
            owe_call(centre, the_call(centre, fact.call), fact.owner)
        case CallRequeued():
            requeue_call(centre, the_call(centre, fact.call), fact)
        case CallEndNoted():
            remember_end(centre, fact.call, fact.at)
        case OfferMissed() | OfferWithdrawn():
            _end_offer(centre, fact)
        case AgentBecameReady() | AgentPaused() | AgentSignedOut() | WrapUpEnded():
            change_agent(centre, fact)
        case WrapUpExtended():
            extend_wrap_up(centre, fact)
        case BreathBegan():
            set_breath(centre, the_agent(centre, fact.agent), fact.until)
        case BreathEnded():
            set_breath(centre, the_agent(centre, fact.agent), None)
        case OccupancyPassed():
            spare(centre, the_agent(centre, fact.agent), fact.until)
        case OccupancyFell():
            spare(centre, the_agent(centre, fact.agent), None)
        case AgentForgotten():
            forget_agent(centre, the_agent(centre, fact.agent))
        case AfterTalkPlanned():
            plan_after_talk(centre, fact)
        case CallRested():
            rest_call(centre, the_call(centre, fact.call), None)
        case PlaceNoted():
            note_place(centre, the_place(centre, fact.place), fact.state)
        case PlaceRested():
            rest_place(centre, the_place(centre, fact.place), None)
        case PlacesForgotten():
            for place in centre.places.values():
                place.state = PlaceState.UNREACHABLE
                forgive_place(centre, place)
        case EstimatesTaken():
            centre.learned = fact.learned
        case EstimateMade():
            foretell_wait(the_call(centre, fact.call), fact)
        case ClockReanchored():
            centre.wall_ahead_s += fact.by_s
            look_at_doors(centre, fact.at)
        case HoursTaken():
            take_hours(centre, fact)
        case ClosingOrdered():
            order_closing(centre, fact)
        case ClosingLifted():
            lift_closing(centre, fact)
        case QueueOpened() | QueueClosed():
            turn_door(centre, fact)
        case HistoryLost():
            _begin_with(centre, from_snapshot(fact.state))
        case CallRefused() | TransferRefused() | LegDropped():
            pass  # they tell and command; nothing is kept of them
    centre.at = max(centre.at, fact.at)


def _begin_with(centre: Centre, other: Centre) -> None:
    for field in fields(Centre):
        setattr(centre, field.name, getattr(other, field.name))


def _make_offer(centre: Centre, fact: OfferMade) -> None:
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


def _accept_offer(centre: Centre, fact: OfferAccepted) -> None:
    offer = the_offer(centre, fact.offer)
    call, agent = the_call(centre, offer.call), the_agent(centre, offer.agent)
    call_state = call_after(call.state, CallEvent.ANSWERED)
    agent_state = agent_after(agent.state, AgentEvent.PICKED_UP)
    move_call(centre, call, call_state, fact.at, offer.offer)
    move_agent(agent, agent_state, fact.at)
    spare(centre, agent, None)
    agent.after_talk, agent.after_talk_reason = AgentState.READY, None
    the_place(centre, offer.place).unexplained = 0
    _set_offer_deadline(centre, offer, fact.deadline)


def _end_offer(centre: Centre, fact: OfferMissed | OfferWithdrawn) -> None:
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


def _begin_talk(centre: Centre, fact: TalkBegan) -> None:
    offer = the_offer(centre, fact.offer)
    call, agent = the_call(centre, offer.call), the_agent(centre, offer.agent)
    call_state = call_after(call.state, CallEvent.JOINED)
    _set_offer_deadline(centre, offer, None)
    offer.talk_since = fact.at
    agent.missed = 0
    talk_begins(centre, call)
    move_call(centre, call, call_state, fact.at, offer.offer)


def _end_talk(centre: Centre, fact: TalkEnded) -> None:
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
    _set_offer_deadline(centre, offer, None)
    del centre.offers[offer.offer]


def _set_offer_deadline(centre: Centre, offer: Offer, new: float | None) -> None:
    set_deadline(centre, DeadlineKind.OFFER, offer.offer, old=offer.deadline, new=new)
    offer.deadline = new
