"""What is decided when settings are read: which calls move, who has to go, what is refused.

At a first start there is nothing to keep. Later calls and agents are alive: an agent who is not
named any more goes at once, or after the talk; a call whose queue is not named any more goes on in
the first queue of the new settings, with the time that it has waited.
"""

import re
from collections.abc import Iterator
from typing import Final

from queues.centre.agent import AgentState
from queues.centre.call_facts import CallMoved
from queues.centre.facts import AgentForgotten, Fact, WithdrawReason
from queues.centre.house_facts import SettingsTaken
from queues.centre.inputs import SettingsLoaded
from queues.centre.on_offers import withdraw
from queues.centre.state import Centre, the_offer

_EPOCH: Final = re.compile(r"[0-9a-z]{4,32}")


def settings_loaded(centre: Centre, what: SettingsLoaded, now: float) -> tuple[Fact, ...]:
    """Take settings, whole; raises ValueError for settings that contradict themselves."""
    _check(centre, what)
    keeps = bool(centre.queues or centre.agents)
    taken = SettingsTaken(now, what.queues, what.agents, what.epoch, keeps)
    return (*_moved(centre, what, now), taken, *_gone(centre, what, now))


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
