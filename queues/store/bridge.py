"""How a loop hears of commits: the one place of the store that knows asyncio."""

from __future__ import annotations

import asyncio
import contextlib

from queues.store.waiting import Done


def in_loop(loop: asyncio.AbstractEventLoop, done: Done) -> Done:
    """Give a `done` that has this one called in a loop; a loop that is closed hears nothing."""

    def pass_on(error: Exception | None) -> None:
        with contextlib.suppress(RuntimeError):
            loop.call_soon_threadsafe(done, error)

    return pass_on
