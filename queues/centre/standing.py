"""Who stood where when an offer was made: the other calls in order, and each agent, in words."""

from typing import Final

from queues.centre.agent import AgentState
from queues.centre.facts import OfferMade
from queues.centre.inputs import PlaceState
from queues.centre.pools import barred
from queues.centre.state import Agent, Centre, could_take_a_call
from queues.ids import CallId

MOST_NAMED: Final = 5
_NOT_FREE: Final = {
    AgentState.SIGNED_OUT: "was signed out",
    AgentState.PAUSED: "was paused",
    AgentState.RINGING: "was being rung for another call",
    AgentState.TALKING: "was in a talk",
    AgentState.WRAP_UP: "was in wrap-up",
}
_PHONE: Final = {PlaceState.UNREACHABLE: "was not reachable", PlaceState.IN_USE: "was in use"}


def standing(centre: Centre, made: OfferMade) -> tuple[str, ...]:
    """Give a sentence for the calls behind it, and one for each agent of the queue.

    `centre` is the state before the offer.
    """
    pool = centre.calls[made.call].pool
    others = [] if pool is None else [rank for rank in pool.waiting if rank[2] != made.call]
    agents = (
        _agent(centre, agent, made)
        for agent in centre.agents.values()
        if made.queue in agent.setting.queues
    )
    return (_calls([rank[2] for rank in others], made), *agents)


def _calls(others: list[CallId], made: OfferMade) -> str:
    if not others:
        return f"no other call with this need waited in queue {made.queue}"
    named = ", ".join(others[:MOST_NAMED])
    more = len(others) - MOST_NAMED
    return f"with the same need in queue {made.queue}: {named}" + (
        f" and {more} more" if more > 0 else ""
    )


def _agent(centre: Centre, agent: Agent, made: OfferMade) -> str:
    name, place = agent.setting.agent, centre.places[agent.setting.place]
    idle = f"had been idle for {made.at - agent.idle_since:.1f} s"
    if name == made.agent:
        spared = "" if agent.spared_until is None else ", though above the cap: no other was free"
        return f"{name} {idle}: chosen{spared}"
    if (rule := barred(agent.setting, centre.calls[made.call].key)) is not None:
        return f"{name} {rule}"
    if could_take_a_call(centre, agent) and agent.spared_until is not None:
        return f"{name} {idle}: spared, above the cap of occupancy"
    if could_take_a_call(centre, agent):
        return f"{name} {idle}: less long, or can do more and is kept for it"
    if agent.state is not AgentState.READY:
        return f"{name} {_NOT_FREE[agent.state]}"
    if agent.breath_until is not None:
        return f"{name} was ready, and had a breath before the next call"
    if place.offer is not None:
        return f"{name} was ready, but phone {place.place} rang or talked for another agent"
    if place.rest_until is not None:
        return f"{name} was ready, but phone {place.place} rested"
    return f"{name} was ready, but phone {place.place} {_PHONE[place.state]}"
