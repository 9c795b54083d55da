"""Decides where in the call each received RTP packet's sound belongs: one unbroken stream."""

from __future__ import annotations

import numpy as np

from ivr.caller.sound import RATE, Samples

_DRIFT = RATE // 4  # RTP time further than this from the arrival starts a new anchor
_LATE = RATE // 10  # how long a gap waits for packets that are under way


class Arrivals:
    """The received sound as one stream that begins when the call was answered.

    Within a run of packets their RTP timestamps say where each belongs, so that a jittery arrival
    does no harm. A new source, or a timestamp that has jumped away from the time of arrival (the
    far end paused, or another channel was bridged in), anchors anew at the time of arrival. Where
    nothing came there is silence. Pure: it is told the times.
    """

    def __init__(self) -> None:
        self._taken = 0  # samples handed out
        self._pending = np.zeros(RATE, np.float32)  # from `_taken` on
        self._filled = 0  # where in the call the last sound ends
        self._source: int | None = None
        self._offset = 0  # stream index = unwrapped timestamp + offset
        self._last_stamp = 0
        self._unwrapped = 0

    def put(self, source: int, stamp: int, arrived_s: float, samples: Samples) -> int:
        """Take one packet's sound (its SSRC, its RTP timestamp), come `arrived_s` into the call.

        Gives the sample of the stream at which it begins.
        """
        here = max(0, round(arrived_s * RATE) - len(samples))
        if source == self._source:
            step = (stamp - self._last_stamp + 0x80000000) % 0x100000000 - 0x80000000
            self._unwrapped += step
            at = self._unwrapped + self._offset
        if source != self._source or abs(at - here) > _DRIFT:
            self._source = source
            at = max(here, self._filled)
            self._offset = at - self._unwrapped
        self._last_stamp = stamp
        begins = at
        if at < self._taken:  # too late: that time was already handed out as silence
            samples = samples[self._taken - at :]
            at = self._taken
        end = at + len(samples)
        if end > self._taken + len(self._pending):
            grown = np.zeros(end - self._taken + RATE, np.float32)
            grown[: len(self._pending)] = self._pending
            self._pending = grown
        self._pending[at - self._taken : end - self._taken] = samples
        self._filled = max(self._filled, end)
        return begins

    def take(self, now_s: float, *, ended: bool = False) -> Samples:
        """All sound not yet handed out that is certain at `now_s`: up to the last packet, and
        silence where none came for a tenth of a second. `ended` waits for nothing."""
        quiet_to = round(now_s * RATE) - (0 if ended else _LATE)
        end = max(self._filled, quiet_to, self._taken)
        count = end - self._taken
        if count > len(self._pending):
            self._pending = np.concatenate(
                [self._pending, np.zeros(count - len(self._pending), np.float32)]
            )
        taken, self._pending = self._pending[:count], self._pending[count:]
        self._taken = end
        return taken
