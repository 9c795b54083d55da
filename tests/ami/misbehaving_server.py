"""A manager interface that misbehaves after a script: the switch nobody wishes for.

A script is an async function that gets a `Peer`: one accepted connection. It reads actions with
`await peer.action()` and writes whatever it likes, whole, split or broken. Scripts of the first,
second, ... connection are given in a list; the last one serves all later connections.
"""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, suppress

BANNER = b"Asterisk Call Manager/11.0.0\r\n"


def block(*lines: str) -> bytes:
    """One message of these header lines."""
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


def booted(uptime_s: int = 1000) -> bytes:
    """The event after which the link counts as up."""
    return block("Event: FullyBooted", f"Uptime: {uptime_s}", "Status: Fully Booted")


def key_event(key: str, channel: str = "c-1") -> bytes:
    """A key of a caller."""
    return block("Event: DTMFEnd", f"Uniqueid: {channel}", f"Digit: {key}", "Direction: Received")


class Peer:
    """The server's end of one connection."""

    def __init__(
        self, server: Misbehaving, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self.server = server
        self.reader, self.writer = reader, writer

    async def action(self) -> dict[str, str]:
        """The next action that came, also noted in the server's `actions`."""
        raw = (await self.reader.readuntil(b"\r\n\r\n")).decode()
        action = dict(line.split(": ", 1) for line in raw.strip().split("\r\n"))
        self.server.actions.append(action)
        return action

    async def write(self, data: bytes) -> None:
        self.writer.write(data)
        await self.writer.drain()

    async def say(self, action: dict[str, str], *lines: str) -> None:
        """A response to this action."""
        await self.write(block(lines[0], f"ActionID: {action['ActionID']}", *lines[1:]))

    async def login(self, uptime_s: int = 1000) -> None:
        """An ordinary greeting: banner, login taken, booted."""
        await self.write(BANNER)
        await self.say(await self.action(), "Response: Success", "Message: Accepted")
        await self.write(booted(uptime_s))

    async def until(self, name: str) -> dict[str, str]:
        """Answer pings until this action comes, and give it."""
        while True:
            action = await self.action()
            if action["Action"] == name:
                return action
            await self.say(action, "Response: Success", "Ping: Pong")

    async def serve(self) -> None:
        """Answer everything with success, for ever."""
        while True:
            await self.say(await self.action(), "Response: Success", "Message: Done")

    async def silence(self) -> None:
        """Neither read nor write nor close, until the test ends: half-open."""
        await asyncio.Event().wait()

    def close(self) -> None:
        self.writer.transport.abort()


Script = Callable[[Peer], Awaitable[None]]


class Misbehaving:
    """The server: which port, which actions came, how many connections were made."""

    def __init__(self, scripts: Sequence[Script]) -> None:
        self.actions: list[dict[str, str]] = []
        self.connections = 0
        self.port = 0
        self._next = itertools.chain(scripts, itertools.repeat(scripts[-1]))
        self._tasks: set[asyncio.Task[None]] = set()

    def names(self) -> list[str]:
        """The names of the actions that came, without the signs of life."""
        return [a["Action"] for a in self.actions if a["Action"] != "Ping"]

    async def accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        self.connections += 1
        try:
            # The other end may go at any time: that is what is tested.
            with suppress(ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
                await next(self._next)(Peer(self, reader, writer))
        finally:
            writer.transport.abort()
            self._tasks.discard(task)

    async def end(self) -> None:
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)


@asynccontextmanager
async def misbehaving(*scripts: Script) -> AsyncIterator[Misbehaving]:
    """Such a server on a free port of the loopback, ended afterwards."""
    server = Misbehaving(scripts)
    listener = await asyncio.start_server(server.accept, "127.0.0.1", 0)
    server.port = listener.sockets[0].getsockname()[1]
    try:
        yield server
    finally:
        listener.close()
        await server.end()
        await listener.wait_closed()
