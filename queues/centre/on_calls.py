"""What is decided when a caller goes away or is taken back, in each state of the call."""

from queues.centre.call import CallState
from queues.centre.facts import (
    CallClosed,
    CallEndNoted,
    CallTakenBack,
    Fact,
    TalkEnd,
    WithdrawReason,
)
from queues.centre.inputs import EndCause
from queues.centre.on_offers import end_talk, withdraw
from queues.centre.state import Call, Centre, the_offer
from queues.ids import CallId


def call_ended(centre: Centre, name: CallId, cause: EndCause, now: float) -> tuple[Fact, ...]:
    """The caller is gone: the agent is freed at once, whatever the call was at."""
    call = centre.calls.get(name)
    if call is None:
        return () if name in centre.ended else (CallEndNoted(now, name, cause),)
    return _closed(centre, call, cause, WithdrawReason.CALLER_GONE, TalkEnd.CALLER, now)


def call_lost_with_switch(centre: Centre, call: Call, now: float) -> tuple[Fact, ...]:
    """Asterisk was started anew: nothing is left of the call and of any leg."""
    return _closed(centre, call, EndCause.LOST, WithdrawReason.SWITCH_LOST, TalkEnd.SWITCH, now)


def call_left(centre: Centre, name: CallId, now: float) -> tuple[Fact, ...]:
    """The dialogue takes the call back. Too late once caller and agent talk."""
    call = centre.calls.get(name)
    if call is None or call.state is CallState.TALKING:
        return ()
    taken = CallTakenBack(now, name, call.queue, now - call.since)
    return (*_without_offer(centre, call, WithdrawReason.CALLER_LEFT, now), taken)


def _closed(
    centre: Centre,
    call: Call,
    cause: EndCause,
    reason: WithdrawReason,
    by: TalkEnd,
    now: float,
) -> tuple[Fact, ...]:
    closed = CallClosed(now, call.call, call.queue, cause, now - call.since)
    if call.state is CallState.TALKING and call.offer is not None:
        return (end_talk(centre, the_offer(centre, call.offer), by, now), closed)
    return (*_without_offer(centre, call, reason, now), closed)


def _without_offer(
    centre: Centre, call: Call, reason: WithdrawReason, now: float
) -> tuple[Fact, ...]:
    if call.offer is None:
        return ()
    return (withdraw(centre, the_offer(centre, call.offer), reason, now),)
