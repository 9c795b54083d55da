"""How an agent's record changes: by what was asked for, by a talk's end, by its deadlines."""

from queues.centre.applying.places import forget_unused
from queues.centre.facts.agents import (
    AfterTalkPlanned,
    AgentBecameReady,
    AgentPaused,
    AgentSignedOut,
    WrapUpEnded,
    WrapUpExtended,
)
from queues.centre.index import index_agent, set_deadline, unindex_agent
from queues.centre.lives.agent import TAKEN, AgentEvent, AgentState, agent_after
from queues.centre.lives.illegal import IllegalTransition
from queues.centre.occupancy import with_spell
from queues.centre.state import Agent, Centre, DeadlineKind, the_agent, the_place


def change_agent(
    centre: Centre, fact: AgentBecameReady | AgentPaused | AgentSignedOut | WrapUpEnded
) -> None:
    agent = the_agent(centre, fact.agent)
    match fact:
        case AgentBecameReady():
            event, reason = AgentEvent.READY_ASKED, None
        case AgentPaused():
            event, reason = AgentEvent.PAUSE_ASKED, fact.reason
        case AgentSignedOut():
            event, reason = AgentEvent.SIGN_OUT_ASKED, None
        case WrapUpEnded():
            event, reason = AgentEvent.WRAP_UP_ENDED, None
    move_agent(agent, agent_after(agent.state, event), fact.at)
    agent.reason, agent.idle_since = reason, fact.at
    if isinstance(fact, AgentBecameReady):
        agent.missed = 0
    set_wrap_up(centre, agent, None)
    if not isinstance(fact, WrapUpEnded):
        set_breath(centre, agent, None)
    index_agent(centre, agent)


def forget_agent(centre: Centre, agent: Agent) -> None:
    name = agent.setting.agent
    if agent.offer is not None:
        raise IllegalTransition(f"agent {name} is {agent.state} and cannot be forgotten")
    set_wrap_up(centre, agent, None)
    set_breath(centre, agent, None)
    spare(centre, agent, None)
    unindex_agent(centre, agent)
    del centre.agents[name]
    place = the_place(centre, agent.setting.place)
    place.agents = tuple(other for other in place.agents if other != name)
    forget_unused(centre, place)


def plan_after_talk(centre: Centre, fact: AfterTalkPlanned) -> None:
    agent = the_agent(centre, fact.agent)
    if agent.state is not AgentState.TALKING:
        raise IllegalTransition(f"an agent who is {agent.state} plans nothing for after a talk")
    agent.after_talk, agent.after_talk_reason = fact.then, fact.then_reason


def free_agent(agent: Agent, state: AgentState, reason: str | None, at: float) -> None:
    """Let an agent go whom an offer or a talk had."""
    move_agent(agent, state, at)
    agent.reason, agent.offer = reason, None
    agent.after_talk, agent.after_talk_reason = AgentState.READY, None


def set_wrap_up(centre: Centre, agent: Agent, new: float | None) -> None:
    name = agent.setting.agent
    set_deadline(centre, DeadlineKind.WRAP_UP, name, old=agent.wrap_up_until, new=new)
    agent.wrap_up_until = new


def move_agent(agent: Agent, state: AgentState, at: float) -> None:
    """Note the state since now, and how long the agent was taken by a talk and its wrap-up."""
    if state in TAKEN and agent.taken_since is None:
        agent.taken_since = at
    elif state not in TAKEN and agent.taken_since is not None:
        agent.spells = with_spell(agent.spells, agent.taken_since, at)
        agent.taken_since = None
    agent.state, agent.since = state, at


def extend_wrap_up(centre: Centre, fact: WrapUpExtended) -> None:
    agent = the_agent(centre, fact.agent)
    if agent.state is not AgentState.WRAP_UP:
        raise IllegalTransition(f"an agent who is {agent.state} has no wrap-up to extend")
    set_wrap_up(centre, agent, fact.until)


def set_breath(centre: Centre, agent: Agent, new: float | None) -> None:
    name = agent.setting.agent
    set_deadline(centre, DeadlineKind.BREATH, name, old=agent.breath_until, new=new)
    agent.breath_until = new
    index_agent(centre, agent)


def spare(centre: Centre, agent: Agent, until: float | None) -> None:
    """Let other agents who are free come first until then."""
    name = agent.setting.agent
    set_deadline(centre, DeadlineKind.OCCUPANCY, name, old=agent.spared_until, new=until)
    agent.spared_until = until
    index_agent(centre, agent)
