"""Decides, 40 ms at a time, whether a known sound goes on where it is assumed to be."""

from __future__ import annotations

import enum
from dataclasses import dataclass, field

import numpy as np

from ivr.caller.library import KnownSound
from ivr.caller.sound import RATE, Samples, loudness

BLOCK = 320
_ALIKE = (
    0.6  # correlation of a block that goes on; unrelated speech stays below 0.4 at a fixed place
)
_SHORTEST = 80  # samples of a last, short block that are worth a comparison
_PATIENCE = 4  # blocks in a row that do not fit: the sound is over (160 ms)
_SOFT = 0.1  # of the sound's own loudness: softer blocks say nothing
_NOISE = 0.5  # of the sound's own loudness: louder than this in its pauses is something else
_QUIET = 0.02
_ONSET = RATE // 10  # a sound first matched later than this has lost its beginning


class Fate(enum.Enum):
    """What has become of an assumed sound."""

    GOES_ON = "goes on"
    COMPLETE = "complete"  # followed to its end
    LOST = "lost"  # it stopped fitting


@dataclass(slots=True)
class Track:
    """A known sound assumed to begin (its sample 0) at sample `start` of the stream."""

    sound: KnownSound
    start: int
    checked_to: int
    first: int = 0  # stream sample where it began to fit
    matched_to: int = 0
    blocks: int = 0  # that fitted
    score_sum: float = 0.0
    gain: float = 1.0
    misses: int = 0
    fate: Fate = Fate.GOES_ON
    before: Track | None = field(default=None, repr=False)  # the same sound, before a gap in it

    @property
    def ends(self) -> int:
        """Where in the stream its last sound is due."""
        return self.start + self.sound.ends

    @property
    def from_beginning(self) -> bool:
        """Whether its beginning was heard."""
        if self.before is not None and self.before.from_beginning:
            return True
        return self.first - (self.start + self.sound.begins) <= _ONSET

    @property
    def fitted_s(self) -> float:
        """Seconds of sound that fitted; pauses do not count."""
        return self.blocks * BLOCK / RATE

    def follow(self, stream: Samples, base: int) -> None:
        """Compare all whole blocks of the stream, whose first sample has index `base`."""
        end = base + len(stream)
        while self.fate is Fate.GOES_ON:
            left = self.ends - self.checked_to
            if left < _SHORTEST:
                self.fate = Fate.COMPLETE if self.misses == 0 and self.blocks else Fate.LOST
                return
            size = min(BLOCK, left)
            if self.checked_to + size > end:
                return
            self._compare(self._piece(stream, base, self.checked_to, size), self.checked_to)
            self.checked_to += size
            if self.misses >= _PATIENCE:
                self.fate = Fate.LOST

    def look_back(self, stream: Samples, base: int, earliest: int) -> None:
        """Extend the beginning backwards from `first` while the blocks before it fit."""
        earliest = max(earliest, base, self.start + self.sound.begins)
        at = self.first
        while at - BLOCK >= earliest:
            at -= BLOCK
            heard, known = self._piece(stream, base, at, BLOCK)
            if loudness(known) < _SOFT * self.sound.level:
                continue
            if _alike(heard, known) < _ALIKE:
                return
            self.first = at
            self.blocks += 1
            self.score_sum += _alike(heard, known)

    def _piece(self, stream: Samples, base: int, at: int, size: int) -> tuple[Samples, Samples]:
        offset = at - self.start
        known = self.sound.samples[max(offset, 0) : offset + size]
        if offset < 0:
            known = np.concatenate([np.zeros(-offset, np.float32), known])[-size:]
        return stream[at - base : at - base + size], known

    def _compare(self, piece: tuple[Samples, Samples], at: int) -> None:
        heard, known = piece
        loud = loudness(known)
        if loud < _SOFT * self.sound.level:
            bound = max(_QUIET, _NOISE * self.gain * self.sound.level)
            self.misses = self.misses + 1 if loudness(heard) > bound else 0
            return
        alike = _alike(heard, known)
        if alike < _ALIKE:
            self.misses += 1
            return
        if self.blocks == 0:
            self.first = at
        self.misses = 0
        self.blocks += 1
        self.score_sum += alike
        self.gain += (loudness(heard) / loud - self.gain) / min(self.blocks, 10)
        self.matched_to = at + len(known)


def _alike(one: Samples, other: Samples) -> float:
    size = float(np.linalg.norm(one)) * float(np.linalg.norm(other))
    return float(one @ other) / size if size > 0 else 0.0
