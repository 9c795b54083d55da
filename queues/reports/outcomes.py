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
