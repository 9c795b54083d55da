"""One RTP packet with sound that reached a caller's phone, and the time its stream gives it."""

from __future__ import annotations

from dataclasses import dataclass

from ivr.caller.sound import RATE


@dataclass(frozen=True, slots=True)
class Packet:
    """Its SSRC, its timestamp, its arrival by the monotonic clock, and whether it was audible."""

    source: int
    stamp: int
    at_s: float
    audible: bool = False

    def stream_time_since(self, earlier: Packet) -> float:
        """Seconds of RTP time from an earlier packet of the same source to this one."""
        # Timestamps run over at 2**32; what seems to lie half of that ahead lies behind.
        step = (self.stamp - earlier.stamp + 0x80000000) % 0x100000000 - 0x80000000
        return step / RATE
