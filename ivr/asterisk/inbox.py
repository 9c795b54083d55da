"""What Asterisk told, in order, until it is read; and how long after it was told that is."""

from __future__ import annotations

import asyncio
import time
from collections import deque

from ivr.asterisk.wire_events import WireEvent
from ivr.lateness import Lateness


class Inbox(asyncio.Queue[WireEvent]):
    """For one reader. `lag` counts from Asterisk's own time of an event until it is taken out."""

    def __init__(self) -> None:
        self._told_at_s: deque[float | None] = deque()
        self._next_told_at_s: float | None = None
        self.lag = Lateness()
        super().__init__()

    def put_told(self, event: WireEvent, told_at_s: float | None) -> None:
        """Put what Asterisk told at this time (Unix seconds); None where it says no time."""
        self._next_told_at_s = told_at_s
        self.put_nowait(event)

    def _put(self, item: WireEvent) -> None:
        self._told_at_s.append(self._next_told_at_s)
        self._next_told_at_s = None
        super()._put(item)

    def _get(self) -> WireEvent:
        told_at_s = self._told_at_s.popleft()
        if told_at_s is not None:
            self.lag.note(time.time() - told_at_s)
        return super()._get()
