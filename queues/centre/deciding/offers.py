"""What is decided when a phone answers, refuses, talks or is gone, and when a deadline has come."""

from typing import Final

from queues.centre.commands import COMMAND_SETTLED_S, ReturnReason
from queues.centre.deciding.consults import (
    asked_agent_left,
    asking_agent_left,
    consult_joined,
    consult_lasted,
    joined_again,
    not_held,
    not_rejoined,
)
from queues.centre.deciding.doors import door_turns
from queues.centre.deciding.endings import end_talk, planned, sent_back
from queues.centre.deciding.overflow import waited_too_long
from queues.centre.deciding.owing import owed
from queues.centre.facts.agents import PAUSED_MISSED, WrapUpEnded
from queues.centre.facts.calls import CallRequeued, CallRested, CallReturned
from queues.centre.facts.consults import ConsultEnded
from queues.centre.facts.fact import Fact
from queues.centre.facts.house import PlaceRested
from queues.centre.facts.load import BreathEnded, OccupancyFell
from queues.centre.facts.offers import LegDropped, OfferAccepted, OfferMissed, TalkBegan, TalkEnd
from queues.centre.inputs.offers import RefuseCause
from queues.centre.lives.agent import AgentState
from queues.centre.lives.call import CallState
from queues.centre.relaxing import need_relaxed, relaxes_at
from queues.centre.state import Call, Centre, DeadlineKind, Offer, due
from queues.ids import AgentId, CallId, OfferId, PlaceId, QueueId

MISS_POLICY: Final = "missed-in-a-row/1"
PLACE_RESTS_S: Final = (10.0, 20.0, 40.0, 60.0)  # after so many unexplained offers; the last stays
FAILED_JOIN_REST_S: Final = 3.0  # of the place; shorter than a call's, so that others go first
CALL_RESTS_S: Final = (0.0, 5.0, 10.0, 20.0)  # after so many failed joins; then it is given back

_OF_CALLS: Final = (
    *(DeadlineKind.CALL_REST, DeadlineKind.NEED, DeadlineKind.LEAVE, DeadlineKind.OWED),
)
_COUNTED: Final = (RefuseCause.NO_ANSWER, RefuseCause.DECLINED)


def offer_answered(centre: Centre, name: OfferId, now: float) -> tuple[Fact, ...]:
    """The agent picked up. An answer to an offer that is over leaves a leg to be dropped."""
    offer = centre.offers.get(name)
    if offer is None:
        return (LegDropped(now, name),)
    if centre.calls[offer.call].state is not CallState.OFFERED:
        return ()
    deadline = now + COMMAND_SETTLED_S
    return (OfferAccepted(now, name, offer.call, offer.agent, offer.place, deadline),)


def offer_refused(
    centre: Centre, name: OfferId, cause: RefuseCause, now: float
) -> tuple[Fact, ...]:
    """The phone did not come to a talk. Once picked up only a failure of our own side counts."""
    offer = centre.offers.get(name)
    if offer is None:
        return ()
    call = centre.calls[offer.call]
    if call.state in (CallState.HELD, CallState.REJOINING):
        return _move_failed(centre, offer, call, now) if cause is RefuseCause.FAILED else ()
    state = call.state
    connecting = state is CallState.CONNECTING and cause is RefuseCause.FAILED
    if state is CallState.OFFERED or connecting:
        return offer_missed(centre, offer, cause, now)
    return ()


def talk_started(centre: Centre, name: OfferId, now: float) -> tuple[Fact, ...]:
    """Both legs are joined; too late if the offer is over, then the leg is dropped."""
    offer = centre.offers.get(name)
    if offer is None:
        return (LegDropped(now, name),)
    call = centre.calls[offer.call]
    if call.state in (CallState.HELD, CallState.REJOINING):
        return joined_again(centre, offer, call, now)
    if call.state is not CallState.CONNECTING:
        return ()
    if call.consults_for is not None:
        return consult_joined(centre, offer, call, now)
    waited = now - call.wait_from
    return (TalkBegan(now, name, offer.call, offer.agent, offer.place, offer.queue, waited),)


def leg_ended(centre: Centre, name: OfferId, now: float, *, lost: bool) -> tuple[Fact, ...]:
    """The agent's leg is gone: the talk is over, or, before the talk, the agent hung up on it.

    With a phone that was lost it is nobody's doing: the caller waits again, in the first place.
    """
    offer = centre.offers.get(name)
    if offer is None:
        return ()
    call = centre.calls[offer.call]
    match call.state:
        case CallState.TALKING if call.consults_for is not None:
            return asked_agent_left(centre, offer, call, now, lost=lost)
        case CallState.HELD:
            return asking_agent_left(centre, call, now, lost=lost)
        case CallState.REJOINING:
            return not_rejoined(centre, offer, call, now)
        case CallState.TALKING if lost:
            until = relaxes_at(centre.queues[call.queue].setting, call)
            again = CallRequeued(now, call.call, call.queue, until, now - call.since)
            return (end_talk(centre, offer, TalkEnd.AGENT_LOST, now), again)
        case CallState.TALKING:
            back = CallReturned(now, offer.call, offer.queue, ReturnReason.TALK_OVER)
            return (end_talk(centre, offer, TalkEnd.AGENT, now), back)
        case CallState.CONNECTING:
            cause = RefuseCause.UNREACHABLE if lost else RefuseCause.DECLINED
            return offer_missed(centre, offer, cause, now)
        case _:
            return ()  # never answered: the refusal tells why, or the deadline settles it


