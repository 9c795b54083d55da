"""Counts, since the start, what came of listening: at the welcome, at questions, in passing."""

from __future__ import annotations

from collections import Counter
from enum import Enum

from ivr.dialogues.ports import Reply, ReplyKind, Unheard
from queues.ids import CallId


class At(Enum):
    """Where a caller was to be heard; the names are labels of a metric."""

    WELCOME = "a new caller, before anything was said"
    QUESTION = "a menu that listens"
    ANNOUNCEMENT = "what is said while a few words are listened for"


class HearingCounts:
    """`replies` of questions and announcements; `unheard` also of new callers, by cause.

    A caller whose language has no model is counted once a call: nothing can change that meanwhile.
    """

    def __init__(self) -> None:
        self.replies: Counter[tuple[At, ReplyKind]] = Counter()
        self.unheard: Counter[tuple[At, Unheard]] = Counter()
        self._without_model: set[CallId] = set()

    def reply(self, call: CallId, at: At, reply: Reply) -> None:
        """A question or an announcement has ended."""
        if reply.kind is ReplyKind.UNHEARD:
            cause = reply.cause or Unheard.FAULT
            if self._is_told(call, cause):
                return
            self.unheard[at, cause] += 1
        self.replies[at, reply.kind] += 1

    def refused(self, call: CallId, cause: Unheard) -> None:
        """A new caller could not be listened to."""
        if not self._is_told(call, cause):
            self.unheard[At.WELCOME, cause] += 1

    def ended(self, call: CallId) -> None:
        """The call is over."""
        self._without_model.discard(call)

    def sent_to_keys(self, cause: Unheard) -> int:
        """How often a caller was sent to keys for this, at the welcome or at a question."""
        return self.unheard[At.WELCOME, cause] + self.unheard[At.QUESTION, cause]

    def _is_told(self, call: CallId, cause: Unheard) -> bool:
        if cause is not Unheard.NO_MODEL:
            return False
        told = call in self._without_model
        self._without_model.add(call)
        return told
