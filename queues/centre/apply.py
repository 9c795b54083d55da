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
from queues.centre.apply_places import (
    forgive_place,
    leave_place,
    note_place,
    occupy,
    rest_place,
)
from queues.centre.apply_settings import take_settings
from queues.centre.call import CallEvent, CallState, call_after
from queues.centre.call_facts import (
    CallClosed,
    CallEndNoted,
    CallMoved,
    CallQueued,
    CallRefused,
    CallRequeued,
    CallRested,
    CallReturned,
    CallTakenBack,
    NeedRelaxed,
)
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
from queues.centre.index import index_call, set_deadline, unindex_call
from queues.centre.inputs import PlaceState, RefuseCause
from queues.centre.load_facts import BreathBegan, BreathEnded, OccupancyFell, OccupancyPassed
from queues.centre.needs import ANYBODY
from queues.centre.snapshot import from_snapshot
from queues.centre.state import (
    Call,
    Centre,
    DeadlineKind,
    Offer,
    the_agent,
    the_call,
    the_offer,
    the_place,
)
from queues.ids import CallId, OfferId

ENDED_KEPT_S = 30.0  # how long a late hand-over of an ended call is recognised


def apply(centre: Centre, fact: Fact) -> None:
    """Change the state by one fact. Raises `IllegalTransition`, then nothing was changed."""
    match fact:  # what comes with every call first
        case CallQueued():
            _queue_call(centre, fact)
        case OfferMade():
            _make_offer(centre, fact)
        case OfferAccepted():
            _accept_offer(centre, fact)
        case TalkBegan():
            _begin_talk(centre, fact)
        case TalkEnded():
            _end_talk(centre, fact)
        case CallTakenBack() | CallReturned():
            _end_call(centre, fact.call, CallEvent.RETURNED)
        case CallClosed():
            _end_call(centre, fact.call, CallEvent.ENDED)
            _remember_end(centre, fact.call, fact.at)
        case SettingsTaken():
            take_settings(centre, fact)
        case NeedRelaxed():
            _relax_need(centre, the_call(centre, fact.call), fact)
        case CallMoved():
            _transfer_call(centre, fact)
        case CallRequeued():
            _requeue_call(centre, the_call(centre, fact.call), fact)
        case CallEndNoted():
            _remember_end(centre, fact.call, fact.at)
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
            _rest_call(centre, the_call(centre, fact.call), None)
        case PlaceNoted():
            note_place(centre, the_place(centre, fact.place), fact.state)
        case PlaceRested():
            rest_place(centre, the_place(centre, fact.place), None)
        case PlacesForgotten():
            for place in centre.places.values():
                place.state = PlaceState.UNREACHABLE
                forgive_place(centre, place)
        case ClockReanchored():
            centre.wall_ahead_s += fact.by_s
        case HistoryLost():
            _begin_with(centre, from_snapshot(fact.state))
        case CallRefused() | LegDropped():
            pass  # they tell and command; nothing is kept of them
    centre.at = max(centre.at, fact.at)


def _begin_with(centre: Centre, other: Centre) -> None:
    for field in fields(Centre):
        setattr(centre, field.name, getattr(other, field.name))


def _queue_call(centre: Centre, fact: CallQueued) -> None:
    if fact.call in centre.calls:
        raise IllegalTransition(f"call {fact.call} is in the centre already")
    if fact.queue not in centre.queues:
        raise IllegalTransition(f"no queue {fact.queue} in the settings")
    call = Call(
        call=fact.call,
        line=fact.line,
        queue=fact.queue,
        number=fact.number,
        since=fact.since,
        state=CallState.WAITING,
        state_since=fact.since,
        need=fact.need,
        steps=fact.steps,
        only=fact.only,
        credit_s=fact.credit_s,
        leave_at=fact.leave_at,
    )
    centre.calls[fact.call] = call
    centre.last_call = fact.number
    _set_need_deadline(centre, call, fact.need_until)
    set_deadline(centre, DeadlineKind.LEAVE, call.call, old=None, new=call.leaves_at)
    index_call(centre, call)


def _relax_need(centre: Centre, call: Call, fact: NeedRelaxed) -> None:
    unindex_call(call)
    call.need, call.steps, call.only = fact.need, fact.steps, None
    _set_need_deadline(centre, call, fact.until)
    index_call(centre, call)


def _set_need_deadline(centre: Centre, call: Call, new: float | None) -> None:
    set_deadline(centre, DeadlineKind.NEED, call.call, old=call.need_until, new=new)
    call.need_until = new


