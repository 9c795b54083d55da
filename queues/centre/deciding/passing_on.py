"""Whether a call may be passed on, or asked about, and where to: of both the same."""

from dataclasses import replace
from math import inf

from queues.centre.deciding.overflow import is_full, somebody_could
from queues.centre.facts.calls import CallOwed, Owing, TransferFault, TransferRefused
from queues.centre.inputs.calls import TransferAsked
from queues.centre.inputs.consults import ConsultAsked
from queues.centre.lives.agent import AgentState
from queues.centre.lives.call import CallState
from queues.centre.pools import barred
from queues.centre.relaxing import due_need, relax_of
from queues.centre.state import Agent, Call, Centre, Offer, the_offer
from queues.centre.values.needs import Need, PoolKey
from queues.ids import AgentId, CallId, QueueId

Where = tuple[QueueId, Need, int, float | None]  # queue, need, steps in it, wait of the next one
Way = tuple[Call, Offer, Where]  # the call, its talk, and where it goes


def way_on(
    centre: Centre, what: TransferAsked | ConsultAsked, now: float
) -> Way | TransferRefused | CallOwed:
    """Give the call in its talk and where it goes, else why it is not passed on."""
    talk = _the_talk(centre, what.call, what.asked_by, now)
    if isinstance(talk, TransferRefused):
        return talk
    where = _where_to(centre, what, *talk, now)
    return (*talk, where) if isinstance(where, tuple) else where


def _the_talk(
    centre: Centre, name: CallId, asked_by: AgentId | None, now: float
) -> tuple[Call, Offer] | TransferRefused:
    """Give the call in its talk, or why who asks (None: a supervisor) may not pass it on."""
    call = centre.calls.get(name)
    if call is not None and call.state in (CallState.HELD, CallState.REJOINING):
        return TransferRefused(now, name, TransferFault.CONSULTING)
    if (
        call is None
        or call.offer is None
        or call.consults_for is not None
        or call.state is not CallState.TALKING
    ):
        return TransferRefused(now, name, TransferFault.NOT_TALKING)
    offer = the_offer(centre, call.offer)
    if asked_by not in (None, offer.agent):
        return TransferRefused(now, name, TransferFault.NOT_YOURS)
    return call, offer


def _where_to(
    centre: Centre, what: TransferAsked | ConsultAsked, call: Call, offer: Offer, now: float
) -> Where | TransferRefused | CallOwed:
    """Give where it goes, and what it asks for there.

    Else why it cannot, or, if nobody else at work may take it however it relaxes, that it is owed
    to the agent who talks.
    """
    to = _queue(centre, what, call)
    if to is None:
        return TransferRefused(now, what.call, TransferFault.QUEUE_UNKNOWN)
    setting = centre.queues[to].setting
    relax = relax_of(setting, call.hops + 1)
    asked = _need(centre, what, call, to)
    need, steps, next_s = due_need(relax, asked, 0.0)
    if what.agent is not None and not _may_take(
        centre.agents.get(what.agent), PoolKey(to, need, passed_by=offer.agent)
    ):
        return TransferRefused(now, what.call, TransferFault.AGENT_CANNOT)
    at_last = PoolKey(to, due_need(relax, asked, inf)[0], passed_by=offer.agent)
    if not somebody_could(centre, at_last):
        return CallOwed(now, what.call, offer.agent, Owing.NOBODY_ABLE, to, need)
    if is_full(centre, setting):
        return TransferRefused(now, what.call, TransferFault.QUEUE_FULL)
    return to, need, steps, next_s


def _queue(centre: Centre, what: TransferAsked | ConsultAsked, call: Call) -> QueueId | None:
    """Give the queue that is named; else the call's own, or one that the agent named serves."""
    if what.queue is not None:
        return what.queue if what.queue in centre.queues else None
    agent = None if what.agent is None else centre.agents.get(what.agent)
    if agent is None or call.queue in agent.setting.queues or not agent.setting.queues:
        return call.queue
    return agent.setting.queues[0]


def _need(centre: Centre, what: TransferAsked | ConsultAsked, call: Call, to: QueueId) -> Need:
    if what.need is not None:
        return what.need
    need = centre.queues[to].setting.need
    return need if need.language is not None else replace(need, language=call.need.language)


def _may_take(agent: Agent | None, key: PoolKey) -> bool:
    """Tell whether an agent is at work, perhaps busy or paused, and may take such a call."""
    if agent is None or agent.leaving or agent.state is AgentState.SIGNED_OUT:
        return False
    return barred(agent.setting, key) is None
