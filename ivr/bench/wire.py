"""A caller's phone whose wire is watched: when each RTP packet came, and how late that was.

A frame is due by the RTP time it carries; the earliest packet of the time looked at says when that
time begins. A frame that never came is late too. But where nothing came for 2 s, nothing was sent:
by then the switch gives a stalled line up, and a caller who is told to use keys gets no silence.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from itertools import groupby, pairwise
from time import monotonic

from ivr.caller.media import CallMedia
from ivr.caller.phone import CallerPhone, SipServer
from ivr.caller.sip import RepeatingUdp
from ivr.caller.sound import CODES, RATE

LATE_S = 0.040
_FRAME_S = 0.020
_NOTHING_SENT_S = 2.0
_HOST = "127.0.0.1"
_ECHO_GAIN = 0.1  # -20 dB
_ECHO_AFTER_S = 0.060


@dataclass(frozen=True, slots=True)
class Packet:
    """One RTP packet with sound: its SSRC, its timestamp, and its arrival in seconds."""

    source: int
    stamp: int
    at_s: float


@dataclass(frozen=True, slots=True)
class Punctuality:
    """Of so many frames that were due, how many were more than 40 ms late or never came."""

    frames: int
    late: int


def punctuality(packets: Sequence[Packet], from_s: float, to_s: float) -> Punctuality:
    """How punctual the frames of one call were between these times; `packets` as they came."""
    within = [packet for packet in packets if from_s <= packet.at_s < to_s]
    streams = [list(stream) for _, stream in groupby(within, lambda packet: packet.source)]
    edges = [from_s, *(stream[0].at_s for stream in streams[1:]), to_s]
    frames = late = 0
    for stream, (begins_s, ends_s) in zip(streams, pairwise(edges), strict=False):
        found = _of_one_stream(stream, begins_s, ends_s)
        frames, late = frames + found.frames, late + found.late
    return Punctuality(frames, late)


def _of_one_stream(packets: Sequence[Packet], from_s: float, to_s: float) -> Punctuality:
    arrived = sorted((_stream_time(packets[0], packet), packet.at_s) for packet in packets)
    begins_s = min(at_s - time_s for time_s, at_s in arrived)
    due = [begins_s + time_s for time_s, _ in arrived]
    never = sum(max(0, _frames(later - earlier) - 1) for earlier, later in pairwise(due))
    never += _frames(due[0] - from_s) + _frames(to_s - LATE_S - due[-1])
    late = sum(at_s - due_s > LATE_S for due_s, (_, at_s) in zip(due, arrived, strict=True))
    return Punctuality(len(arrived) + never, late + never)


def _frames(time_s: float) -> int:
    """How many should have come in this time; up to a fifth of one may be missing to a whole."""
    return max(0, int(time_s / _FRAME_S + 0.2)) if time_s < _NOTHING_SENT_S else 0


def _stream_time(first: Packet, packet: Packet) -> float:
    """Seconds of RTP time since the first packet, whose timestamp may run over."""
    step = (packet.stamp - first.stamp + 0x80000000) % 0x100000000 - 0x80000000
    return step / RATE


class Wire:
    """Notes what reaches a phone, and lets a phone that echoes say it again."""

    def __init__(self, media: CallMedia, phone: CallerPhone, *, echoes: bool) -> None:
        self.packets: list[Packet] = []
        self._phone = phone
        self._echoes = echoes
        self._hear = media.on_packet
        media.on_packet = self._note

    def _note(self, source: int, stamp: int, payload_type: int, payload: bytes) -> None:
        if payload_type in CODES and payload:
            self.packets.append(Packet(source, stamp, monotonic()))
            if self._echoes:
                echo = _ECHO_GAIN * CODES[payload_type].decode(payload)
                asyncio.get_running_loop().call_later(_ECHO_AFTER_S, self._phone.say, echo)
        if self._hear is not None:
            self._hear(source, stamp, payload_type, payload)


@asynccontextmanager
async def watched_phone(
    server: SipServer, *, echoes: bool = False
) -> AsyncIterator[tuple[CallerPhone, Wire]]:
    """A phone on free ports; with `echoes` it says what it hears, at -20 dB and 60 ms later.

    On the way out it hangs up and gives everything back.
    """
    transport = RepeatingUdp(local_addr=(_HOST, 0))
    media = await CallMedia.open(_HOST)
    phone = CallerPhone(server, transport, media)
    wire = Wire(media, phone, echoes=echoes)
    try:
        await phone.open()
        # Not a TaskGroup: it would wrap what the caller of this raises into a group.
        sending = asyncio.create_task(phone.run())
        try:
            yield phone, wire
            await phone.hang_up()
        finally:
            sending.cancel()
            await asyncio.wait([sending])
    finally:
        await phone.close()
