"""A caller's phone whose wire is watched: when each RTP packet reached the machine it runs on.

The system notes when a packet comes in, so that a bench with fifty callers in one process does not
take its own slowness for the service's.
"""

from __future__ import annotations

import asyncio
import fcntl
import struct
from bisect import bisect_left
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from time import monotonic, time

from ivr.bench.packet import Packet
from ivr.caller.audible import AUDIBLE
from ivr.caller.media import CallMedia
from ivr.caller.phone import CallerPhone, SipServer, caller_phone
from ivr.caller.sound import CODES

_HOST = "127.0.0.1"
_ECHO_GAIN = 0.1  # -20 dB
_ECHO_AFTER_S = 0.060
_LATEST_ARRIVAL = 0x8907  # Linux' SIOCGSTAMPNS: of the packet that was read last
_TIME = struct.Struct("ll")


class WatchedMedia(CallMedia):
    """The RTP end of a call, which knows when its latest packet came."""

    def __init__(self) -> None:
        super().__init__()
        self._from_wall_s = _monotonic_from_wall()

    def latest_arrival_s(self) -> float:
        """When the packet that is being handled came in, by the monotonic clock."""
        bound = self._rtp_transport._transport if self._rtp_transport is not None else None
        if bound is None:
            raise RuntimeError("media that is not open gets no packets")
        socket = bound.get_extra_info("socket")
        try:
            answer = fcntl.ioctl(socket.fileno(), _LATEST_ARRIVAL, bytes(_TIME.size))
        except OSError:
            return monotonic()  # of a socket's very first packet nothing is noted yet
        seconds, nanoseconds = _TIME.unpack(answer)
        return float(seconds + nanoseconds / 1e9 + self._from_wall_s)


def _monotonic_from_wall() -> float:
    """What must be added to the wall clock; the best of some readings, for each takes its time."""
    readings = [(monotonic(), time(), monotonic()) for _ in range(5)]
    before_s, wall_s, after_s = min(readings, key=lambda reading: reading[2] - reading[0])
    return (before_s + after_s) / 2 - wall_s


class Wire:
    """Notes what reaches a phone; with `echoes` the phone says it again, softer and later.

    The phone itself hears nothing.
    """

    def __init__(self, phone: CallerPhone, *, echoes: bool) -> None:
        """`phone` was made with `WatchedMedia`; raises TypeError for any other."""
        if not isinstance(phone.media, WatchedMedia):
            raise TypeError("this phone's media does not know when packets come")
        self.packets: list[Packet] = []
        self._media = phone.media
        self._phone = phone
        self._echoes = echoes
        self._audible: list[Packet] = []
        self._media.on_packet = self._note

    def audible(self, since_s: float) -> Sequence[Packet]:
        """The audible packets that came at this time or later."""
        return self._audible[bisect_left(self._audible, since_s, key=lambda p: p.at_s) :]

    def _note(self, source: int, stamp: int, payload_type: int, payload: bytes) -> None:
        if payload_type not in CODES or not payload:
            return
        samples = CODES[payload_type].decode(payload)
        audible = float(samples @ samples) >= AUDIBLE**2 * len(samples)
        packet = Packet(source, stamp, self._media.latest_arrival_s(), audible)
        self.packets.append(packet)
        if audible:
            self._audible.append(packet)
        if self._echoes:
            loop = asyncio.get_running_loop()
            loop.call_later(_ECHO_AFTER_S, self._phone.say, _ECHO_GAIN * samples)


@asynccontextmanager
async def watched_phone(
    server: SipServer, *, echoes: bool = False
) -> AsyncIterator[tuple[CallerPhone, Wire]]:
    """A phone on free ports; with `echoes` it says what it hears, at -20 dB and 60 ms later.

    On the way out it hangs up and gives everything back.
    """
    async with caller_phone(server, _HOST, media_kind=WatchedMedia) as phone:
        yield phone, Wire(phone, echoes=echoes)
