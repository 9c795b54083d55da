"""Decides the life of one caller's sound: waited for, connected, ended with a cause, exactly once.

Rules:

1. A line waits for its one connection; from then on a frame leaves with each beat, silence if
   nothing is played: the switch gives up a socket on which nothing comes for 2 s.
2. What comes from the caller is told to whoever watches, and to nobody else.
3. A peer that does not read, stops in the middle of a message, or sends far more than a phone can
   speak ends its own line. One that sends nothing does not: a muted phone is no fault.
4. Closing sends the hang-up of the socket and lets the peer go first, so that it reads it; nothing
   is heard or played from there on.
5. No sound of a caller is kept here, and none is ever written.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from enum import Enum
from time import monotonic
from uuid import UUID

import numpy as np
import structlog

from ivr.asterisk.audiosocket.frames import AUDIO_HEADER, HANG_UP, Slicer
from ivr.asterisk.audiosocket.player import Playback, PlayEnd, Player, Samples

_HALF_MESSAGE_S = 2.0
_UNSENT_BYTES = 8192  # half a second that the peer's socket no longer takes
_GOODBYE_S = 1.0

log = structlog.get_logger()


class LineEnd(Enum):
    """Why a line ended."""

    CLOSED = "we closed it"
    HUNG_UP = "the switch ended it: the caller hung up, or a bridge or the dialplan cut in"
    NEVER_CAME = "the switch did not connect in time"
    LOST = "the connection broke"
    STALLED = "the peer no longer reads, or stopped in the middle of a message"
    FLOODED = "the peer sent more sound than a phone can speak"
    MALFORMED = "the peer sent what is no AudioSocket"
    PEER_FAILED = "the peer told an error of its own"
    SERVER_STOPPED = "our server stopped"
    FAULT = "a fault of ours"


class NoLine(Exception):
    """There is no sound for this caller; the dialogue must go on with keys."""

    code = "no_line"


@dataclass(frozen=True, slots=True, eq=False)
class HeardFrame:
    """20 ms of the caller: 160 samples that cannot be changed, and when they came.

    The time is of the monotonic clock; frames that were read at once have the same.
    """

    samples: Samples = field(repr=False)
    at_s: float


class Line:
    """One caller's sound in both directions; made by `AudioServer.expect`."""

    def __init__(self, uuid: UUID, on_end: Callable[[Line], None]) -> None:
        self.uuid = uuid
        self.ended = asyncio.Event()
        self.cause: LineEnd | None = None
        self.last_heard_at_s: float | None = None
        self._on_end = on_end
        self._settled = asyncio.Event()  # connected, or ended before that
        self._transport: asyncio.WriteTransport | None = None
        self._half_since_s: float | None = None
        self._closing: LineEnd | None = None
        self._goodbye: asyncio.TimerHandle | None = None
        self._slicer = Slicer()
        self._player = Player()
        self._on_heard: Callable[[HeardFrame], None] | None = None
        self._on_sent: Callable[[Samples | None], None] | None = None
        self._on_play_end: dict[Playback, Callable[[Playback], None]] = {}
        self._play_ended: dict[Playback, asyncio.Event] = {}

    async def connected(self, within_s: float) -> None:
        """Come back when the switch has connected. Raises NoLine; the line has then ended."""
        with suppress(TimeoutError):
            async with asyncio.timeout(within_s):
                await self._settled.wait()
        if not self._settled.is_set():
            self.end(LineEnd.NEVER_CAME)
        if self.cause is not None:
            raise NoLine(self.cause.value)

    # --- hearing ---------------------------------------------------------------------------------

    def watch(
        self,
        on_heard: Callable[[HeardFrame], None],
        on_sent: Callable[[Samples | None], None],
    ) -> None:
        """Tell each 20 ms that comes from the caller, and each that leaves, None for silence.

        Both must return at once: they are told while all lines wait. What they raise ends the line.
        """
        self._on_heard, self._on_sent = on_heard, on_sent

    def unwatch(self) -> None:
        """Tell no more; what comes is let go of."""
        self._on_heard = self._on_sent = None

    # --- playing ---------------------------------------------------------------------------------

    def play(
        self, samples: Samples, *, on_end: Callable[[Playback], None] | None = None
    ) -> Playback:
        """Play this, after what is being played; before the connection it waits for that.

        `on_end` is called once, when the last frame has left or the sound was cut. Raises
        ValueError if it is no row of int16, and PlayerFull.
        """
        playback = self._player.add(samples)
        self._play_ended[playback] = asyncio.Event()
        if on_end is not None:
            self._on_play_end[playback] = on_end
        if self.cause is not None or self._closing is not None:
            self._stop(PlayEnd.LINE_ENDED)
        return playback

    def stop(self) -> None:
        """Play nothing more: the next frame, 20 ms later at most, is silence."""
        self._stop(PlayEnd.STOPPED)

    @property
    def playing(self) -> bool:
        """Something is being played, or waits to be."""
        return self._player.playing

    async def played(self, playback: Playback, within_s: float = 120.0) -> PlayEnd:
        """Come back when this sound has ended, and how. Raises TimeoutError."""
        ended = self._play_ended.get(playback)
        if ended is not None:
            async with asyncio.timeout(within_s):
                await ended.wait()
        if playback.end is None:
            raise ValueError("that sound was never played on this line")
        return playback.end

    def _stop(self, end: PlayEnd) -> None:
        self._tell(self._player.stop(end, monotonic()))

    def _tell(self, ended: list[Playback]) -> None:
        for playback in ended:
            self._play_ended.pop(playback).set()
            on_end = self._on_play_end.pop(playback, None)
            if on_end is not None:
                try:
                    on_end(playback)
                except Exception as error:  # the asker's fault must not silence the caller
                    log.error("end of a sound not handled", exc_info=error)

    # --- ending ----------------------------------------------------------------------------------

    def close(self, cause: LineEnd = LineEnd.CLOSED) -> None:
        """Hang the socket up; the call goes on in AGI. `ended` is set within a second."""
        if self.cause is not None or self._closing is not None:
            return
        if self._transport is None:
            self.end(cause)
            return
        self._closing = cause
        self._stop(PlayEnd.LINE_ENDED)
        self._transport.write(HANG_UP)
        loop = asyncio.get_running_loop()
        self._goodbye = loop.call_later(_GOODBYE_S, self.end, cause)

    @property
    def closed_by_us(self) -> bool:
        """`close` was what ended it, or is about to."""
        return self._closing is not None or self.cause is LineEnd.CLOSED

    def end(self, cause: LineEnd) -> None:
        """For server and pacer: it is over. The first cause stands, and closing is one."""
        if self.cause is not None:
            return
        self.cause = self._closing or cause
        if self._goodbye is not None:
            self._goodbye.cancel()
            self._goodbye = None
        if self._transport is not None:
            self._transport.abort()
        self._stop(PlayEnd.LINE_ENDED)
        self._on_heard = self._on_sent = None
        self.ended.set()
        self._settled.set()
        self._on_end(self)

    # --- for the server --------------------------------------------------------------------------

    def attach(self, transport: asyncio.WriteTransport) -> None:
        """The switch has connected for this line."""
        self._transport = transport
        self._settled.set()

    @property
    def is_attached(self) -> bool:
        """The one connection has come."""
        return self._transport is not None

    def take(self, pcm: bytes, now_s: float) -> None:
        """Sound of the caller has come."""
        if self.cause is not None or self._closing is not None:
            return
        self.last_heard_at_s = now_s
        if self._on_heard is None:
            return
        try:
            for frame in self._slicer.cut(pcm):
                self._on_heard(HeardFrame(np.frombuffer(frame, "<i2"), now_s))
        except Exception as error:  # one listener's fault must not end the other lines
            log.error("a line was given up", exc_info=error)
            self.end(LineEnd.FAULT)

    def half_message(self, since_s: float | None) -> None:
        """The peer is in the middle of a message since then; None: it is not."""
        self._half_since_s = since_s

    def beat(self, now_s: float) -> None:
        """The next frame to the caller leaves: one write, for the switch wants it whole."""
        transport = self._transport
        if transport is None or self._closing is not None or self.cause is not None:
            return
        stalled = transport.get_write_buffer_size() > _UNSENT_BYTES
        half_since_s = self._half_since_s
        if stalled or (half_since_s is not None and now_s - half_since_s > _HALF_MESSAGE_S):
            self.end(LineEnd.STALLED)
            return
        playing = self._player.playing
        frame, ended = self._player.frame(now_s)
        transport.write(frame)
        if self._on_sent is not None:
            sent = np.frombuffer(frame, "<i2", offset=len(AUDIO_HEADER)) if playing else None
            self._on_sent(sent)
        if ended:
            self._tell(ended)
