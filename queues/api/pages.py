"""Where a page of calls begins and ends: a cursor names the last call shown, by time and id."""

import base64
import binascii
import math
from collections.abc import Sequence

from queues.api.problems import CURSOR_UNKNOWN, Refused
from queues.dialogues import DialogueRow
from queues.view import CallRow

Row = CallRow | DialogueRow


def page(rows: Sequence[Row], limit: int, cursor: str | None) -> tuple[tuple[Row, ...], str | None]:
    """Give up to `limit` rows after the cursor, and the next cursor or None.

    `rows` are ordered by `since` and id. Calls that left meanwhile leave no gap and no double; one
    that changed its `since` meanwhile may. Raises `Refused` for a cursor that is none of ours.
    """
    after = None if cursor is None else _read(cursor)
    rest = [row for row in rows if after is None or (row.since, row.call) > after]
    shown = tuple(rest[:limit])
    return shown, _write(shown[-1].since, shown[-1].call) if len(rest) > limit else None


def _write(since: float, call: str) -> str:
    return base64.urlsafe_b64encode(f"{since!r} {call}".encode()).decode().rstrip("=")


def _read(cursor: str) -> tuple[float, str]:
    try:
        padded = cursor + "=" * (-len(cursor) % 4)
        since, _, call = base64.b64decode(padded, b"-_", validate=True).decode().partition(" ")
        at = float(since)
    except (ValueError, binascii.Error):
        raise Refused(CURSOR_UNKNOWN) from None
    if not call or not math.isfinite(at) or _write(at, call) != cursor:  # not as we write it
        raise Refused(CURSOR_UNKNOWN)
    return at, call
