"""How late the event loop comes by: what holds it up holds up sound and decisions alike."""

from __future__ import annotations

import asyncio
import time
from bisect import bisect_left
from typing import Final

LAG_EDGES_S: Final = (0.001, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0)
_LOOK_S: Final = 0.25


class LoopLag:
    """Counts by lateness; one count for each of `LAG_EDGES_S` and one for what was later still."""

    def __init__(self) -> None:
        self.counts = [0] * (len(LAG_EDGES_S) + 1)
        self.sum_s = 0.0

    async def run(self) -> None:
        """Measure until cancelled."""
        while True:
            asked_s = time.monotonic()
            await asyncio.sleep(_LOOK_S)
            late_s = max(0.0, time.monotonic() - asked_s - _LOOK_S)
            self.counts[bisect_left(LAG_EDGES_S, late_s)] += 1
            self.sum_s += late_s
