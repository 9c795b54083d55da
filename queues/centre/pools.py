"""Calls that the same agents can take, and those of the agents who could take one now.

A pool is made when its first call waits. Both its lists are sorted, so that a decision looks at
their heads alone. Empty pools are kept, up to a number: most needs come again.
"""

from dataclasses import dataclass, field
from typing import Final

from queues.centre.inputs.settings import AgentSetting
from queues.centre.values.needs import PoolKey, missing
from queues.ids import AgentId, CallId

CallRank = tuple[float, int, CallId]  # counts as waiting since (Unix seconds), number, id
AgentRank = tuple[bool, float, int, AgentId]  # spared, counts as idle since, number, id

EMPTY_KEPT: Final = 100
GENERALIST_S: Final = 60.0


@dataclass(slots=True)
class Pool:
    """The calls of one key that wait, and its agents: all of them, and those who are free now."""

    key: PoolKey
    agents: frozenset[AgentId]
    waiting: list[CallRank] = field(default_factory=list)
    free: list[AgentRank] = field(default_factory=list)


def barred(setting: AgentSetting, key: PoolKey) -> str | None:
    """Give the rule that keeps an agent from a pool's calls, in words; None if none does."""
    if key.queue not in setting.queues:
        return f"does not serve queue {key.queue}"
    if key.only is not None and setting.agent != key.only:
        return f"is not {key.only}, who was waited for"
    if setting.agent == key.passed_by:
        return "transferred this call"
    lacking = missing(key.need, setting.skills, setting.languages)
    return None if lacking is None else f"lacks {lacking}"


def counts_as_idle_since(setting: AgentSetting, idle_since: float) -> float:
    """Give the number by which free agents are sorted, smallest first.

    Each queue, skill and language beyond the first takes a minute off the time idle: specialists
    come before generalists, who are kept for what others cannot do, and yet are not left out.
    """
    breadth = len(setting.queues) + len(setting.skills) + len(setting.languages)
    return idle_since + GENERALIST_S * (breadth - 1)
