"""Whether a sign of life is given to the supervisor: the loop turns, and Asterisk takes our beat.

Rules:

1. The feeding is a task of the very loop that decides: a loop that hangs feeds nobody.
2. It feeds while the switch has taken a beat (`asterisk/heartbeat.py`) within twice the time in
   which a sign of life is wanted. A beat says that the link stands, that the service decides, and
   that the switch answers. Shorter breaks of the link are the client's to mend: it knows of one
   within 5 s.
3. Where no beat was taken for a third of that time although the switch greets whoever else comes,
   and it goes on so for half of that time, the fault is ours, and only a new start mends it: the
   supervisor is told at once. A switch that is away, or stands still, is no reason to end.
4. Whoever feeds no more is killed and started anew; calls go on in Asterisk meanwhile.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

import structlog

log = structlog.get_logger()

_FEEDS: Final = 6  # in the time within which one is wanted
_PATIENCE: Final = 2.0  # how many of these times the link may be dead
_LATE: Final = 1 / 3  # of that time without a beat, and the switch is looked at
_OURS: Final = 1 / 2  # of that time it greets others and takes no beat


class Watchdog:
    """The feeding. `run` is a task of the service's own loop, once it is ready."""

    def __init__(
        self,
        alive: Callable[[], None],
        give_up: Callable[[], None],
        beats: Callable[[], int],
        greets: Callable[[], Awaitable[bool]],
        *,
        within_s: float,
    ) -> None:
        """`alive` gives a sign of life, wanted each `within_s`; `give_up` asks for a new start.

        `beats` counts those taken; `greets` asks whether the switch greets who comes anew.
        """
        self._alive = alive
        self._give_up = give_up
        self._beats = beats
        self._greets = greets
        self._every_s = within_s / _FEEDS
        self._late_s, self._ours_s = within_s * _LATE, within_s * _OURS
        self._bound_s = within_s * _PATIENCE

    async def run(self) -> None:
        """Feed until cancelled."""
        loop = asyncio.get_running_loop()
        known, taken_at_s, feeds = self._beats(), loop.time(), True
        greets_since_s: float | None = None
        while True:
            beats = self._beats()
            if beats != known:
                known, taken_at_s = beats, loop.time()
            silent_s = loop.time() - taken_at_s
            still = silent_s <= self._bound_s
            if still:
                self._alive()
            elif feeds:
                log.error("no sign of life any more: no beat was taken", within_s=self._bound_s)
            feeds = still
            if silent_s < self._late_s or not await self._greets():
                greets_since_s = None
            elif greets_since_s is None:
                greets_since_s = loop.time()
            elif loop.time() - greets_since_s >= self._ours_s and self._beats() == known:
                log.error("Asterisk greets, but takes no beat: a new start is asked for")
                self._give_up()
                greets_since_s = None
            await asyncio.sleep(self._every_s)
