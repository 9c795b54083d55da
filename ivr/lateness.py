"""How late things come: turns of the event loop, which carries sound and decisions; events."""

from __future__ import annotations

import asyncio
import time
from bisect import bisect_left
from typing import Final

LAG_EDGES_S: Final = (0.001, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0)
_LOOK_S: Final = 0.25


class Lateness:
    """Counts by seconds; one count for each of `LAG_EDGES_S` and one for what was later still."""

    def __init__(self) -> None:
        self.counts = [0] * (len(LAG_EDGES_S) + 1)
        self.sum_s = 0.0

    def note(self, late_s: float) -> None:
        """Count one that was so late; what is less than nothing, by a clock that was set, is 0."""
        late_s = max(0.0, late_s)
        self.counts[bisect_left(LAG_EDGES_S, late_s)] += 1
        self.sum_s += late_s


class LoopLag(Lateness):
    """How much later than asked for the event loop comes by."""

    async def run(self) -> None:
        """Measure until cancelled."""
        while True:
            asked_s = time.monotonic()
            await asyncio.sleep(_LOOK_S)
            self.note(time.monotonic() - asked_s - _LOOK_S)
