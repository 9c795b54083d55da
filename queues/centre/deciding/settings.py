"""What is decided when settings are read: which calls move, who has to go, what is refused.

At a first start there is nothing to keep. Later calls and agents are alive: an agent who is not
named any more goes at once, or after the talk; a call whose queue is not named any more goes on in
the first queue of the new settings, with the time that it has waited.
"""

import re
from collections.abc import Iterator
from math import inf
from typing import Final

from queues.centre.commands import ReturnReason
from queues.centre.deciding.endings import sent_back, withdraw
from queues.centre.facts.agents import AgentForgotten
from queues.centre.facts.calls import CallMoved, CallReturned, NeedRelaxed
from queues.centre.facts.consults import ConsultEnded
from queues.centre.facts.fact import Fact
from queues.centre.facts.house import SettingsTaken
from queues.centre.facts.offers import WithdrawReason
from queues.centre.inputs.settings import SettingsLoaded
from queues.centre.lives.agent import AgentState
from queues.centre.lives.call import WITH_AGENT, CallState
from queues.centre.pools import barred
from queues.centre.relaxing import due_need, relax_of
from queues.centre.state import Centre, the_offer
from queues.centre.values.needs import PoolKey, Relaxed

_EPOCH: Final = re.compile(r"[0-9a-z]{4,32}")


def settings_loaded(centre: Centre, what: SettingsLoaded, now: float) -> tuple[Fact, ...]:
    """Take settings, whole; raises ValueError for settings that contradict themselves."""
    _check(centre, what)
    keeps = bool(centre.queues or centre.agents)
    taken = SettingsTaken(now, what.queues, what.agents, what.epoch, keeps)
    return (
        *_moved(centre, what, now),
        taken,
        *_gone(centre, what, now),
        *_asked_no_more(centre, what, now),
        *_asking_anew(centre, what, now),
    )


def _check(centre: Centre, what: SettingsLoaded) -> None:
    queues = {setting.queue for setting in what.queues}
    agents = {setting.agent for setting in what.agents}
    if len(queues) < len(what.queues) or len(agents) < len(what.agents):
        raise ValueError("a queue or an agent stands twice in the settings")
    for setting in what.agents:
        if len(set(setting.queues)) < len(setting.queues) or not queues.issuperset(setting.queues):
            raise ValueError(f"agent {setting.agent} serves a queue that is unknown or named twice")
    if _EPOCH.fullmatch(what.epoch) is None:
        raise ValueError("the epoch is not 4 to 32 of a-z and 0-9")
    if centre.calls and not queues:
        raise ValueError("the settings name no queue while calls are known; name at least one")


def _gone(centre: Centre, what: SettingsLoaded, now: float) -> Iterator[Fact]:
    named = {setting.agent for setting in what.agents}
    for name, agent in centre.agents.items():
        if name in named or agent.state is AgentState.TALKING:
            continue
        if agent.offer is not None:
            offer = the_offer(centre, agent.offer)
            reason = WithdrawReason.SETTINGS_CHANGED
            yield withdraw(centre, offer, reason, now, then=AgentState.SIGNED_OUT)
        yield AgentForgotten(now, name)


def _moved(centre: Centre, what: SettingsLoaded, now: float) -> Iterator[CallMoved]:
    named = {setting.queue for setting in what.queues}
    for call in centre.calls.values():
        if call.queue not in named:
            to = what.queues[0].queue
            yield CallMoved(now, call.call, call.queue, to, now - call.since)


def _asked_no_more(
    centre: Centre, what: SettingsLoaded, now: float
) -> Iterator[CallReturned | ConsultEnded]:
    """Where an agent who was to be asked by name is gone, nobody else is asked."""
    named = {setting.agent for setting in what.agents}
    for call in centre.calls.values():
        is_for_one = call.consults_for is not None and call.only is not None
        rings = call.state in (CallState.WAITING, CallState.OFFERED)
        if is_for_one and rings and call.only not in named:
            yield sent_back(centre, call, ReturnReason.NOBODY, now)


def _asking_anew(centre: Centre, what: SettingsLoaded, now: float) -> Iterator[NeedRelaxed]:
    """Let calls that nobody named could ever take ask for what their queue asks for by itself."""
    settings = {setting.queue: setting for setting in what.queues}
    for call in centre.calls.values():
        setting = settings.get(call.queue)
        if setting is None or call.state in WITH_AGENT:
            continue
        if call.consults_for is not None and call.only is not None:
            continue  # that agent alone is asked
        relax = relax_of(setting, call.hops)
        least, *_ = due_need(relax, call.need, inf, call.steps)
        if _somebody_named(what, PoolKey(call.queue, least, call.only)):
            continue
        waited_s = now - call.wait_from
        need, steps, next_s = due_need(relax, setting.need, waited_s)
        until = None if next_s is None else call.wait_from + next_s
        why, reason = Relaxed.SETTINGS, "nobody in the new settings has what it asked for"
        yield NeedRelaxed(now, call.call, call.queue, need, steps, until, why, reason, waited_s)


def _somebody_named(what: SettingsLoaded, key: PoolKey) -> bool:
    return any(barred(agent, key) is None for agent in what.agents)
