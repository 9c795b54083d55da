"""When a queue takes no call, or gives one back, so that nobody waits for ever or for nobody."""

from collections.abc import Iterator, Set
from math import inf
from typing import Final

from queues.centre.commands import ReturnReason
from queues.centre.deciding.endings import sent_back
from queues.centre.estimates.closing import closed_for
from queues.centre.facts.agents import AgentForgotten, AgentSignedOut
from queues.centre.facts.calls import (
    CallClosed,
    CallRequeued,
    CallReturned,
    CallTakenBack,
    CallTransferred,
)
from queues.centre.facts.consults import ConsultCompleted, ConsultEnded
from queues.centre.facts.doors import QueueClosed, QueueOpened
from queues.centre.facts.fact import Fact
from queues.centre.facts.offers import OfferMissed, OfferWithdrawn, TalkEnded
from queues.centre.inputs.settings import QueueSetting
from queues.centre.lives.agent import AgentState
from queues.centre.lives.call import CallState
from queues.centre.pools import barred
from queues.centre.relaxing import due_need, relax_of
from queues.centre.state import Call, Centre, Queue, could_be_offered
from queues.centre.values.needs import Need, PoolKey
from queues.ids import AgentId, CallId, QueueId

_LEAVES_SOMEBODY: Final = frozenset(
    {
        *(AgentSignedOut, AgentForgotten, OfferMissed, OfferWithdrawn, TalkEnded),
        QueueClosed,
    }
)


def no_room(
    centre: Centre, queue: Queue, need: Need, credit_s: float, now: float
) -> ReturnReason | None:
    """Give why a queue cannot take one more call with this need; None if it can."""
    setting = queue.setting
    key = PoolKey(setting.queue, need, credit_s=credit_s)
    if (closed := closed_for(centre, queue, key, now)) is not None:
        return closed
    least, *_ = due_need(setting.relax, need, inf)
    if setting.needs_somebody and not somebody_could(centre, PoolKey(setting.queue, least)):
        return ReturnReason.NOBODY
    return ReturnReason.FULL if is_full(centre, setting) else None


def is_full(centre: Centre, setting: QueueSetting) -> bool:
    """Tell whether as many callers wait in a queue as may; an agent who asks for one is none."""
    if setting.most_waiting is None:
        return False
    pools = (p for p in centre.pools.values() if p.key.queue == setting.queue)
    waiting = sum(len(pool.waiting) for pool in pools)
    return waiting >= setting.most_waiting and (
        waiting - _agents_waiting(centre, setting.queue) >= setting.most_waiting
    )


def _agents_waiting(centre: Centre, queue: QueueId) -> int:
    """How many of the calls in a queue's pools are agents who ask another one about theirs."""
    asking = (centre.calls.get(CallId(offer)) for offer in centre.offers)
    return sum(
        call is not None and call.queue == queue and could_be_offered(call) for call in asking
    )


def waited_too_long(centre: Centre, call: Call, now: float) -> CallReturned | ConsultEnded:
    """A call has waited as long as any may in its queue, which is a moment when it is closed."""
    is_open = centre.queues[call.queue].is_open
    return sent_back(centre, call, ReturnReason.WAITED if is_open else ReturnReason.CLOSED, now)


def given_back(
    centre: Centre, facts: tuple[Fact, ...], now: float
) -> tuple[CallReturned | ConsultEnded, ...]:
    """Give the calls that these facts leave without anybody, or that they let wait too late.

    `centre` is the state before them.
    """
    if _LEAVES_SOMEBODY.isdisjoint(map(type, facts)):
        return ()  # as most decisions do, and each of them comes by here
    return tuple(_given_back(centre, facts, now))


def _given_back(
    centre: Centre, facts: tuple[Fact, ...], now: float
) -> Iterator[CallReturned | ConsultEnded]:
    gone: set[AgentId] = set()
    settled: set[CallId] = set()
    waits_again: dict[CallId, None] = {}  # in order: what is decided must not hang on hashes
    requeued: set[CallId] = set()  # how long they may wait counts anew
    closed = {name for name, queue in centre.queues.items() if not queue.is_open}
    swept: set[QueueId] = set()  # from which everybody who waits has to go
    for fact in facts:
        match fact:
            case AgentSignedOut() | AgentForgotten():
                gone.add(fact.agent)
            case OfferMissed() | OfferWithdrawn() | TalkEnded():
                waits_again[fact.call] = None
                if fact.then is AgentState.SIGNED_OUT:
                    gone.add(fact.agent)
            case CallClosed() | CallReturned() | CallTakenBack() | CallTransferred():
                settled.add(fact.call)
            case ConsultEnded() | ConsultCompleted():
                settled.add(fact.consult)
            case CallRequeued():
                requeued.add(fact.call)
            case QueueClosed():
                closed.add(fact.queue)
                swept.add(fact.queue)
            case QueueOpened():
                closed.discard(fact.queue)
            case _:
                pass
    everybody = bool(gone or swept)
    if not everybody and waits_again.keys() <= settled:
        return  # as after most talks
    queues = {queue for agent in gone for queue in centre.agents[agent].setting.queues}
    known = dict[tuple[QueueId, Need, int, int], bool]()  # whether somebody could take such a call
    looked_at = centre.calls.values() if everybody else (centre.calls[call] for call in waits_again)
    for call in looked_at:
        if call.call in settled or not (
            call.call in waits_again or call.state is CallState.WAITING
        ):
            continue
        setting = centre.queues[call.queue].setting
        is_late = call.leave_at is not None and call.leave_at <= now
        is_new = call.call in waits_again
        # An agent who was asked for by name did not take it: nobody else is asked.
        is_alone = call.consults_for is not None and call.only is not None
        has_to_go = call.queue in swept or (is_new and call.queue in closed)
        if has_to_go and call.call not in requeued:
            yield sent_back(centre, call, ReturnReason.CLOSED, now)
        elif (is_late or is_alone) and is_new and call.call not in requeued:
            yield waited_too_long(centre, call, now)
        elif setting.needs_somebody and (call.queue in queues or is_new):
            asked = call.queue, call.need, call.steps, call.hops
            if asked not in known:
                known[asked] = somebody_could(centre, _at_last(setting, call), gone)
            if known[asked]:
                continue
            yield sent_back(centre, call, ReturnReason.NOBODY, now)


def _at_last(setting: QueueSetting, call: Call) -> PoolKey:
    """Give which calls it will wait with once it asks for as little as it ever will."""
    least, *_ = due_need(relax_of(setting, call.hops), call.need, inf, call.steps)
    return PoolKey(setting.queue, least)


def somebody_could(centre: Centre, key: PoolKey, gone: Set[AgentId] = frozenset()) -> bool:
    """Tell whether somebody signed in, perhaps busy or paused, could take calls of this key."""
    return any(
        agent.state is not AgentState.SIGNED_OUT
        and not agent.leaving
        and name not in gone
        and barred(agent.setting, key) is None
        for name, agent in centre.agents.items()
    )
