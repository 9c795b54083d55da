"""Decides from when to when a pure tone was heard, and since when it is quiet."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ivr.caller.sound import FRAME, RATE, Samples, loudness

_BLOCK = 400  # 50 ms: tones 20 Hz apart are told apart
_SHARE = 0.6  # of the block's energy at the tone's frequency
_AUDIBLE = 0.01  # root mean square, -40 dB of full scale
_BRIDGED = 2  # blocks without the tone inside one tone: a lost packet, not its end
_LEAST = 3  # blocks that make a tone


@dataclass(frozen=True, slots=True)
class HeardTone:
    """A tone of `hz`, in seconds since the answer; `to_s` is where it has been heard to so far."""

    hz: float
    from_s: float
    to_s: float


class ToneWatch:
    """Watches one stream for one tone (Goertzel's sum, 50 ms at a time)."""

    def __init__(self, hz: float) -> None:
        self.hz = hz
        self._wave = np.exp(-2j * np.pi * hz / RATE * np.arange(_BLOCK))
        self._rest = np.zeros(0, np.float32)
        self._blocks = 0
        self._began: int | None = None
        self._last = 0
        self._heard: list[HeardTone] = []

    def feed(self, samples: Samples) -> None:
        """Take the next sound."""
        rest = np.concatenate([self._rest, samples])
        count = len(rest) // _BLOCK
        for block in rest[: count * _BLOCK].reshape(count, _BLOCK):
            self._take(block)
        self._rest = rest[count * _BLOCK :]

    def _take(self, block: Samples) -> None:
        energy = float(block @ block)
        share = 2 * abs(block @ self._wave) ** 2 / (_BLOCK * energy) if energy > 0 else 0.0
        if share >= _SHARE and loudness(block) >= _AUDIBLE:
            if self._began is None:
                self._began = self._blocks
            self._last = self._blocks
        elif self._began is not None and self._blocks - self._last > _BRIDGED:
            self._end()
        self._blocks += 1

    def _span(self) -> HeardTone | None:
        if self._began is None or self._last - self._began + 1 < _LEAST:
            return None
        seconds = _BLOCK / RATE
        return HeardTone(self.hz, self._began * seconds, (self._last + 1) * seconds)

    def _end(self) -> None:
        span = self._span()
        if span is not None:
            self._heard.append(span)
        self._began = None

    @property
    def heard(self) -> tuple[HeardTone, ...]:
        """All tones of 150 ms and more, the one going on included."""
        span = self._span()
        return (*self._heard, span) if span is not None else tuple(self._heard)


class QuietWatch:
    """Watches one stream for quiet: frames of 20 ms below -40 dB of full scale."""

    def __init__(self) -> None:
        self._rest = np.zeros(0, np.float32)
        self._frames = 0
        self._quiet_from = 0
        self._loud = 0

    def feed(self, samples: Samples) -> None:
        """Take the next sound."""
        rest = np.concatenate([self._rest, samples])
        count = len(rest) // FRAME
        for frame in rest[: count * FRAME].reshape(count, FRAME):
            self._frames += 1
            if loudness(frame) >= _AUDIBLE:
                self._quiet_from = self._frames
                self._loud += 1
        self._rest = rest[count * FRAME :]

    def quiet_for_s(self, since_s: float = 0.0) -> float:
        """For how long it has been quiet, counted from `since_s` of the stream at the earliest."""
        frame = FRAME / RATE
        return max(0.0, self._frames * frame - max(self._quiet_from * frame, since_s))

    @property
    def sound_s(self) -> float:
        """How much of what was heard was sound, in seconds."""
        return self._loud * FRAME / RATE
