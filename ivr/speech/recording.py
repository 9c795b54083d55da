"""Whether a recording can be used for its prompt at all, and its sound if it can.

Only ordinary files of a bounded size are read: whatever else lies in a recording's place (a pipe,
a device, a link to one) would make the reader wait for ever or fill the memory.
"""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from ivr.speech.loudness import speech_level
from ivr.speech.pydub_quietly import AudioSegment
from ivr.speech.sound import Sound, SoundBroken, mono, read_segment, to_telephone

LARGEST_BYTES = 32_000_000  # over five minutes of 48 kHz and 16 bit
SHORTEST_S = 0.1  # no word is shorter

FaultKind = Literal["unreadable", "faint", "too_short"]


class RecordingUnusable(Exception):
    """A recording that cannot be played; the text says what is wrong and the mend, not the file."""

    code = "recording_unusable"

    def __init__(self, kind: FaultKind, text: str) -> None:
        super().__init__(text)
        self.kind = kind


@dataclass(frozen=True, slots=True)
class Recording:
    """A recording that can be used: as it lies there, and at 8 kHz with its level of speech."""

    segment: AudioSegment
    sound: Sound
    level_dbfs: float


def read_recording(path: Path) -> Recording:
    """Read and measure a recording. Raises `RecordingUnusable`."""
    try:
        segment = read_segment(content(path))
    except SoundBroken as error:
        raise RecordingUnusable("unreadable", f"{error}; record it anew or delete it") from None
    seconds = len(segment.raw_data) / segment.frame_width / segment.frame_rate
    if seconds < SHORTEST_S:
        raise RecordingUnusable(
            "too_short",
            f"lasts {1000 * seconds:.0f} ms, which is no word; record it anew or delete it",
        )
    sound = to_telephone(mono(segment), segment.frame_rate)
    try:
        return Recording(segment, sound, speech_level(sound))
    except SoundBroken as error:
        raise RecordingUnusable("faint", f"{error}; record it anew or delete it") from None


def content(path: Path) -> bytes:
    """The bytes of an ordinary file of bounded size. Raises `RecordingUnusable`."""
    try:
        # A pipe that nobody writes into must not hold the opening either.
        with os.fdopen(os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC), "rb") as file:
            if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                raise RecordingUnusable("unreadable", "is no ordinary file; mend or delete it")
            data = file.read(LARGEST_BYTES + 1)
    except OSError as error:
        raise RecordingUnusable(
            "unreadable", f"cannot be read ({error.strerror}); mend or delete it"
        ) from None
    if len(data) > LARGEST_BYTES:
        raise RecordingUnusable(
            "unreadable",
            f"is larger than {LARGEST_BYTES // 1_000_000} MB; shorten it, or save it with 16 bit "
            "and one channel",
        )
    return data
