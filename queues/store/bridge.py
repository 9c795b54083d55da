"""How a loop hears of commits: the one place of the store that knows asyncio."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Sequence

from queues.store.journal_writer import JournalWriter
from queues.store.rows import NewRow
from queues.store.waiting import Done


def in_loop(loop: asyncio.AbstractEventLoop, done: Done) -> Done:
    """Give a `done` that has this one called in a loop; a loop that is closed hears nothing."""

    def pass_on(error: Exception | None) -> None:
        with contextlib.suppress(RuntimeError):
            loop.call_soon_threadsafe(done, error)

    return pass_on


async def committed(
    writer: JournalWriter, rows: Sequence[NewRow], *, now_or_never: bool = False
) -> None:
    """Submit rows and wait until they stand in the database; raises `NotCommitted`."""
    loop = asyncio.get_running_loop()
    told: asyncio.Future[None] = loop.create_future()

    def done(error: Exception | None) -> None:
        if told.done():  # whoever waited was cancelled
            return
        if error is None:
            told.set_result(None)
        else:
            told.set_exception(error)

    writer.submit(rows, in_loop(loop, done), now_or_never=now_or_never)
    await told
