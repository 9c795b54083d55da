"""Decides what RTP leaves the caller's phone and when: a frame or a piece of a key every 20 ms.

A key pressed while something is said goes out at once; what would have been said under it is lost,
as with a telephone, and the rest of it stays in time.
"""

from __future__ import annotations

import asyncio
import secrets
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Self

from aiortp import RTPSession
from aiortp.dtmf import DTMF_EVENTS, DtmfEvent
from aiortp.packet import RtpPacket

from ivr.caller.sound import CODES, FRAME, ULAW, Samples
from ivr.caller.word import Word, loud_frames

KEYS = frozenset(DTMF_EVENTS)
_TICK_S = 0.02
_TOO_LATE_S = 0.5
_KEY_TICKS = 5  # 100 ms, above the 40 ms that switches ask for
_KEY_ENDS = 3
_KEY_PAUSE = 5  # ticks until the next key
_PORTS = range(20_000, 60_000, 2)

# What a received packet is handed on as: SSRC, RTP timestamp, payload type, payload.
Hear = Callable[[int, int, int, bytes], None]


@dataclass(frozen=True, slots=True)
class _Frame:
    """20 ms of coded sound; a loud frame belongs to a word."""

    data: bytes
    word: Word | None


@dataclass(slots=True)
class _Key:
    """A key being sent: its packets repeat the timestamp at which it went down (RFC 4733)."""

    event: int
    done: asyncio.Future[None]
    stamp: int = 0
    ticks: int = 0


class CallMedia(RTPSession):
    """The RTP end of one call, paced by `run`.

    aiortp does the sockets, RTCP and the packets. Not used of it, because seen to be wrong for a
    caller: `send_dtmf` (all packets at once, marker on the last instead of the first, timestamp 0),
    its paced mode (sends nothing while there is nothing to say, so that a far end behind a router
    never learns our address), its jitter buffer (keeps the last four frames for ever, and invents
    frames where some are missing) and its A-law (wrong sign).
    """

    def __init__(self) -> None:
        super().__init__(payload_type=0, cname="freizeichen", symmetric_rtp=True)
        self.on_packet: Hear | None = None
        self.key_type: int | None = None
        self._queue: deque[_Frame | asyncio.Future[None]] = deque()
        self._keys: deque[_Key] = deque()
        self._stamp = secrets.randbits(32)
        self._code = ULAW
        self._spurt = True  # the next frame begins a talkspurt: marker

    @classmethod
    async def open(cls, host: str) -> Self:
        """Bind two free neighbouring UDP ports; raises OSError after twenty that were taken."""
        for attempt in range(20):
            media = cls()
            try:
                # `create` would leak its first socket when the second port is taken.
                await media._bind_transports((host, secrets.choice(_PORTS)), (host, 9))
            except OSError:
                if media._rtp_transport is not None:
                    media._rtp_transport.close()
                    await asyncio.sleep(0)
                if attempt == 19:
                    raise
            else:
                return media
        raise AssertionError  # the loop returns or raises

    @property
    def port(self) -> int:
        """The UDP port of our RTP."""
        bound = self._rtp_transport._transport if self._rtp_transport is not None else None
        if bound is None:
            raise RuntimeError("media that is not open has no port")
        return int(bound.get_extra_info("sockname")[1])

    def send_to(self, addr: tuple[str, int], payload_type: int, key_type: int | None) -> None:
        """What the answer's SDP agreed: where to send, as which code, and keys as which type."""
        self.update_remote(addr)
        self._payload_type = payload_type
        self._code = CODES[payload_type]
        self.key_type = key_type

    def _handle_rtp(self, data: bytes, addr: tuple[str, int]) -> None:
        try:
            packet = RtpPacket.parse(data)
        except ValueError:
            return  # a stray datagram
        self._latch_rtp_addr(addr)
        if packet.ssrc != self._remote_ssrc:
            self._remote_ssrc_changed(packet.ssrc)
        if self._stream_stats is not None:
            self._stream_stats.add(packet)
        if self.on_packet is not None:
            self.on_packet(packet.ssrc, packet.timestamp, packet.payload_type, packet.payload)

    async def run(self) -> None:
        """Send, until cancelled. Late ticks are caught up; a long stall is skipped in RTP time."""
        loop = asyncio.get_running_loop()
        due = loop.time()
        while True:
            late = loop.time() - due
            if late > _TOO_LATE_S:
                missed = int(late / _TICK_S)
                self._stamp = (self._stamp + missed * FRAME) & 0xFFFFFFFF
                due += missed * _TICK_S
                self._spurt = True
            self._tick()
            due += _TICK_S
            await asyncio.sleep(max(0.0, due - loop.time()))

    def _tick(self) -> None:
        frame = self._next_frame()
        if self._keys and self._keys[0].ticks < _KEY_TICKS + _KEY_ENDS:
            self._send_key(self._keys[0])
        else:
            self._pause_after_key()
            data = frame.data if frame is not None else self._code.silent_frame
            if frame is not None and frame.word is not None:
                frame.word.left(asyncio.get_running_loop().time())
            self._send(self._payload_type, data, self._stamp, marker=self._spurt)
            self._spurt = False
        self._stamp = (self._stamp + FRAME) & 0xFFFFFFFF

    def _next_frame(self) -> _Frame | None:
        while self._queue:
            head = self._queue.popleft()
            if isinstance(head, _Frame):
                return head
            if not head.done():
                head.set_result(None)
        return None

    def _send_key(self, key: _Key) -> None:
        key.ticks += 1
        if key.ticks == 1:
            key.stamp = self._stamp
        ending = key.ticks > _KEY_TICKS
        event = DtmfEvent(key.event, ending, 10, min(key.ticks, _KEY_TICKS) * FRAME)
        self._send(self.key_type or 101, event.serialize(), key.stamp, marker=key.ticks == 1)
        self._spurt = True

    def _pause_after_key(self) -> None:
        if not self._keys:
            return
        key = self._keys[0]
        key.ticks += 1
        if key.ticks < _KEY_TICKS + _KEY_ENDS + _KEY_PAUSE:
            return
        self._keys.popleft()
        if not key.done.done():
            key.done.set_result(None)

    def _send(self, payload_type: int, payload: bytes, stamp: int, *, marker: bool) -> None:
        if self._sender is not None and not self._closed:
            self._sender.send_raw(payload_type, payload, stamp, int(marker), self._remote_addr)

    def say(self, samples: Samples, word: Word | None = None) -> asyncio.Future[None]:
        """Queue sound; the future is done when its last frame has left.

        `word` is told when its loud frames leave.
        """
        loud = loud_frames(samples) if word is not None else range(0)
        for index, data in enumerate(self._code.frames(samples)):
            self._queue.append(_Frame(data, word if index in loud else None))
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._queue.append(done)
        return done

    def press(self, key: str) -> asyncio.Future[None]:
        """Press one key for 100 ms, now or after the last key; done after a pause of 100 ms."""
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._keys.append(_Key(DTMF_EVENTS[key.upper()], done))
        return done

    async def close(self) -> None:
        """Send the RTCP goodbye and give the ports back; what was still queued is dropped."""
        for item in (*self._queue, *(key.done for key in self._keys)):
            if isinstance(item, asyncio.Future):
                item.cancel()
        self._queue.clear()
        self._keys.clear()
        await super().close()
        await asyncio.sleep(0)  # the sockets close in the loop's next round
