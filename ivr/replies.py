"""What the one answer to a question is to the dialogue."""

from __future__ import annotations

from ivr.flow.events import (
    Event,
    Heard,
    HeardNothing,
    ListeningFailed,
    NotUnderstood,
    TalkedOn,
)
from ivr.ports import Reply, ReplyKind


def event_of(token: int, reply: Reply) -> Event | None:
    """What a reply is to the dialogue; a key is told by itself."""
    match reply.kind:
        case ReplyKind.UNDERSTOOD:
            return Heard(token, reply.phrase)
        case ReplyKind.NOT_UNDERSTOOD:
            return NotUnderstood(token)
        case ReplyKind.SILENT:
            return HeardNothing(token)
        case ReplyKind.TALKED_ON:
            return TalkedOn(token)
        case ReplyKind.UNHEARD:
            return ListeningFailed(token)
        case ReplyKind.KEY:
            return None