def time_has_come(centre: Centre, now: float) -> tuple[Fact, ...]:
    """Settle every deadline that has come by `now`; who is given back has no further one."""
    facts = list[Fact]()
    returned = set[str]()
    for _, kind, name in due(centre, now):
        if kind in _OF_CALLS and name in returned:
            continue
        settled = _settled(centre, kind, name, now)
        returned |= {fact.call for fact in settled if isinstance(fact, CallReturned)}
        returned |= {fact.consult for fact in settled if isinstance(fact, ConsultEnded)}
        facts += settled
    return tuple(facts)


def _settled(centre: Centre, kind: DeadlineKind, name: str, now: float) -> tuple[Fact, ...]:
    match kind:
        case DeadlineKind.OFFER:
            return _nothing_reported(centre, centre.offers[OfferId(name)], now)
        case DeadlineKind.WRAP_UP:
            return (WrapUpEnded(now, AgentId(name)),)
        case DeadlineKind.PLACE_REST:
            return (PlaceRested(now, PlaceId(name)),)
        case DeadlineKind.CALL_REST:
            return (CallRested(now, CallId(name)),)
        case DeadlineKind.BREATH:
            return (BreathEnded(now, AgentId(name)),)
        case DeadlineKind.OCCUPANCY:
            return (OccupancyFell(now, AgentId(name)),)
        case DeadlineKind.NEED:
            return (need_relaxed(centre, centre.calls[CallId(name)], now),)
        case DeadlineKind.OWED:
            return (owed(centre.calls[CallId(name)], now),)
        case DeadlineKind.LEAVE:
            return (waited_too_long(centre, centre.calls[CallId(name)], now),)
        case DeadlineKind.DOOR:
            return (door_turns(centre, centre.queues[QueueId(name)], now),)


def _nothing_reported(centre: Centre, offer: Offer, now: float) -> tuple[Fact, ...]:
    call = centre.calls[offer.call]
    match call.state:
        case CallState.TALKING:  # the caller is held, and has been for long enough
            return consult_lasted(centre, call, now)
        case CallState.REJOINING:
            return not_rejoined(centre, offer, call, now)
        case _:  # not known is not missed, so it is held against nobody
            return offer_missed(centre, offer, RefuseCause.FAILED, now)


def _move_failed(centre: Centre, offer: Offer, call: Call, now: float) -> tuple[Fact, ...]:
    if call.state is CallState.HELD:
        return not_held(centre, call, now)
    return not_rejoined(centre, offer, call, now)


def offer_missed(centre: Centre, offer: Offer, cause: RefuseCause, now: float) -> tuple[Fact, ...]:
    """The offer came to nothing. One of three is at fault: the agent, the phone, or the join.

    A call that agents picked up for and that was never joined, once too often, is given back.
    """
    agent, call = centre.agents[offer.agent], centre.calls[offer.call]
    unexplained, failed_joins = centre.places[offer.place].unexplained, call.failed_joins
    rest_s = call_rest_s = 0.0
    if cause is RefuseCause.FAILED and call.state is CallState.CONNECTING:
        failed_joins += 1
        rest_s = FAILED_JOIN_REST_S
        call_rest_s = _nth(CALL_RESTS_S, failed_joins)
    elif cause not in _COUNTED:
        unexplained += 1
        rest_s = _nth(PLACE_RESTS_S, unexplained)
    given_back = failed_joins > len(CALL_RESTS_S)
    limit = centre.queues[offer.queue].setting.missed_before_pause
    misses = agent.missed + (1 if cause in _COUNTED else 0)
    then, reason = planned(agent)
    if then is AgentState.READY and cause in _COUNTED and misses >= limit:
        then, reason = AgentState.PAUSED, PAUSED_MISSED
    missed = OfferMissed(
        at=now,
        offer=offer.offer,
        call=offer.call,
        agent=offer.agent,
        place=offer.place,
        cause=cause,
        policy=MISS_POLICY,
        misses=misses,
        limit=limit,
        then=then,
        then_reason=reason,
        unexplained=unexplained,
        rest_until=now + rest_s if rest_s else None,
        failed_joins=failed_joins,
        call_rest_until=now + call_rest_s if call_rest_s and not given_back else None,
    )
    if call.only is not None and cause in _COUNTED and call.consults_for is None:
        return (missed, need_relaxed(centre, call, now, was_missed=True))
    if not given_back:
        return (missed,)
    return (missed, sent_back(centre, call, ReturnReason.FAILED, now))


def _nth(rests_s: tuple[float, ...], times: int) -> float:
    return rests_s[min(times, len(rests_s)) - 1]
