"""What is decided when an agent asks for something, or a phone changes."""

from typing import Final

from queues.centre.deciding.endings import withdraw
from queues.centre.facts.agents import (
    AfterTalkPlanned,
    AgentBecameReady,
    AgentPaused,
    AgentSignedOut,
    WrapUpExtended,
)
from queues.centre.facts.fact import Fact
from queues.centre.facts.house import PlaceNoted
from queues.centre.facts.load import BreathEnded
from queues.centre.facts.offers import WithdrawReason
from queues.centre.inputs.house import PlaceState
from queues.centre.lives.agent import AgentState
from queues.centre.state import Agent, Centre, the_offer
from queues.ids import AgentId, PlaceId

WRAP_UP_MOST_S: Final = 900.0  # whoever needs longer asks for a pause


def agent_asked_for(
    centre: Centre, name: AgentId, wanted: AgentState, reason: str | None, now: float
) -> tuple[Fact, ...]:
    """Ready, paused or signed out was asked for.

    At once, except in a talk, where it is planned for after it. While the phone rings, a pause or
    a sign-out takes the offer back: nobody who asked for no calls is left with a ringing phone,
    and the caller need not wait for the ring timeout. Ready changes nothing there.
    """
    agent = centre.agents.get(name)
    if agent is None or agent.leaving:
        return ()
    match agent.state, wanted:
        case AgentState.TALKING, _:
            return _planned(agent, wanted, reason, now)
        case AgentState.RINGING, AgentState.READY:
            return ()
        case AgentState.RINGING, _ if agent.offer is not None:
            why = (
                WithdrawReason.PAUSE_ASKED
                if wanted is AgentState.PAUSED
                else WithdrawReason.SIGN_OUT_ASKED
            )
            offer = the_offer(centre, agent.offer)
            return (withdraw(centre, offer, why, now, then=wanted, then_reason=reason),)
        case AgentState.SIGNED_OUT, AgentState.PAUSED:
            return ()  # who is not at work has nothing to be paused from
        case AgentState.READY, AgentState.READY if agent.breath_until is not None:
            return (BreathEnded(now, name),)  # had enough of it
        case state, _ if state is wanted and agent.reason == reason:
            return ()
        case _, AgentState.READY:
            return (AgentBecameReady(now, name),)
        case _, AgentState.PAUSED:
            return (AgentPaused(now, name, reason or ""),)
        case _:
            return (AgentSignedOut(now, name),)


def wrap_up_asked_for(
    centre: Centre, name: AgentId, lasts_s: float, now: float
) -> tuple[Fact, ...]:
    """Wrap-up is to last so long in all, `WRAP_UP_MOST_S` at most. It is never made shorter.

    Asked for twice, the second one changes nothing. Who is done asks for ready.
    """
    agent = centre.agents.get(name)
    if agent is None or agent.wrap_up_until is None:
        return ()
    until = agent.since + min(lasts_s, WRAP_UP_MOST_S)
    return (WrapUpExtended(now, name, until),) if until > agent.wrap_up_until else ()


def place_changed(centre: Centre, name: PlaceId, state: PlaceState, now: float) -> tuple[Fact, ...]:
    """A phone changed. One that is lost while it rings loses the offer; a talk goes on."""
    place = centre.places.get(name)
    if place is None or place.state is state:
        return ()
    noted = PlaceNoted(now, name, state)
    if state is PlaceState.UNREACHABLE and place.offer is not None:
        offer = the_offer(centre, place.offer)
        if centre.agents[offer.agent].state is AgentState.RINGING:
            return (noted, withdraw(centre, offer, WithdrawReason.PLACE_LOST, now))
    return (noted,)


def _planned(agent: Agent, wanted: AgentState, reason: str | None, now: float) -> tuple[Fact, ...]:
    if (agent.after_talk, agent.after_talk_reason) == (wanted, reason):
        return ()
    return (AfterTalkPlanned(now, agent.setting.agent, wanted, reason),)
