"""Which facts follow from one input alone. Pairing calls with agents is `policy.next_offer`'s part.

Inputs come late, twice and in any order. What no longer fits is harmless: it leads to no fact, or,
where a leg would be left ringing or up, to `LegDropped`.
"""

from collections.abc import Iterator
from typing import Final

from queues.centre.agent import AgentState
from queues.centre.facts import (
    AgentForgotten,
    Fact,
    OfferMissed,
    OfferWithdrawn,
    TalkEnded,
)
from queues.centre.house_facts import ClockReanchored, PlacesForgotten
from queues.centre.inputs import (
    AgentLegEnded,
    CallArrived,
    CallEnded,
    CallMissed,
    ClockMoved,
    Input,
    OfferAnswered,
    OfferRefused,
    PauseAsked,
    PlaceChanged,
    QueueEntered,
    QueueLeft,
    ReadyAsked,
    SettingsLoaded,
    SignOutAsked,
    SwitchRestarted,
    TalkStarted,
    TimerFired,
)
from queues.centre.on_agents import agent_asked_for, place_changed
from queues.centre.on_calls import call_ended, call_entered, call_left, call_lost_with_switch
from queues.centre.on_offers import (
    leg_ended,
    offer_answered,
    offer_refused,
    talk_started,
    time_has_come,
)
from queues.centre.on_settings import settings_loaded
from queues.centre.overflow import given_back
from queues.centre.state import Centre

_OF_ANOTHER_HOUSE: Final = (SettingsLoaded, SwitchRestarted)  # than the one before them


def decide(centre: Centre, what: Input, now: float) -> tuple[Fact, ...]:
    """Give the facts that follow from one input at `now` (Unix seconds, never backwards).

    Changes nothing. The facts are to be applied in order, then `next_offer` is asked until it
    gives None; `step` does both. Raises ValueError for settings that contradict themselves.
    """
    facts = tuple(_with_partings(centre, _decided(centre, what, now), now))
    if isinstance(what, _OF_ANOTHER_HOUSE):
        return facts
    return facts + given_back(centre, facts, now)


def _decided(centre: Centre, what: Input, now: float) -> tuple[Fact, ...]:
    match what:
        case QueueEntered():
            return call_entered(centre, what, now)
        case QueueLeft():
            return call_left(centre, what.call, now)
        case CallEnded():
            return call_ended(centre, what, now)
        case ReadyAsked():
            return agent_asked_for(centre, what.agent, AgentState.READY, None, now)
        case PauseAsked():
            return agent_asked_for(centre, what.agent, AgentState.PAUSED, what.reason, now)
        case SignOutAsked():
            return agent_asked_for(centre, what.agent, AgentState.SIGNED_OUT, None, now)
        case PlaceChanged():
            return place_changed(centre, what.place, what.state, now)
        case OfferAnswered():
            return offer_answered(centre, what.offer, now)
        case OfferRefused():
            return offer_refused(centre, what.offer, what.cause, now)
        case TalkStarted():
            return talk_started(centre, what.offer, now)
        case AgentLegEnded():
            return leg_ended(centre, what.offer, now)
        case TimerFired():
            return time_has_come(centre, now)
        case SwitchRestarted():
            lost = (call_lost_with_switch(centre, call, now) for call in centre.calls.values())
            return (*(fact for facts in lost for fact in facts), PlacesForgotten(now))
        case CallArrived() | CallMissed():
            return ()  # kept as it was told: for reports, and for whoever calls back
        case SettingsLoaded():
            return settings_loaded(centre, what, now)
        case ClockMoved():
            return (ClockReanchored(now, what.by_s),)


def _with_partings(centre: Centre, facts: tuple[Fact, ...], now: float) -> Iterator[Fact]:
    """Let an agent whom the settings name no more go as soon as the last offer or talk is over."""
    for fact in facts:
        yield fact
        match fact:
            case OfferMissed() | OfferWithdrawn() | TalkEnded():
                if centre.agents[fact.agent].leaving:
                    yield AgentForgotten(now, fact.agent)
            case _:
                pass
