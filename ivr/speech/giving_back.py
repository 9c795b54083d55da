"""When memory that was used and freed goes back to the machine.

Hearing one caller takes 4 MB in thousands of pieces. When they are freed, the C library keeps the
pages for later, in an arena for each thread, and what it keeps grows with the most callers that
ever spoke at once. So it is asked to give them back: when nobody is heard any more, and every
now and then while callers are. That takes 2 to 13 ms of a thread and holds nobody up; nothing is
lost but the pages' next use, which costs about as much again.
"""

from __future__ import annotations

import asyncio
import ctypes
import time
from collections.abc import Callable
from typing import Final

from ivr.speech.recogniser import Recogniser

EVERY_S: Final = 30.0
_LOOK_S: Final = 1.0
_TRIM: Final = getattr(ctypes.CDLL(None), "malloc_trim", None)


def give_back() -> None:
    """Give the machine every page that holds nothing; for a thread. Only glibc can be asked."""
    if _TRIM is not None:
        _TRIM(ctypes.c_size_t(0))


class GivingBack:
    """Decides when it is time. Pure: it is told the time, and what has been heard."""

    def __init__(self, now_s: float) -> None:
        self._at_s = now_s
        self._heard_s = 0.0

    def is_time(self, *, under_way: int, heard_s: float, now_s: float) -> bool:
        """Whether to give back now; if so, it is taken as done.

        `under_way` streams are being heard, and `heard_s` of sound were since the start.
        """
        came_to_rest = not under_way and heard_s > self._heard_s
        if not came_to_rest and now_s - self._at_s < EVERY_S:
            return False
        self._at_s, self._heard_s = now_s, heard_s
        return True


async def give_memory_back(
    recogniser: Recogniser, *, monotonic: Callable[[], float] = time.monotonic
) -> None:
    """Give back whenever it is time, until cancelled."""
    giving_back = GivingBack(monotonic())
    while True:
        await asyncio.sleep(_LOOK_S)
        _, heard_s = recogniser.work_done()
        under_way = recogniser.under_way()
        if giving_back.is_time(under_way=under_way, heard_s=heard_s, now_s=monotonic()):
            await asyncio.to_thread(give_back)
