"""What is decided when a caller comes, goes away or is taken back, in each state of the call."""

from typing import Final

from queues.centre.commands import ReturnReason
from queues.centre.deciding.consults import consult_abandoned
from queues.centre.deciding.endings import end_talk, withdraw
from queues.centre.deciding.overflow import no_room
from queues.centre.estimates.foretelling import wait_of_queued
from queues.centre.facts.calls import (
    CallClosed,
    CallEndNoted,
    CallQueued,
    CallRefused,
    CallTakenBack,
)
from queues.centre.facts.consults import ConsultEnd
from queues.centre.facts.fact import Fact
from queues.centre.facts.offers import TalkEnd, WithdrawReason
from queues.centre.inputs.calls import CallEnded, EndCause, QueueEntered
from queues.centre.lives.agent import AgentState
from queues.centre.lives.call import GRACE_S, WITH_AGENT, CallState
from queues.centre.pools import barred
from queues.centre.relaxing import due_need
from queues.centre.state import Call, Centre, the_offer
from queues.centre.values.needs import Need, PoolKey
from queues.ids import AgentId, CallId

MOST_WAITED_S: Final = 3600.0  # that a call may bring along; nobody waits longer elsewhere


def call_entered(centre: Centre, what: QueueEntered, now: float) -> tuple[Fact, ...]:
    """A caller is to wait: with the need brought along, or else the queue's."""
    if what.call in centre.calls or what.call in centre.ended:
        return ()  # said twice, or the caller hung up while the dialogue handed over
    queue = centre.queues.get(what.queue)
    if queue is None:
        return (CallRefused(now, what.call, what.line, what.queue, ReturnReason.REFUSED),)
    waited_s = max(0.0, min(what.waited_s, MOST_WAITED_S))
    asked = queue.setting.need if what.need is None else what.need
    if (reason := no_room(centre, queue, asked, what.credit_s, now)) is not None:
        return (CallRefused(now, what.call, what.line, what.queue, reason),)
    need, steps, next_s = due_need(queue.setting.relax, asked, waited_s)
    until = None if next_s is None else now - waited_s + next_s
    only = _waits_for(centre, what, need)
    longest_s = queue.setting.longest_wait_s
    queued = CallQueued(
        at=now,
        call=what.call,
        line=what.line,
        queue=what.queue,
        number=centre.last_call + 1,
        since=now - waited_s,
        need=need,
        steps=steps,
        need_until=until if only is None else now + what.preferred_s,
        only=only,
        credit_s=what.credit_s,
        leave_at=None if longest_s is None else now + _stays_s(longest_s, waited_s),
    )
    estimate = wait_of_queued(centre, queued)
    return (queued,) if estimate is None else (queued, estimate)


def call_ended(centre: Centre, what: CallEnded, now: float) -> tuple[Fact, ...]:
    """The caller is gone: the agent is freed at once, whatever the call was at."""
    call = centre.calls.get(what.call)
    if call is None:
        return () if what.call in centre.ended else (CallEndNoted(now, what.call, what.cause),)
    if call.consults_for is not None:
        return ()  # that is told of the agent's leg
    gone_at = now
    if what.gone_at is not None and call.state not in WITH_AGENT:
        gone_at = max(call.since, min(now, what.gone_at))
    return _closed(
        centre, call, what.cause, WithdrawReason.CALLER_GONE, TalkEnd.CALLER, now, gone_at
    )


def call_lost_with_switch(centre: Centre, call: Call, now: float) -> tuple[Fact, ...]:
    """Asterisk was started anew: nothing is left of the call and of any leg."""
    if call.consults_for is not None:
        return ()  # it ends with the call that is held
    return _closed(
        centre, call, EndCause.LOST, WithdrawReason.SWITCH_LOST, TalkEnd.SWITCH, now, now
    )


def call_left(centre: Centre, name: CallId, now: float) -> tuple[Fact, ...]:
    """The dialogue takes the call back. Too late once caller and agent talk."""
    call = centre.calls.get(name)
    if call is None or call.state in WITH_AGENT or call.consults_for is not None:
        return ()
    taken = CallTakenBack(now, name, call.queue, now - call.wait_from)
    return (*_without_offer(centre, call, WithdrawReason.CALLER_LEFT, now), taken)


def _closed(
    centre: Centre,
    call: Call,
    cause: EndCause,
    reason: WithdrawReason,
    by: TalkEnd,
    now: float,
    gone_at: float,
) -> tuple[Fact, ...]:
    closed = CallClosed(now, call.call, call.queue, cause, gone_at - call.since)
    if call.state in WITH_AGENT and call.offer is not None:
        asked: tuple[Fact, ...] = ()
        if call.state is CallState.HELD:
            how = ConsultEnd.SWITCH if by is TalkEnd.SWITCH else ConsultEnd.CALLER_GONE
            asked = consult_abandoned(centre, call, how, reason, by, now)
        return (*asked, end_talk(centre, the_offer(centre, call.offer), by, now), closed)
    return (*_without_offer(centre, call, reason, now), closed)


def _without_offer(
    centre: Centre, call: Call, reason: WithdrawReason, now: float
) -> tuple[Fact, ...]:
    if call.offer is None:
        return ()
    return (withdraw(centre, the_offer(centre, call.offer), reason, now),)


def _waits_for(centre: Centre, what: QueueEntered, need: Need) -> AgentId | None:
    """Give the agent whom the call waits for alone, if that one is at work and may take it."""
    agent = None if what.preferred is None else centre.agents.get(what.preferred)
    if agent is None or agent.leaving or what.preferred_s <= 0:
        return None
    if agent.state is AgentState.SIGNED_OUT or barred(agent.setting, PoolKey(what.queue, need)):
        return None
    return agent.setting.agent


def _stays_s(longest_s: float, waited_s: float) -> float:
    """Give how long a call may wait here; after a long wait elsewhere, a moment at least."""
    return max(longest_s - waited_s, GRACE_S if waited_s else 0.0)
