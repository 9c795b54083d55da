"""How new settings change the state: what is named and known goes on, what is not named is gone.

Calls of a queue that is gone were moved by the facts before; agents who are gone are `leaving` from
here on and forgotten by the facts that follow, at once or when the talk is over. The phone of a
living offer outlasts its name until the offer ends.
"""

from dataclasses import replace

from queues.centre.estimates.closing import may_wait_s
from queues.centre.facts.house import SettingsTaken
from queues.centre.index import rebuild
from queues.centre.lives.agent import AgentState
from queues.centre.lives.call import GRACE_S, WITH_AGENT
from queues.centre.lives.illegal import IllegalTransition
from queues.centre.relaxing import relaxes_at
from queues.centre.state import Agent, Centre, Place, Queue
from queues.ids import AgentId, PlaceId, QueueId


def take_settings(centre: Centre, fact: SettingsTaken) -> None:
    """Take the settings. Raises `IllegalTransition`, then nothing was changed."""
    if fact.keeps:
        _check_no_call_is_left_behind(centre, fact)
    else:
        _check_nobody_is_there(centre)
        centre.queues, centre.agents, centre.places = {}, {}, {}
    centre.epoch = fact.epoch
    centre.queues = _queues(centre.queues, fact)
    centre.agents = _agents(centre.agents, fact)
    centre.places = _places(centre)
    for call in centre.calls.values():
        if call.only is None and call.state not in WITH_AGENT:
            call.need_until = relaxes_at(centre.queues[call.queue].setting, call)
        if call.consults_for is not None:
            continue  # it may wait as long as it could when it began
        longest_s = may_wait_s(centre.queues[call.queue])
        call.leave_at = (
            None if longest_s is None else max(call.wait_from + longest_s, fact.at + GRACE_S)
        )
    rebuild(centre)


def _check_nobody_is_there(centre: Centre) -> None:
    signed_in = any(a.state is not AgentState.SIGNED_OUT for a in centre.agents.values())
    if centre.calls or signed_in:
        raise IllegalTransition("a new beginning while a call is known or an agent signed in")


def _check_no_call_is_left_behind(centre: Centre, fact: SettingsTaken) -> None:
    queues = {setting.queue for setting in fact.queues}
    for call in centre.calls.values():
        if call.queue not in queues:
            raise IllegalTransition(f"call {call.call} is in a queue that is not in the settings")


def _agents(known: dict[AgentId, Agent], fact: SettingsTaken) -> dict[AgentId, Agent]:
    """Give those named, in the order of the settings, then those who leave."""
    agents: dict[AgentId, Agent] = {}
    for number, setting in enumerate(fact.agents):
        agent = known.get(setting.agent) or Agent(setting, number, since=fact.at)
        agent.setting, agent.number, agent.leaving = setting, number, False
        if setting.occupancy_cap is None:
            agent.spared_until = None
        agents[setting.agent] = agent
    for name, agent in known.items():
        if name not in agents:
            agent.setting = replace(agent.setting, queues=())
            agent.number, agent.leaving = len(agents), True
            agents[name] = agent
    return agents


def _queues(known: dict[QueueId, Queue], fact: SettingsTaken) -> dict[QueueId, Queue]:
    """Give those named; a door that is known stands as it stood."""
    queues = {}
    for setting in fact.queues:
        queue = queues[setting.queue] = known.get(setting.queue) or Queue(setting)
        queue.setting = setting
    return queues


def _places(centre: Centre) -> dict[PlaceId, Place]:
    needed = [agent.setting.place for agent in centre.agents.values()]
    needed.extend(offer.place for offer in centre.offers.values())
    return {name: centre.places.get(name) or Place(name) for name in needed}