def _transfer_call(centre: Centre, fact: CallMoved) -> None:
    call = the_call(centre, fact.call)
    unindex_call(call)
    call.queue, call.need, call.steps, call.only = fact.to, ANYBODY, 0, None
    _set_need_deadline(centre, call, None)
    if call.offer is not None:
        the_offer(centre, call.offer).queue = fact.to
    if fact.to in centre.queues:  # else it comes with the settings, the next fact
        index_call(centre, call)


def _requeue_call(centre: Centre, call: Call, fact: CallRequeued) -> None:
    state = call_after(call.state, CallEvent.REQUEUED)
    call.only = None
    _set_need_deadline(centre, call, fact.need_until)
    _move_call(centre, call, state, fact.at, None)


def _end_call(centre: Centre, name: CallId, event: CallEvent) -> None:
    call = the_call(centre, name)
    call_after(call.state, event)
    unindex_call(call)
    set_deadline(centre, DeadlineKind.CALL_REST, name, old=call.rest_until, new=None)
    _set_need_deadline(centre, call, None)
    set_deadline(centre, DeadlineKind.LEAVE, name, old=call.leaves_at, new=None)
    del centre.calls[name]


def _remember_end(centre: Centre, name: CallId, at: float) -> None:
    while centre.ended:
        oldest = next(iter(centre.ended))
        if centre.ended[oldest] > at - ENDED_KEPT_S:
            break
        del centre.ended[oldest]
    centre.ended[name] = at


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
    _move_call(centre, call, call_state, fact.at, fact.offer)
    move_agent(agent, agent_state, fact.at)
    agent.offer = fact.offer
    set_deadline(centre, DeadlineKind.OFFER, fact.offer, old=None, new=fact.deadline)
    occupy(centre, place, fact.offer)


def _accept_offer(centre: Centre, fact: OfferAccepted) -> None:
    offer = the_offer(centre, fact.offer)
    call, agent = the_call(centre, offer.call), the_agent(centre, offer.agent)
    call_state = call_after(call.state, CallEvent.ANSWERED)
    agent_state = agent_after(agent.state, AgentEvent.PICKED_UP)
    _move_call(centre, call, call_state, fact.at, offer.offer)
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
    _move_call(centre, call, call_state, fact.at, None)
    if isinstance(fact, OfferMissed):
        agent.missed = fact.misses
        if fact.cause in (RefuseCause.NO_ANSWER, RefuseCause.DECLINED):
            agent.idle_since = fact.at  # the next call tries somebody else first
        call.failed_joins, place.unexplained = fact.failed_joins, fact.unexplained
        if fact.call_rest_until is not None:
            _rest_call(centre, call, fact.call_rest_until)
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
    _set_need_deadline(centre, call, None)
    _move_call(centre, call, call_state, fact.at, offer.offer)


def _end_talk(centre: Centre, fact: TalkEnded) -> None:
    offer = the_offer(centre, fact.offer)
    call, agent = the_call(centre, offer.call), the_agent(centre, offer.agent)
    call_state = call_after(call.state, CallEvent.TALK_ENDED)
    agent_state = agent_after(agent.state, event_that_frees_to(fact.then))
    _forget_offer(centre, offer)
    _move_call(centre, call, call_state, fact.at, None)
    free_agent(agent, agent_state, fact.then_reason, fact.at)
    agent.idle_since = fact.at
    set_wrap_up(centre, agent, fact.wrap_up_until)
    leave_place(centre, the_place(centre, offer.place), agent)


def _move_call(
    centre: Centre, call: Call, state: CallState, at: float, offer: OfferId | None
) -> None:
    unindex_call(call)
    left_at = call.leaves_at
    call.state, call.state_since, call.offer = state, at, offer
    if left_at != (leaves_at := call.leaves_at):
        set_deadline(centre, DeadlineKind.LEAVE, call.call, old=left_at, new=leaves_at)
    index_call(centre, call)


def _forget_offer(centre: Centre, offer: Offer) -> None:
    _set_offer_deadline(centre, offer, None)
    del centre.offers[offer.offer]


def _set_offer_deadline(centre: Centre, offer: Offer, new: float | None) -> None:
    set_deadline(centre, DeadlineKind.OFFER, offer.offer, old=offer.deadline, new=new)
    offer.deadline = new


def _rest_call(centre: Centre, call: Call, until: float | None) -> None:
    unindex_call(call)
    set_deadline(centre, DeadlineKind.CALL_REST, call.call, old=call.rest_until, new=until)
    call.rest_until = until
    index_call(centre, call)
