"""What is decided when a call is to be passed on.

The rules
- Only a call in a talk is passed on: by the agent who talks, or by a supervisor.
- Its place counts from its first waiting time; what it asks for relaxes with this wait alone, and
  from the second time on not at all.
- Whoever passed it on is not rung for it. If nobody else at work may take it, however it relaxes,
  it is not passed on: the talk goes on, and the call is owed to the agent who talks. It is, too, if
  it was passed on and nobody took it in `OWED_AFTER_S`.
- An agent who is named must be at work and able to take it; the call waits for that one alone
  first, then for anybody of the queue.
"""

from dataclasses import replace
from math import inf

from queues.centre.agent import AgentState
from queues.centre.call import CallState
from queues.centre.call_facts import (
    CallOwed,
    CallTransferred,
    Owing,
    TransferFault,
    TransferRefused,
)
from queues.centre.closing import may_wait_s
from queues.centre.facts import Fact, TalkEnd
from queues.centre.foretelling import wait_of_transferred
from queues.centre.inputs import TransferAsked
from queues.centre.needs import Need, PoolKey
from queues.centre.on_offers import end_talk
from queues.centre.overflow import somebody_could
from queues.centre.owing import OWED_AFTER_S
from queues.centre.pools import barred
from queues.centre.relaxing import due_need, relax_of
from queues.centre.state import Agent, Call, Centre, the_offer
from queues.ids import QueueId


def transfer_asked(centre: Centre, what: TransferAsked, now: float) -> tuple[Fact, ...]:
    """A call is to be passed on to a queue, or to an agent."""
    call = centre.calls.get(what.call)
    if call is None or call.offer is None or call.state is not CallState.TALKING:
        return (TransferRefused(now, what.call, TransferFault.NOT_TALKING),)
    offer = the_offer(centre, call.offer)
    if what.asked_by not in (None, offer.agent):
        return (TransferRefused(now, what.call, TransferFault.NOT_YOURS),)
    to = _queue(centre, what, call)
    if to is None:
        return (TransferRefused(now, what.call, TransferFault.QUEUE_UNKNOWN),)
    hops = call.hops + 1
    relax = relax_of(centre.queues[to].setting, hops)
    asked = _need(centre, what, call, to)
    need, steps, next_s = due_need(relax, asked, 0.0)
    if what.agent is not None and not _may_take(
        centre.agents.get(what.agent), PoolKey(to, need, passed_by=offer.agent)
    ):
        return (TransferRefused(now, what.call, TransferFault.AGENT_CANNOT),)
    at_last = PoolKey(to, due_need(relax, asked, inf)[0], passed_by=offer.agent)
    if not somebody_could(centre, at_last):
        return (CallOwed(now, what.call, offer.agent, Owing.NOBODY_ABLE, to, need),)
    alone = what.agent is not None and what.alone_s > 0
    until = None if next_s is None else now + next_s
    stays_s = may_wait_s(centre.queues[to], what.alone_s if alone else 0.0)
    transferred = CallTransferred(
        at=now,
        call=call.call,
        queue=call.queue,
        to=to,
        passed_by=offer.agent,
        asked_by=what.asked_by,
        hops=hops,
        since=call.since,
        need=need,
        steps=steps,
        need_until=now + what.alone_s if alone else until,
        only=what.agent if alone else None,
        owed_at=now + OWED_AFTER_S,
        leave_at=None if stays_s is None else now + stays_s,
    )
    estimate = wait_of_transferred(centre, transferred)
    ended = end_talk(centre, offer, TalkEnd.TRANSFER, now)
    return (ended, transferred) if estimate is None else (ended, transferred, estimate)


def _queue(centre: Centre, what: TransferAsked, call: Call) -> QueueId | None:
    """Give the queue that is named; else the call's own, or one that the agent named serves."""
    if what.queue is not None:
        return what.queue if what.queue in centre.queues else None
    agent = None if what.agent is None else centre.agents.get(what.agent)
    if agent is None or call.queue in agent.setting.queues or not agent.setting.queues:
        return call.queue
    return agent.setting.queues[0]


def _need(centre: Centre, what: TransferAsked, call: Call, to: QueueId) -> Need:
    if what.need is not None:
        return what.need
    need = centre.queues[to].setting.need
    return need if need.language is not None else replace(need, language=call.need.language)


def _may_take(agent: Agent | None, key: PoolKey) -> bool:
    """Tell whether an agent is at work, perhaps busy or paused, and may take such a call."""
    if agent is None or agent.leaving or agent.state is AgentState.SIGNED_OUT:
        return False
    return barred(agent.setting, key) is None
