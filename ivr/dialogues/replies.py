"""What a reply to a question is to the dialogue that asked it."""

from __future__ import annotations

from ivr.dialogues.ports import Reply, ReplyKind
from ivr.flow.events import (
    Event,
    Heard,
    HeardNothing,
    ListeningFailed,
    NotUnderstood,
    TalkedOn,
)


def told_by(token: int, reply: Reply) -> Event | None:
    """The event of a reply; none for a key, which is told by itself."""
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
