"""Decides which received packets were audible, and keeps when each came and where it belongs."""

from __future__ import annotations

from array import array
from dataclasses import dataclass

from ivr.caller.sound import RATE, Samples, loudness

# -46 dB of full scale. The prompts that begin softest (with an s) pass it in their second frame at
# the latest; silence in G.711 is below -72 dB, and comfort noise at -50 dB and less.
AUDIBLE = 0.005
_KEPT = 30_000  # ten minutes of sound without a pause, 480 kB
_DROPPED = 3_000


@dataclass(frozen=True, slots=True)
class AudiblePacket:
    """One packet with sound: when it came, and where in the received stream its sound begins.

    Both in seconds since the answer; the second is the time of `Heard`.
    """

    arrived_s: float
    at_s: float


class Audible:
    """The audible packets of one call; the oldest are dropped when they are too many."""

    def __init__(self) -> None:
        self._arrived = array("d")
        self._at = array("d")

    def put(self, arrived_s: float, at: int, samples: Samples) -> None:
        """Take one packet whose sound begins at sample `at` of the stream."""
        if loudness(samples) < AUDIBLE:
            return
        if len(self._at) >= _KEPT:
            del self._arrived[:_DROPPED]
            del self._at[:_DROPPED]
        self._arrived.append(arrived_s)
        self._at.append(at / RATE)

    def packets(self, since_s: float = 0.0) -> list[AudiblePacket]:
        """Those that came at `since_s` or later, in the order of the stream."""
        found = [
            AudiblePacket(arrived_s, at_s)
            for arrived_s, at_s in zip(self._arrived, self._at, strict=True)
            if arrived_s >= since_s
        ]
        return sorted(found, key=lambda packet: packet.at_s)
