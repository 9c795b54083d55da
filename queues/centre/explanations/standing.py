"""Who stood where when an offer was made: the calls in order, each agent, and the rule for each.

What one change would have turned it is `turning.py`'s part.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import islice
from typing import Final

from queues.centre.explanations.turning import Turn
from queues.centre.facts.offers import OfferMade
from queues.centre.inputs.house import PlaceState
from queues.centre.lives.agent import AgentState
from queues.centre.policies.pairing import in_order
from queues.centre.pools import barred
from queues.centre.state import Agent, Centre, could_take_a_call
from queues.ids import AgentId, CallId

MOST_NAMED: Final = 5
_NOT_FREE: Final = {
    AgentState.SIGNED_OUT: "was signed out",
    AgentState.PAUSED: "was paused",
    AgentState.RINGING: "was being rung for another call",
    AgentState.TALKING: "was in a talk",
    AgentState.WRAP_UP: "was in wrap-up",
}
_PHONE: Final = {PlaceState.UNREACHABLE: "was not reachable", PlaceState.IN_USE: "was in use"}


class Role(StrEnum):
    """What an agent was for a call when it was offered."""

    CHOSEN = "chosen"
    CANDIDATE = "candidate"  # free and able, and not the first
    EXCLUDED = "excluded"  # by a rule


@dataclass(frozen=True, slots=True)
class AgentThen:
    """An agent at that moment. `why` is the rule that excluded, or how the agent compared."""

    agent: AgentId
    role: Role
    why: str
    idle_s: float | None  # of those who were free


@dataclass(frozen=True, slots=True)
class CallThen:
    """A call that the chosen agent could have taken."""

    call: CallId
    waited_s: float
    same_need: bool


@dataclass(frozen=True, slots=True)
class Standing:
    """Everything that a choice was made of.

    `calls` in the order in which this agent would have got them, the chosen one first, at most
    `MOST_NAMED` after it; `more_calls` beyond them. `turned_by`: the nearest change first.
    """

    calls: tuple[CallThen, ...]
    more_calls: int
    agents: tuple[AgentThen, ...]
    turned_by: tuple[Turn, ...] = ()


def standing(centre: Centre, made: OfferMade, turned_by: tuple[Turn, ...] = ()) -> Standing:
    """Give who stood where. `centre` is the state before the offer."""
    chosen = centre.calls[made.call]
    pools = [pool for pool in centre.pools.values() if made.agent in pool.agents]
    ranks = sorted(
        each for pool in pools for each in islice(in_order(centre, pool, made.at), MOST_NAMED + 1)
    )
    calls = [centre.calls[rank[1][2]] for rank in ranks]
    calls.sort(key=lambda call: call is not chosen)  # by an older policy it is not always first
    told = tuple(
        CallThen(call.consults_for or call.call, made.at - call.since, call.key == chosen.key)
        for call in calls[: MOST_NAMED + 1]
    )
    agents = tuple(
        _agent(centre, agent, made)
        for agent in centre.agents.values()
        if made.queue in agent.setting.queues
    )
    more = sum(len(pool.waiting) for pool in pools) - len(told)
    return Standing(told, more, agents, turned_by)


def words_of_standing(found: Standing) -> Iterator[str]:
    """Give a line for the calls behind, one for each agent or for all who were alike,
    and one for each change."""
    others = found.calls[1:]
    if others:
        named = _named([each.call for each in others], found.more_calls)
        yield f"this agent could have taken next, in this order: {named}"
    else:
        yield "no other call waited that this agent could take"
    alike: dict[str, list[AgentThen]] = {}
    for agent in found.agents:
        alike.setdefault(agent.why, []).append(agent)
    for why, agents in alike.items():
        if any(agent.role is Role.CHOSEN for agent in agents):
            yield f"{agents[0].agent} {why}: chosen"
        elif len(agents) == 1:
            yield f"{agents[0].agent} {why}"
        else:
            yield f"{_named([agent.agent for agent in agents])}: each {why}"
    for turn in found.turned_by:
        yield f"{turn.change}, {turn.then}"


def _named(names: Sequence[str], more: int = 0) -> str:
    more += max(0, len(names) - MOST_NAMED)
    return ", ".join(names[:MOST_NAMED]) + (f" and {more} more" if more else "")


def _agent(centre: Centre, agent: Agent, made: OfferMade) -> AgentThen:
    name, place = agent.setting.agent, centre.places[agent.setting.place]
    rule = barred(agent.setting, centre.calls[made.call].key)
    idle_s = made.at - agent.idle_since if could_take_a_call(centre, agent) else None
    if rule is not None:
        return AgentThen(name, Role.EXCLUDED, rule, idle_s)
    if idle_s is not None:
        idle = f"had been idle for {idle_s:.1f} s"
        if name == made.agent:
            above = (
                "" if agent.spared_until is None else ", though above the cap: no other was free"
            )
            return AgentThen(name, Role.CHOSEN, idle + above, idle_s)
        if agent.spared_until is not None:
            return AgentThen(name, Role.CANDIDATE, f"{idle}: spared, above the cap", idle_s)
        why = f"{idle}: less long, or can do more and is kept for it"
        return AgentThen(name, Role.CANDIDATE, why, idle_s)
    if agent.state is not AgentState.READY:
        why = _NOT_FREE[agent.state]
    elif agent.breath_until is not None:
        why = "was ready, and had a breath before the next call"
    elif place.offer is not None:
        why = f"was ready, but phone {place.place} rang or talked for another agent"
    elif place.rest_until is not None:
        why = f"was ready, but phone {place.place} rested"
    else:
        why = f"was ready, but phone {place.place} {_PHONE[place.state]}"
    return AgentThen(name, Role.EXCLUDED, why, None)
