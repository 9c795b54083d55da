"""When the centre's next deadline fires: one timer, armed for the earliest, that can be held."""

import asyncio
from collections.abc import Callable
from typing import Final

import structlog

FAULT_PAUSE_S: Final = 1.0  # before deadlines that could not be settled are tried again

_log = structlog.get_logger("queues.dispatcher")


class Timer:
    """Calls `fire` while `run` runs, at the time last followed, in the seconds that `now` gives."""

    def __init__(
        self, now: Callable[[], float], fire: Callable[[], None], *, fault_pause_s: float
    ) -> None:
        self._now = now
        self._fire = fire
        self._fault_pause_s = fault_pause_s
        self._wake: float | None = None
        self._changed = asyncio.Event()
        self._is_held = False

    def follow(self, wake: float | None) -> None:
        """Be armed for this time instead, or for none."""
        if wake != self._wake:
            self._wake = wake
            self._changed.set()

    def hold(self) -> None:
        """Let nothing fire until `release`."""
        self._is_held = True
        self._changed.set()

    def release(self) -> None:
        """Let deadlines fire again, those at once that came meanwhile."""
        self._is_held = False
        self._changed.set()

    async def run(self) -> None:
        """Keep the time until cancelled. A fault in `fire` is logged and tried again."""
        while True:
            self._changed.clear()
            wake = None if self._is_held else self._wake
            wait_s = None if wake is None else wake - self._now()
            if wait_s is not None and wait_s <= 0:
                await self._settle()
                continue
            try:
                async with asyncio.timeout(wait_s):
                    await self._changed.wait()
            except TimeoutError:
                continue

    async def _settle(self) -> None:
        try:
            self._fire()
        except Exception as error:  # the deadline is still there: try again, but not hot
            _log.error("deadlines not settled", exc_info=error)
            await asyncio.sleep(self._fault_pause_s)
        else:
            await asyncio.sleep(0)
