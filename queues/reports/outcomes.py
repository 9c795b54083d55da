"""How a call or a wait ended, as reports count it. An offer's outcome is its cause or reason.

An offer that came to a talk is `talked`. What became of a call or an offer whose end lies in a gap
of the journal is `unknown`.
"""

from enum import StrEnum
from typing import Final

TALKED: Final = "talked"
UNKNOWN: Final = "unknown"


class CallOutcome(StrEnum):
    """How a call ended; the first that is true."""

    TALKED = TALKED  # an agent talked with the caller
    LOST = "lost"  # Asterisk or the caller's phone went away under the call
    ABANDONED = "abandoned"  # the caller hung up while waiting
    LEFT_QUEUE = "left_queue"  # was in a queue, without a talk, and ended in the dialogue
    MACHINE = "machine"  # the dialogue alone had it
    UNKNOWN = UNKNOWN  # its end was not kept


class WaitEnd(StrEnum):
    """How a wait ended."""

    TALKED = TALKED
    HUNG_UP = "hung_up"  # the caller hung up
    LEFT = "left"  # the dialogue took the call back
    GIVEN_BACK = "given_back"  # the centre gave it back, for whatever reason
    LOST = "lost"  # Asterisk or the caller's phone went away under the call


class CameTrue(StrEnum):
    """Whether a wait was within the range that was told when it began."""

    HELD = "held"
    SHORTER = "shorter"
    LONGER = "longer"  # also without a talk, once it had lasted longer than that
    NOT_KNOWN = "not_known"  # ended without a talk, before the range was over


def came_true(lasted_s: float, low_s: float, high_s: float, *, talked: bool) -> CameTrue:
    """Judge a range by the wait."""
    if lasted_s > high_s:
        return CameTrue.LONGER
    if not talked:
        return CameTrue.NOT_KNOWN
    return CameTrue.HELD if lasted_s >= low_s else CameTrue.SHORTER
