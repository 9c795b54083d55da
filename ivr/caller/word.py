"""Decides where in spoken sound the word is, and notes when its first and last loud frame left."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

import numpy as np

from ivr.caller.sound import FRAME, Samples

# Of the loudest frame, -30 dB: with espeak-ng the soft consonant that begins or ends a word is
# above it, and the synthesiser's fading and its half second of silence are below.
_LOUD = 0.03
_LEAST = 0.002


def loud_frames(samples: Samples) -> range:
    """The frames of 20 ms from the first loud one to the last; none if all is silence."""
    filled = np.pad(samples, (0, -len(samples) % FRAME)).reshape(-1, FRAME)
    levels = np.sqrt(np.square(filled).mean(axis=1))
    loud = np.flatnonzero(levels >= max(_LEAST, _LOUD * levels.max(initial=0.0)))
    return range(int(loud[0]), int(loud[-1]) + 1) if len(loud) else range(0)


@dataclass(slots=True)
class Word:
    """Something said, on its way: when its first and its last loud frame left, in the loop's time.

    None: it has not left. `begun` is set with the first.
    """

    from_at: float | None = None
    until_at: float | None = None
    begun: asyncio.Event = field(default_factory=asyncio.Event, repr=False)

    def left(self, now: float) -> None:
        """A frame of it leaves."""
        if self.from_at is None:
            self.from_at = now
            self.begun.set()
        self.until_at = now
