"""A running audio server, and peers that behave as Asterisk does, or not."""

from __future__ import annotations

import asyncio
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from socket import SO_LINGER, SOL_SOCKET
from uuid import UUID, uuid4

from ivr.asterisk.audiosocket.frames import FRAME_BYTES, Kind, message
from ivr.asterisk.audiosocket.line import HeardFrame, Line
from ivr.asterisk.audiosocket.server import AudioServer
from tests.ami.running import until

WITHIN_S = 10.0
SOUND = message(Kind.AUDIO, b"\x01\x02" * (FRAME_BYTES // 2))


@asynccontextmanager
async def running_server(**settings: float) -> AsyncIterator[AudioServer]:
    """An audio server that runs as long as the block."""
    server = AudioServer(**settings)  # type: ignore[arg-type]
    await server.open()
    async with asyncio.TaskGroup() as group:
        running = group.create_task(server.run())
        try:
            yield server
        finally:
            running.cancel()
            await server.close()


class Peer:
    """One TCP connection to the server."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer

    def send(self, data: bytes) -> None:
        """Write without waiting."""
        self._writer.write(data)

    def identify(self, uuid: UUID) -> None:
        """Say for whom this connection is."""
        self.send(message(Kind.IDENTITY, uuid.bytes))

    async def frame(self) -> tuple[int, bytes]:
        """The next message of the server: its kind and its payload."""
        async with asyncio.timeout(WITHIN_S):
            head = await self._reader.readexactly(3)
            return head[0], await self._reader.readexactly(int.from_bytes(head[1:], "big"))

    async def closed(self) -> None:
        """Come back when the server has closed this connection."""
        async with asyncio.timeout(WITHIN_S):
            try:
                while await self._reader.read(65536):
                    pass
            except ConnectionError:
                pass

    def read_nothing(self) -> None:
        """From now on leave what comes in the socket."""
        self._writer.transport.pause_reading()  # type: ignore[attr-defined]

    def reset(self) -> None:
        """Break the connection without a goodbye."""
        socket = self._writer.get_extra_info("socket")
        socket.setsockopt(SOL_SOCKET, SO_LINGER, struct.pack("ii", 1, 0))
        self._writer.transport.abort()

    def close(self) -> None:
        """Close the connection properly."""
        self._writer.close()


@asynccontextmanager
async def peer_of(server: AudioServer, uuid: UUID | None = None) -> AsyncIterator[Peer]:
    """A connection to the server, which first says this UUID; None: it says nothing."""
    reader, writer = await asyncio.open_connection(server.host, server.port)
    peer = Peer(reader, writer)
    try:
        if uuid is not None:
            peer.identify(uuid)
        yield peer
    finally:
        writer.transport.abort()
        with suppress(ConnectionError):
            await writer.wait_closed()


@asynccontextmanager
async def connected_line(server: AudioServer) -> AsyncIterator[tuple[Line, Peer]]:
    """A line with a well-behaved peer."""
    line = server.expect(uuid4())
    async with peer_of(server, line.uuid) as peer:
        await line.connected(WITHIN_S)
        yield line, peer


class Heard:
    """All that a line hears of its caller from now on."""

    def __init__(self, line: Line) -> None:
        self.frames: list[HeardFrame] = []
        line.watch(self.frames.append, lambda _: None)

    async def count(self, frames: int) -> list[HeardFrame]:
        """Come back when so many frames were heard, and give them."""
        await until(lambda: len(self.frames) >= frames, within_s=WITHIN_S)
        return self.frames[:frames]


async def ended(line: Line) -> None:
    """Come back when the line has ended."""
    async with asyncio.timeout(WITHIN_S):
        await line.ended.wait()
