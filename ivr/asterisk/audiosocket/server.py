"""Decides which connection is which caller's sound, and turns away every other one.

Rules:

1. Only a loopback address is listened on. A connection says within 2 s for whom it comes, by a
   UUID that is expected and has not come yet; else it is closed and counted by reason.
2. So many lines at once and no more. Of connections that have not yet said who they are a few are
   borne; beyond that the oldest goes, because the switch says it at once.
3. Every connection is always read: the switch would end a call whose sound we do not take.
4. `run` beats for all lines. When it ends every line is hung up, and the calls are in AGI.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from enum import Enum
from ipaddress import ip_address
from time import monotonic
from typing import cast
from uuid import UUID

from ivr.asterisk.audiosocket.allowance import Allowance
from ivr.asterisk.audiosocket.frames import (
    Audio,
    Broken,
    Deframer,
    Identified,
    Message,
    PeerFailed,
    PeerHungUp,
)
from ivr.asterisk.audiosocket.line import Line, LineEnd, NoLine
from ivr.asterisk.audiosocket.pacer import Pacer, PacerFigures

_IDENTITY_S = 2.0
_MOST_NAMELESS = 32
_SHUTDOWN_S = 2.0


class Refusal(Enum):
    """Why a connection was turned away."""

    UNKNOWN = "its UUID is not expected"
    REPEATED = "its UUID has connected already"
    MALFORMED = "it does not begin with a UUID"
    NAMELESS = "it did not say in time for whom it comes"


@dataclass(frozen=True, slots=True)
class AudioFigures:
    """What /health and the metrics tell of sound; counts are since the start."""

    lines: int
    connected: int
    refused: Mapping[Refusal, int]
    ended: Mapping[LineEnd, int]
    pacer: PacerFigures


class AudioServer:
    """The sound of all callers. `open`, then `run` as a task; `expect` a caller."""

    def __init__(
        self,
        host: str = "127.0.0.1",
        port: int = 0,
        *,
        most_lines: int = 500,
        identity_s: float = _IDENTITY_S,
    ) -> None:
        """`port` 0 takes a free one. Raises ValueError if the address is not loopback."""
        if not ip_address(host).is_loopback:
            raise ValueError("sound is served on loopback only; others could listen in")
        self.host, self.port = host, port
        self.identity_s = identity_s
        self._most_lines = most_lines
        self._server: asyncio.Server | None = None
        self._pacer = Pacer()
        self._lines: dict[UUID, Line] = {}
        self._peers: set[_Peer] = set()
        self._nameless: dict[_Peer, None] = {}
        self._connected = 0
        self._refused: Counter[Refusal] = Counter()
        self._ended: Counter[LineEnd] = Counter()

    async def open(self) -> None:
        """Listen; `port` is then the real one. Raises OSError if it is taken."""
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(
            lambda: _Peer(self), self.host, self.port, backlog=512
        )
        self.port = self._server.sockets[0].getsockname()[1]

    async def run(self) -> None:
        """Beat until cancelled; then hang up every line and listen no more."""
        if self._server is None:
            raise RuntimeError("open() comes first")
        try:
            await self._pacer.run()
        finally:
            await self.close()

    @property
    def figures(self) -> AudioFigures:
        """The counts so far."""
        return AudioFigures(
            len(self._lines),
            self._connected,
            dict(self._refused),
            dict(self._ended),
            self._pacer.figures,
        )

    def expect(self, uuid: UUID) -> Line:
        """Let this UUID connect once; take a fresh uuid4. Await `connected` of the line next.

        Raises NoLine when the server does not run or has as many lines as it bears, and ValueError
        if this UUID is expected or connected already.
        """
        if self._server is None:
            raise NoLine("the audio server does not run")
        if len(self._lines) >= self._most_lines:
            raise NoLine(f"{self._most_lines} callers are listened to already")
        if uuid in self._lines:
            raise ValueError("this UUID is in use")
        line = Line(uuid, self._forget)
        self._lines[uuid] = line
        return line

    async def close(self) -> None:
        """Hang every line up and listen no more; for whoever opened it and never came to run it."""
        server, self._server = self._server, None
        if server is not None:
            server.close()
        lines = list(self._lines.values())
        for line in lines:
            line.close(LineEnd.SERVER_STOPPED)
        for nameless in list(self._nameless):
            nameless.refuse(Refusal.NAMELESS)
        with suppress(TimeoutError):
            async with asyncio.timeout(_SHUTDOWN_S):
                for peer in list(self._peers):
                    await peer.gone.wait()

    def _forget(self, line: Line) -> None:
        self._lines.pop(line.uuid, None)
        self._pacer.leave(line)
        if line.cause is not None:
            self._ended[line.cause] += 1

    # --- for the connections ---------------------------------------------------------------------

    def arrived(self, peer: _Peer) -> None:
        """Somebody has connected and has yet to say for whom."""
        self._peers.add(peer)
        self._nameless[peer] = None
        if len(self._nameless) > _MOST_NAMELESS:
            next(iter(self._nameless)).refuse(Refusal.NAMELESS)

    def refused(self, peer: _Peer, reason: Refusal) -> None:
        """A connection is turned away."""
        if peer in self._nameless:
            del self._nameless[peer]
            self._refused[reason] += 1

    def gone(self, peer: _Peer) -> None:
        """A connection is no more, whosever it was."""
        self._peers.discard(peer)
        self.refused(peer, Refusal.NAMELESS)

    def claim(self, peer: _Peer, uuid: UUID, transport: asyncio.WriteTransport) -> Line | Refusal:
        """The line that this connection is for."""
        line = self._lines.get(uuid)
        if line is None:
            return Refusal.UNKNOWN
        if line.is_attached:
            return Refusal.REPEATED
        self._nameless.pop(peer, None)
        self._connected += 1
        line.attach(transport)
        self._pacer.join(line)
        return line


class _Peer(asyncio.Protocol):
    """One connection: reads it, and hands what comes to its line."""

    def __init__(self, server: AudioServer) -> None:
        self._server = server
        self._deframer = Deframer()
        self._line: Line | None = None
        self._half_since_s: float | None = None
        self._allowance = Allowance(monotonic())
        self.gone = asyncio.Event()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._nameless = asyncio.get_running_loop().call_later(
            self._server.identity_s, self.refuse, Refusal.NAMELESS
        )
        self._server.arrived(self)

    def refuse(self, reason: Refusal) -> None:
        """Close this connection, which is nobody's."""
        self._nameless.cancel()
        self._server.refused(self, reason)
        self._transport.abort()

    def data_received(self, data: bytes) -> None:
        if self._transport.is_closing():
            return
        now_s = monotonic()
        self._deframer.receive(data)
        complete = False
        while (message := self._deframer.next_message()) is not None:
            complete = True
            if self._line is None:
                self._identify(message)
            else:
                self._tell(self._line, message, now_s)
            if self._transport.is_closing():
                return
        if self._line is not None:
            if complete or self._half_since_s is None:
                self._half_since_s = now_s
            if not self._deframer.in_message:
                self._half_since_s = None
            self._line.half_message(self._half_since_s)

    def _identify(self, message: Message) -> None:
        found: Line | Refusal = Refusal.MALFORMED
        if isinstance(message, Identified):
            found = self._server.claim(self, message.uuid, self._transport)
        if isinstance(found, Refusal):
            self.refuse(found)
            return
        self._nameless.cancel()
        self._line = found

    def _tell(self, line: Line, message: Message, now_s: float) -> None:
        sound = len(message.pcm) if isinstance(message, Audio) else 0
        if not self._allowance.spend(sound, now_s):
            line.end(LineEnd.FLOODED)
            return
        match message:
            case Audio(pcm):
                line.take(pcm, now_s)
            case PeerHungUp():
                line.end(LineEnd.HUNG_UP)
            case PeerFailed():
                line.end(LineEnd.PEER_FAILED)
            case Broken():
                line.end(LineEnd.MALFORMED)
            case _:
                pass  # keys come over AMI

    def connection_lost(self, exc: Exception | None) -> None:
        self._nameless.cancel()
        self.gone.set()
        self._server.gone(self)
        if self._line is not None:
            self._line.end(LineEnd.HUNG_UP if exc is None else LineEnd.LOST)
