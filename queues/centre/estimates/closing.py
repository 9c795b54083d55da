"""Whether the last in line could still be served before a queue closes."""

from bisect import bisect_left
from collections.abc import Iterable
from typing import Final

from queues.centre.commands import ReturnReason
from queues.centre.estimates.estimate import expected_wait_s
from queues.centre.lives.agent import AgentState
from queues.centre.lives.call import GRACE_S
from queues.centre.pools import barred
from queues.centre.state import Agent, Centre, Queue
from queues.centre.values.needs import PoolKey

_AWAY: Final = (AgentState.SIGNED_OUT, AgentState.PAUSED)


def closed_for(centre: Centre, queue: Queue, key: PoolKey, now: float) -> ReturnReason | None:
    """Give why a queue takes no call of this key because of its hours; None if it does.

    While nothing can be said of the wait it is taken until the queue closes. Nobody waits longer
    than the queue lets anybody wait: before that the wait is not asked for, which takes its time.
    """
    if not queue.is_open:
        return ReturnReason.CLOSED
    if queue.door_due is None:
        return None
    left_s = queue.door_due - now
    longest_s = queue.setting.longest_wait_s
    if longest_s is not None and left_s >= longest_s:
        return None
    wait_s = would_wait_s(centre, key, now)
    return ReturnReason.CLOSING if wait_s is not None and wait_s > left_s else None


def may_wait_s(queue: Queue, alone_s: float = 0.0) -> float | None:
    """Give how long a call may wait that comes out of a talk; None: for ever.

    In a closed queue a moment, for those who are still there, after `alone_s` for one agent.
    """
    longest_s = queue.setting.longest_wait_s
    if queue.is_open:
        return longest_s
    return GRACE_S + alone_s if longest_s is None else min(longest_s, GRACE_S + alone_s)


def would_wait_s(centre: Centre, key: PoolKey, now: float) -> float | None:
    """Give how long a call of this key would wait as the last in line, in seconds, in the mean.

    Nothing if an agent is free, however long the phone rings. By what was learned of earlier calls;
    where that is too little, those before it times the mean hold of the last half hour, shared by
    the agents at work. None: nobody is at work who could take it, or nobody had a talk lately.
    """
    able = [agent for agent in centre.agents.values() if barred(agent.setting, key) is None]
    at_work = [agent for agent in able if agent.state not in _AWAY and not agent.leaving]
    if not at_work:
        return None
    if any(agent.free_as is not None for agent in at_work):
        return 0.0
    if (learned_s := expected_wait_s(centre, key, now)) is not None:
        return learned_s
    hold_s = _mean_hold_s(able)
    if hold_s is None:
        return None
    names = {agent.setting.agent for agent in at_work}
    rank = (now - key.credit_s, centre.last_call + 1, "")
    before = sum(
        bisect_left(pool.waiting, rank)
        for pool in centre.pools.values()
        if not names.isdisjoint(pool.agents)
    )
    return (before + 1) * hold_s / len(at_work)


def _mean_hold_s(agents: Iterable[Agent]) -> float | None:
    spells = [each.ended - each.began for agent in agents for each in agent.spells]
    return sum(spells) / len(spells) if spells else None
