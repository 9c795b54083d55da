"""A dispatcher over fakes with a scripted journal, on a loop whose time is in the test's hand."""

import asyncio
import contextlib
import functools
from collections.abc import AsyncIterator, Callable, Coroutine
from typing import Any

import structlog

from queues.dispatcher import Clock
from tests.unit.queues.fake_journal import Disk, FakeJournal
from tests.unit.queues.test_dispatcher import C1, Stage, running
from tests.unit.queues.virtual_time import run_in_virtual_time

NOON = 1_780_308_000.0


def in_virtual_time(test: Callable[..., Coroutine[Any, Any, None]]) -> Callable[..., None]:
    """Run a test on a loop of its own, whose clock jumps."""

    @functools.wraps(test)
    def run(*args: Any, **named: Any) -> None:
        run_in_virtual_time(test(*args, **named))

    return run


class Journalled(Stage):
    """The stage of the dispatcher's tests with a journal; `wall_ahead_s` sets the wall clock."""

    def __init__(self, disk: Disk = Disk.QUICK, **more: Any) -> None:
        loop = asyncio.get_running_loop()
        self.journal = FakeJournal(disk)
        self.wall_ahead_s = 0.0
        clock = Clock(lambda: NOON + loop.time() + self.wall_ahead_s, loop.time)
        super().__init__(clock=clock, journal=self.journal, epoch=3, node="n1", **more)

    def ring_c1(self) -> None:
        """Lead to a decision that lets a phone ring."""
        self.ready("a")
        self.enter(C1)


@contextlib.asynccontextmanager
async def started(disk: Disk = Disk.QUICK, **more: Any) -> AsyncIterator[Journalled]:
    """A running stage whose settings are committed; then the disk is as said."""
    stage = Journalled(**more)
    with structlog.testing.capture_logs():
        async with running(stage):
            await asyncio.sleep(1)
            stage.journal.disk = disk
            yield stage
