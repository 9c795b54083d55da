"""Decides what a caller hears in each 20 ms: what is being played, to the sample, else silence.

Rules:

1. Sounds are played one after the other without a gap: the next begins in the frame in which the
   one before ends.
2. A stop ends all of them before the next frame. How much was heard is known to the sample.
3. Every sound ends exactly once: played, stopped, or with the line.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from enum import Enum

import numpy as np
from numpy.typing import NDArray

from ivr.asterisk.audiosocket.frames import AUDIO_HEADER, FRAME_BYTES, SILENT_FRAME

Samples = NDArray[np.int16]  # mono, 8 kHz

MOST_WAITING = 64


class PlayEnd(Enum):
    """How the playing of one sound ended."""

    PLAYED = "played to its end"
    STOPPED = "stopped"
    LINE_ENDED = "the line ended"


@dataclass(slots=True, eq=False)
class Playback:
    """One sound on its way to the caller. Times are of the monotonic clock, counts are samples."""

    length: int
    played: int = 0
    began_at_s: float | None = None  # its first frame left
    ended_at_s: float | None = None
    end: PlayEnd | None = None
    _bytes: memoryview = field(default=memoryview(b""), repr=False)


class PlayerFull(Exception):
    """More sounds wait to be played than any dialogue needs; the asker is wrong."""

    code = "player_full"


class Player:
    """The sounds of one line. Pure: it is told the time."""

    def __init__(self) -> None:
        self._waiting: deque[Playback] = deque()

    @property
    def playing(self) -> bool:
        """There is something that is not yet played."""
        return bool(self._waiting)

    def add(self, samples: Samples) -> Playback:
        """Play this after what waits already; it must not be changed while it is played.

        Raises PlayerFull, or ValueError when it is not a row of 16-bit samples.
        """
        if samples.dtype != np.int16 or samples.ndim != 1:
            raise ValueError(f"a row of int16 is played, not {samples.dtype} {samples.shape}")
        if len(self._waiting) >= MOST_WAITING:
            raise PlayerFull(f"{MOST_WAITING} sounds wait to be played already")
        little = np.ascontiguousarray(samples, dtype="<i2")
        view = little.data.cast("B") if len(little) else memoryview(b"")
        playback = Playback(len(little), _bytes=view)
        self._waiting.append(playback)
        return playback

    def frame(self, now_s: float) -> tuple[bytes, list[Playback]]:
        """The next message to the switch, and the sounds that end with it."""
        if not self._waiting:
            return SILENT_FRAME, []
        pieces: list[bytes | memoryview] = [AUDIO_HEADER]
        ended: list[Playback] = []
        room = FRAME_BYTES
        while room and self._waiting:
            playback = self._waiting[0]
            if playback.began_at_s is None:
                playback.began_at_s = now_s
            at = 2 * playback.played
            piece = playback._bytes[at : at + room]
            pieces.append(piece)
            room -= len(piece)
            playback.played += len(piece) // 2
            if playback.played == playback.length:
                self._waiting.popleft()
                ended.append(_ended(playback, PlayEnd.PLAYED, now_s))
        pieces.append(bytes(room))
        return b"".join(pieces), ended

    def stop(self, end: PlayEnd, now_s: float) -> list[Playback]:
        """End everything; the next frame is silence. Gives what was ended by it."""
        ended = [_ended(playback, end, now_s) for playback in self._waiting]
        self._waiting.clear()
        return ended


def _ended(playback: Playback, end: PlayEnd, now_s: float) -> Playback:
    playback.end, playback.ended_at_s = end, now_s
    playback._bytes = memoryview(b"")  # a token that is kept does not keep the sound
    return playback
