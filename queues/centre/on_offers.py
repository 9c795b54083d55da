"""What is decided when a phone answers, refuses, talks or is gone, and when a deadline has come."""

from typing import Final

from queues.centre.agent import AgentState
from queues.centre.call import CallState
from queues.centre.commands import ReturnReason
from queues.centre.facts import (
    PAUSED_MISSED,
    CallReturned,
    Fact,
    LegDropped,
    OfferAccepted,
    OfferMissed,
    OfferWithdrawn,
    PlaceRested,
    TalkBegan,
    TalkEnd,
    TalkEnded,
    WithdrawReason,
    WrapUpEnded,
)
from queues.centre.inputs import RefuseCause
from queues.centre.state import Centre, DeadlineKind, Offer, due
from queues.ids import AgentId, OfferId, PlaceId

MISS_POLICY: Final = "missed-in-a-row/1"
CONNECT_TIMEOUT_S: Final = (
    7.0  # longer than the deadline of one command, so that its failure is told
)
PLACE_REST_S: Final = 5.0  # so that a failure of our own side cannot become a hot loop

_COUNTED: Final = (RefuseCause.NO_ANSWER, RefuseCause.DECLINED)


def offer_answered(centre: Centre, name: OfferId, now: float) -> tuple[Fact, ...]:
    """The agent picked up. An answer to an offer that is over leaves a leg to be dropped."""
    offer = centre.offers.get(name)
    if offer is None:
        return (LegDropped(now, name),)
    if centre.calls[offer.call].state is not CallState.OFFERED:
        return ()
    deadline = now + CONNECT_TIMEOUT_S
    return (OfferAccepted(now, name, offer.call, offer.agent, offer.place, deadline),)


def offer_refused(
    centre: Centre, name: OfferId, cause: RefuseCause, now: float
) -> tuple[Fact, ...]:
    """The phone did not come to a talk. Once picked up only a failure of our own side counts."""
    offer = centre.offers.get(name)
    if offer is None:
        return ()
    state = centre.calls[offer.call].state
    connecting = state is CallState.CONNECTING and cause is RefuseCause.FAILED
    if state is CallState.OFFERED or connecting:
        return (_missed(centre, offer, cause, now),)
    return ()


def talk_started(centre: Centre, name: OfferId, now: float) -> tuple[Fact, ...]:
    """Caller and agent are joined; too late if the offer is over, then the leg is dropped."""
    offer = centre.offers.get(name)
    if offer is None:
        return (LegDropped(now, name),)
    call = centre.calls[offer.call]
    if call.state is not CallState.CONNECTING:
        return ()
    waited = now - call.since
    return (TalkBegan(now, name, offer.call, offer.agent, offer.place, offer.queue, waited),)


def leg_ended(centre: Centre, name: OfferId, now: float) -> tuple[Fact, ...]:
    """The agent's leg is gone: the talk is over, or, before the talk, the agent hung up on it."""
    offer = centre.offers.get(name)
    if offer is None:
        return ()
    match centre.calls[offer.call].state:
        case CallState.TALKING:
            back = CallReturned(now, offer.call, offer.queue, ReturnReason.TALK_OVER)
            return (end_talk(centre, offer, TalkEnd.AGENT, now), back)
        case CallState.CONNECTING:
            return (_missed(centre, offer, RefuseCause.DECLINED, now),)
        case _:
            return ()  # never answered: the refusal tells why, or the deadline settles it


def time_has_come(centre: Centre, now: float) -> tuple[Fact, ...]:
    """Settle every deadline that has come by `now`."""
    return tuple(_settled(centre, kind, name, now) for _, kind, name in due(centre, now))


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
        then, then_reason = agent.after_talk, agent.after_talk_reason
    return OfferWithdrawn(
        now, offer.offer, offer.call, offer.agent, offer.place, reason, then, then_reason
    )


def end_talk(centre: Centre, offer: Offer, by: TalkEnd, now: float) -> TalkEnded:
    """End a talk: planned pause or sign-out first, else wrap-up if the queue has one, else ready.

    No wrap-up after the switch was lost: there was no proper end to write down.
    """
    agent = centre.agents[offer.agent]
    then, reason, until = agent.after_talk, agent.after_talk_reason, None
    wrap_up = centre.queues[offer.queue].setting.wrap_up_s
    if then is AgentState.READY and wrap_up > 0 and by is not TalkEnd.SWITCH:
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


def _settled(centre: Centre, kind: DeadlineKind, name: str, now: float) -> Fact:
    match kind:
        case DeadlineKind.OFFER:
            # Nothing was reported: not known is not missed, so it is held against nobody.
            return _missed(centre, centre.offers[OfferId(name)], RefuseCause.FAILED, now)
        case DeadlineKind.WRAP_UP:
            return WrapUpEnded(now, AgentId(name))
        case DeadlineKind.REST:
            return PlaceRested(now, PlaceId(name))


def _missed(centre: Centre, offer: Offer, cause: RefuseCause, now: float) -> OfferMissed:
    agent = centre.agents[offer.agent]
    limit = centre.queues[offer.queue].setting.missed_before_pause
    misses = agent.missed + (1 if cause in _COUNTED else 0)
    then, reason = agent.after_talk, agent.after_talk_reason
    if then is AgentState.READY and cause in _COUNTED and misses >= limit:
        then, reason = AgentState.PAUSED, PAUSED_MISSED
    return OfferMissed(
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
        rest_until=now + PLACE_REST_S if cause is RefuseCause.FAILED else None,
    )
