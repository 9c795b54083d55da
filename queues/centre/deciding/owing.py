"""To whom a call is owed that was transferred, and that nobody took for a stated time."""

from typing import Final

from queues.centre.facts.calls import CallOwed, Owing
from queues.centre.lives.illegal import IllegalTransition
from queues.centre.state import Call

OWED_AFTER_S: Final = 120.0


def owed(call: Call, now: float) -> CallOwed:
    """The time has come at which the call is owed to the agent who passed it on."""
    if call.passed_by is None:
        raise IllegalTransition(f"call {call.call} was passed on by nobody")
    return CallOwed(now, call.call, call.passed_by, Owing.NOBODY_CAME, call.queue, call.need)
