"""Whether a sign of life is given to the supervisor: the loop turns, and Asterisk takes our beat.

Rules:

1. The feeding is a task of the very loop that decides: a loop that hangs feeds nobody.
2. It feeds while the switch has taken a beat (`asterisk/heartbeat.py`) within `bound_s`. A beat
   says that the link stands, that the service decides, and that the switch answers. Shorter breaks
   of the link are the client's to mend.
3. Whoever feeds no more is killed and started anew; calls go on in Asterisk meanwhile.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final

import structlog

log = structlog.get_logger()

_FEEDS: Final = 4  # in the time within which one is wanted
_PATIENCE: Final = 2.0  # how many of these times the link may be dead


class Watchdog:
    """The feeding. `run` is a task of the service's own loop, once it is ready."""

    def __init__(
        self, alive: Callable[[], None], beats: Callable[[], int], *, within_s: float
    ) -> None:
        """`alive` gives a sign of life, wanted each `within_s`; `beats` counts those taken."""
        self._alive = alive
        self._beats = beats
        self._every_s = within_s / _FEEDS
        self._bound_s = within_s * _PATIENCE

    async def run(self) -> None:
        """Feed until cancelled."""
        loop = asyncio.get_running_loop()
        known, taken_at_s, feeds = self._beats(), loop.time(), True
        while True:
            beats = self._beats()
            if beats != known:
                known, taken_at_s = beats, loop.time()
            still = loop.time() - taken_at_s <= self._bound_s
            if still:
                self._alive()
            elif feeds:
                log.error("no sign of life any more: no beat was taken", within_s=self._bound_s)
            feeds = still
            await asyncio.sleep(self._every_s)
