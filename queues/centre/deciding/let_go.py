"""What follows for an agent whom a talk, its wrap-up, or an offer lets go."""

from collections.abc import Iterator
from typing import Final, get_args

from queues.centre.facts.agents import (
    AgentBecameReady,
    AgentForgotten,
    AgentPaused,
    AgentSignedOut,
    WrapUpEnded,
)
from queues.centre.facts.fact import Fact
from queues.centre.facts.load import BreathBegan, OccupancyPassed
from queues.centre.facts.offers import OfferMissed, OfferWithdrawn, TalkEnded
from queues.centre.lives.agent import AgentState
from queues.centre.occupancy import falls_to, with_spell
from queues.centre.state import Agent, Centre
from queues.ids import AgentId

OfferOver = OfferMissed | OfferWithdrawn | TalkEnded
AgentChanged = AgentBecameReady | AgentPaused | AgentSignedOut | WrapUpEnded
LETS_GO: Final = frozenset(get_args(OfferOver | AgentChanged))  # only these are followed


def what_follows(centre: Centre, fact: Fact, now: float) -> Iterator[Fact]:
    """Give the facts that come after `fact`. `centre` is the state before it.

    An agent whom the settings name no more goes as soon as the last offer or talk is over. Others
    have a breath of so long as the queue says; wrap-up counts as one.
    """
    if isinstance(fact, OfferOver):
        agent = centre.agents[fact.agent]
        if agent.leaving:
            yield AgentForgotten(now, fact.agent)
            return
        until = now + centre.queues[centre.offers[fact.offer].queue].setting.breath_s
        if until > now and _could_be_offered_before(fact, until):
            yield BreathBegan(now, fact.agent, until)
        if agent.state is AgentState.TALKING and fact.then is not AgentState.WRAP_UP:
            yield from _no_longer_taken(fact.agent, agent, now)
    elif isinstance(fact, AgentChanged):
        agent = centre.agents[fact.agent]
        if agent.state is AgentState.WRAP_UP:
            yield from _no_longer_taken(fact.agent, agent, now)


def _could_be_offered_before(fact: OfferOver, until: float) -> bool:
    if isinstance(fact, TalkEnded) and fact.wrap_up_until is not None:
        return fact.wrap_up_until < until
    return fact.then is AgentState.READY


def _no_longer_taken(name: AgentId, agent: Agent, now: float) -> Iterator[Fact]:
    cap = agent.setting.occupancy_cap
    if cap is None or agent.taken_since is None:
        return
    until = falls_to(with_spell(agent.spells, agent.taken_since, now), cap, now)
    if until is not None:
        yield OccupancyPassed(now, name, until)
