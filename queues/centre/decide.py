"""Which facts follow from one input alone. Pairing calls with agents is for `policies/pairing.py`.

Inputs come late, twice and in any order. What no longer fits is harmless: it leads to no fact, or,
where a leg would be left ringing or up, to `LegDropped`.
"""

from collections.abc import Iterator
from typing import Final

from queues.centre.deciding.agents import agent_asked_for, place_changed, wrap_up_asked_for
from queues.centre.deciding.calls import call_ended, call_entered, call_left, call_lost_with_switch
from queues.centre.deciding.consults import complete_asked, consult_asked, take_back_asked
from queues.centre.deciding.doors import close_asked, hours_told, open_asked
from queues.centre.deciding.let_go import LETS_GO, what_follows
from queues.centre.deciding.offers import (
    leg_ended,
    offer_answered,
    offer_refused,
    talk_started,
    time_has_come,
)
from queues.centre.deciding.overflow import given_back
from queues.centre.deciding.service_end import service_ends
from queues.centre.deciding.settings import settings_loaded
from queues.centre.deciding.transfers import transfer_asked
from queues.centre.facts.estimates import EstimatesTaken
from queues.centre.facts.fact import Fact
from queues.centre.facts.house import ClockReanchored, PlacesForgotten
from queues.centre.inputs.agents import PauseAsked, ReadyAsked, SignOutAsked, WrapUpAsked
from queues.centre.inputs.calls import (
    CallArrived,
    CallEnded,
    CallMissed,
    QueueEntered,
    QueueLeft,
    TransferAsked,
)
from queues.centre.inputs.consults import CompleteAsked, ConsultAsked, TakeBackAsked
from queues.centre.inputs.doors import CloseAsked, HoursTold, OpenAsked
from queues.centre.inputs.house import (
    ClockMoved,
    PlaceChanged,
    ServiceEnding,
    SwitchRestarted,
    TimerFired,
)
from queues.centre.inputs.input import Input
from queues.centre.inputs.offers import AgentLegEnded, OfferAnswered, OfferRefused, TalkStarted
from queues.centre.inputs.settings import SettingsLoaded
from queues.centre.lives.agent import AgentState
from queues.centre.state import Centre
from queues.centre.values.learned import EstimatesLearned

_OF_ANOTHER_HOUSE: Final = frozenset({SettingsLoaded, SwitchRestarted})  # than the one before them


def decide(centre: Centre, what: Input, now: float) -> tuple[Fact, ...]:
    """Give the facts that follow from one input at `now` (Unix seconds, never backwards).

    Changes nothing. The facts are to be applied in order, then `next_offer` is asked until it
    gives None; `step` does both. Raises ValueError for settings that contradict themselves.
    """
    facts = _decided(centre, what, now)
    if not LETS_GO.isdisjoint(map(type, facts)):  # most do not, and each of them comes by here
        facts = tuple(_followed(centre, facts, now))
    if type(what) in _OF_ANOTHER_HOUSE:
        return facts
    return facts + given_back(centre, facts, now)


def _followed(centre: Centre, facts: tuple[Fact, ...], now: float) -> Iterator[Fact]:
    for fact in facts:
        yield fact
        yield from what_follows(centre, fact, now)


def _decided(centre: Centre, what: Input, now: float) -> tuple[Fact, ...]:
    match what:  # what comes with every call first
        case QueueEntered():
            return call_entered(centre, what, now)
        case OfferAnswered():
            return offer_answered(centre, what.offer, now)
        case TalkStarted():
            return talk_started(centre, what.offer, now)
        case AgentLegEnded():
            return leg_ended(centre, what.offer, now, lost=what.lost)
        case CallEnded():
            return call_ended(centre, what, now)
        case QueueLeft():
            return call_left(centre, what.call, now)
        case TimerFired():
            return time_has_come(centre, now)
        case TransferAsked():
            return transfer_asked(centre, what, now)
        case ConsultAsked():
            return consult_asked(centre, what, now)
        case CompleteAsked():
            return complete_asked(centre, what, now)
        case TakeBackAsked():
            return take_back_asked(centre, what, now)
        case ReadyAsked():
            return agent_asked_for(centre, what.agent, AgentState.READY, None, now)
        case PauseAsked():
            return agent_asked_for(centre, what.agent, AgentState.PAUSED, what.reason, now)
        case WrapUpAsked():
            return wrap_up_asked_for(centre, what.agent, what.lasts_s, now)
        case SignOutAsked():
            return agent_asked_for(centre, what.agent, AgentState.SIGNED_OUT, None, now)
        case PlaceChanged():
            return place_changed(centre, what.place, what.state, now)
        case OfferRefused():
            return offer_refused(centre, what.offer, what.cause, now)
        case SwitchRestarted():
            lost = (call_lost_with_switch(centre, call, now) for call in centre.calls.values())
            return (*(fact for facts in lost for fact in facts), PlacesForgotten(now))
        case ServiceEnding():
            return service_ends(centre, now)
        case CallArrived() | CallMissed():
            return ()  # kept as it was told: for reports, and for whoever calls back
        case SettingsLoaded():
            return settings_loaded(centre, what, now)
        case HoursTold():
            return hours_told(centre, what, now)
        case CloseAsked():
            return close_asked(centre, what, now)
        case OpenAsked():
            return open_asked(centre, what, now)
        case EstimatesLearned():
            return (EstimatesTaken(now, what.learned),)
        case ClockMoved():
            return (ClockReanchored(now, what.by_s),)
