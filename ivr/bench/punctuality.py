"""How late frames reached a caller's phone, by the RTP time they carry. Pure.

The earliest packet of the time looked at says when the stream's time begins. A frame that never
came is late too. But where nothing came for 2 s nothing was sent: by then the switch gives a
stalled line up, and a caller who is told to use keys gets no silence.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby, pairwise

from ivr.bench.packet import Packet

LATE_S = 0.040
_FRAME_S = 0.020
_NOTHING_SENT_S = 2.0


@dataclass(frozen=True, slots=True)
class Punctuality:
    """Of so many frames that were due, how many were more than 40 ms late or never came."""

    frames: int
    late: int


def punctuality(packets: Sequence[Packet], from_s: float, to_s: float) -> Punctuality:
    """How punctual the frames of one call were between these times; `packets` as they came."""
    within = [packet for packet in packets if from_s <= packet.at_s < to_s]
    streams = [list(stream) for _, stream in groupby(within, lambda packet: packet.source)]
    begins = [from_s, *(stream[0].at_s for stream in streams[1:])]
    ends = [*begins[1:], to_s]
    found = [_of_one_stream(*each) for each in zip(streams, begins, ends, strict=False)]
    return Punctuality(sum(each.frames for each in found), sum(each.late for each in found))


def _of_one_stream(packets: Sequence[Packet], from_s: float, to_s: float) -> Punctuality:
    first = packets[0]
    arrived = sorted((packet.stream_time_since(first), packet.at_s) for packet in packets)
    begins_s = min(at_s - time_s for time_s, at_s in arrived)
    due = [begins_s + time_s for time_s, _ in arrived]
    never = sum(max(0, _frames(later - earlier) - 1) for earlier, later in pairwise(due))
    never += _frames(due[0] - from_s) + _frames(to_s - LATE_S - due[-1])
    late = sum(at_s - due_s > LATE_S for due_s, (_, at_s) in zip(due, arrived, strict=True))
    return Punctuality(len(arrived) + never, late + never)


def _frames(time_s: float) -> int:
    """How many should have come in this time; up to a fifth of one may be missing to a whole."""
    return max(0, int(time_s / _FRAME_S + 0.2)) if time_s < _NOTHING_SENT_S else 0
