"""Callers who are not in the centre: what others may see of those whom a dialogue has."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from queues.ids import CallId, LineId


class DialogueState(StrEnum):
    """What such a caller experiences."""

    RINGING = "ringing"  # not yet answered
    SPEAKING = "speaking"  # hears prompts
    LISTENING = "listening"  # is asked, or was, and may answer
    EMERGENCY = "emergency"  # was sent to the standing emergency number


@dataclass(frozen=True, slots=True)
class DialogueRow:
    """A call in a dialogue. Unix seconds: since its arrival (or this service's), of its state."""

    call: CallId
    line: LineId
    state: DialogueState
    since: float
    state_since: float
