"""A client that runs for one test, and waiting by condition."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import TypeVar

from ivr.asterisk.agi import AgiDesk
from ivr.asterisk.client import AmiClient, Timing
from ivr.asterisk.wire_events import ChannelId, ChannelInAgi, OriginateDone, WireEvent

SECRET = "ami-secret"
QUICK = Timing(
    connect_s=0.5,
    login_s=1.0,
    boot_s=2.0,
    ping_every_s=0.05,
    pong_within_s=0.3,
    backoff_first_s=0.01,
    backoff_most_s=0.1,
)
# For a real Asterisk: the deadlines of the product, with short pauses between attempts.
PATIENT = Timing(backoff_first_s=0.05, backoff_most_s=0.3)
_Event = TypeVar("_Event", bound=WireEvent)


@asynccontextmanager
async def running_client(
    port: int,
    *,
    username: str = "freizeichen",
    secret: str = SECRET,
    timing: Timing = QUICK,
    inbox_size: int = 100_000,
    wait_up: bool = True,
) -> AsyncIterator[AmiClient]:
    """A client whose `run()` lives as long as the block; no task may be left behind."""
    before = asyncio.all_tasks()
    client = AmiClient("127.0.0.1", port, username, secret, timing=timing, inbox_size=inbox_size)
    async with asyncio.TaskGroup() as group:
        task = group.create_task(client.run())
        try:
            if wait_up:
                await client.wait_up(5)
            yield client
        finally:
            await client.close()
            with contextlib.suppress(asyncio.CancelledError):
                await task
    left = {task for task in asyncio.all_tasks() - before if _is_ours(task)}
    assert not left, f"tasks left behind: {left}"


async def next_of(client: AmiClient, kind: type[_Event], *, within_s: float = 5) -> _Event:
    """The next event of this kind from the inbox; those before it are passed over."""
    async with asyncio.timeout(within_s):
        while True:
            event = await client.inbox.get()
            if isinstance(event, kind):
                return event


def _is_ours(task: asyncio.Task[object]) -> bool:
    """A task of the product; the misbehaving server's own may still be ending."""
    code = getattr(task.get_coro(), "cr_code", None)
    return code is not None and "/ivr/" in code.co_filename


class Floor:
    """A desk that hears everything a client tells, and remembers it."""

    def __init__(self, client: AmiClient, desk: AgiDesk) -> None:
        self.client, self.desk = client, desk
        self.seen: list[WireEvent] = []

    async def hear(self) -> None:
        while True:
            event = await self.client.inbox.get()
            self.seen.append(event)
            self.desk.on_event(event)

    async def told(self, *events: WireEvent) -> None:
        """Come back when all these were told."""
        await until(lambda: all(event in self.seen for event in events))

    def visits(self, channel: ChannelId) -> int:
        """How often the channel came to AGI."""
        return sum(isinstance(e, ChannelInAgi) and e.channel == channel for e in self.seen)

    async def refused_dial(self, action_id: str) -> None:
        """Come back when a dial with this id was told to have failed."""
        await until(
            lambda: any(
                isinstance(event, OriginateDone)
                and event.action_id == action_id
                and not event.succeeded
                for event in self.seen
            )
        )


@asynccontextmanager
async def running_floor(port: int) -> AsyncIterator[Floor]:
    """A client and a desk on it, fed by a task that ends with the block."""
    async with running_client(port, timing=PATIENT) as client, asyncio.TaskGroup() as group:
        floor = Floor(client, AgiDesk(client))
        hearing = group.create_task(floor.hear())
        try:
            yield floor
        finally:
            hearing.cancel()


async def until(condition: Callable[[], bool], *, within_s: float = 5) -> None:
    """Come back when the condition holds; fails when it does not in time."""
    async with asyncio.timeout(within_s):
        while not condition():  # noqa: ASYNC110  (what is waited for has no event to wait on)
            await asyncio.sleep(0.005)
