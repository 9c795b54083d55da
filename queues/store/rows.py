"""The plain rows that go in and out of the store; it knows nothing of what they mean."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from queues.store.errors import JournalDamaged

_LARGEST = 2**31 - 1


class Kind(StrEnum):
    """What a row of the journal tells."""

    INPUT = "input"
    FACT = "fact"
    LOST = "lost"  # written by the writer itself: rows are missing between its neighbours


@dataclass(frozen=True, slots=True)
class NewRow:
    """A row to be written; the writer adds number, epoch and node.

    `at` in Unix seconds, `payload` as JSON text, or what makes it: that is called in the writer's
    thread, each time the row is tried, and gives the same each time. Ids and values that are
    nobody's own stand in it; what is personal lies in the vault.
    """

    at: float
    kind: Kind
    type: str
    version: int
    subject: str  # the id of what it is about, or ""
    payload: str | Callable[[], str] = field(repr=False)

    def text(self) -> str:
        """Give the payload's text; raises ValueError for what no database of ours could hold."""
        if isinstance(self.payload, str):
            return self.payload
        text = self.payload()
        check_text("a row's payload", text)
        return text

    def check(self) -> None:
        """Raise ValueError for what no database of ours could hold."""
        if not math.isfinite(self.at):
            raise ValueError("a row's time is not a finite number of seconds")
        if not 0 <= self.version <= _LARGEST:
            raise ValueError("a row's version is not between 0 and 2147483647")
        for name in ("type", "subject", "payload"):
            text = getattr(self, name)
            if isinstance(text, str):
                check_text(f"a row's {name}", text)


@dataclass(frozen=True, slots=True)
class JournalRow:
    """A row as it stands in the journal. `at` in Unix seconds; `seal`: see `seal.py`."""

    seq: int
    at: float
    epoch: int
    node: str
    kind: Kind
    type: str
    version: int
    subject: str
    payload: str = field(repr=False)
    seal: str | None = None  # None for a row of a release that had none

    def values(self) -> dict[str, Any]:
        """Give the payload's JSON object; raises `JournalDamaged`."""
        try:
            values = json.loads(self.payload)
        except ValueError:
            values = None
        # SQLite holds anything in any column.
        if not isinstance(values, dict) or not isinstance(self.type, str):
            raise JournalDamaged(
                f"row {self.seq} of the journal cannot be read ({self.type}, "
                f"{len(self.payload)} characters); restore a backup made before it was damaged, "
                f"or read on after it (after_seq={self.seq})",
                self.seq,
                self.seq,
            )
        return values


@dataclass(frozen=True, slots=True)
class DialogueRow:
    """Where the dialogue of one live call stands, overwritten at each node.

    `values` are ids of the vault, of a value or of a contact; `blob` is the session, of which
    nothing that a caller said or keyed in may be read: see `Vault.seal`. `at` in Unix seconds.
    """

    call: str
    node: str
    plan: str  # the dialplan's hash
    turn: int
    at: float
    values: tuple[str, ...]
    blob: str = field(repr=False)

    def check(self) -> None:
        """Raise ValueError for what no database of ours could hold."""
        if not math.isfinite(self.at):
            raise ValueError("a dialogue's time is not a finite number of seconds")
        if not 0 <= self.turn <= _LARGEST:
            raise ValueError("a dialogue's turn is not between 0 and 2147483647")
        for text in (self.call, self.node, self.plan, self.blob, *self.values):
            check_text("a dialogue's text", text)


def check_text(what: str, text: str) -> None:
    """Raise ValueError for text that PostgreSQL cannot hold; the error does not quote it."""
    if "\0" in text:
        raise ValueError(f"{what} holds a character of value 0; leave it out")
    if not text.isascii():
        try:
            text.encode()
        except UnicodeEncodeError:
            raise ValueError(f"{what} holds half of a character; leave it out") from None
