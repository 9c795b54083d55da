"""Which facts follow from one input alone. Pairing calls with agents is `policy.next_offer`'s part.

Inputs come late, twice and in any order. What no longer fits is harmless: it leads to no fact, or,
where a leg would be left ringing or up, to `LegDropped`.
"""

import re
from typing import Final

from queues.centre.agent import AgentState
from queues.centre.facts import CallQueued, CallRefused, Fact, PlacesForgotten, SettingsTaken
from queues.centre.inputs import (
    AgentLegEnded,
    CallEnded,
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
from queues.centre.on_calls import call_ended, call_left, call_lost_with_switch
from queues.centre.on_offers import (
    leg_ended,
    offer_answered,
    offer_refused,
    talk_started,
    time_has_come,
)
from queues.centre.state import Centre

_EPOCH: Final = re.compile(r"[0-9a-z]{4,32}")


def decide(centre: Centre, what: Input, now: float) -> tuple[Fact, ...]:
    """Give the facts that follow from one input at `now` (Unix seconds, never backwards).

    Changes nothing. The facts are to be applied in order, then `next_offer` is asked until it
    gives None; `step` does both. Raises ValueError for settings that contradict themselves.
    """
    match what:
        case QueueEntered():
            return _entered(centre, what, now)
        case QueueLeft():
            return call_left(centre, what.call, now)
        case CallEnded():
            return call_ended(centre, what.call, what.cause, now)
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
        case SettingsLoaded():
            return (_settings(what, now),)


def _entered(centre: Centre, what: QueueEntered, now: float) -> tuple[Fact, ...]:
    if what.call in centre.calls or what.call in centre.ended:
        return ()  # said twice, or the caller hung up while the dialogue handed over
    if what.queue not in centre.queues:
        return (CallRefused(now, what.call, what.line, what.queue, "unknown_queue"),)
    return (CallQueued(now, what.call, what.line, what.queue, centre.last_call + 1),)


def _settings(what: SettingsLoaded, now: float) -> SettingsTaken:
    queues = {setting.queue for setting in what.queues}
    agents = {setting.agent for setting in what.agents}
    if len(queues) < len(what.queues) or len(agents) < len(what.agents):
        raise ValueError("a queue or an agent stands twice in the settings")
    for setting in what.agents:
        if len(set(setting.queues)) < len(setting.queues) or not queues.issuperset(setting.queues):
            raise ValueError(f"agent {setting.agent} serves a queue that is unknown or named twice")
    if _EPOCH.fullmatch(what.epoch) is None:
        raise ValueError("the epoch is not 4 to 32 of a-z and 0-9")
    return SettingsTaken(now, what.queues, what.agents, what.epoch)
