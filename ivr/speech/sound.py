"""What form sound has inside, and how it is read from WAV files of any form and lowered to 8 kHz.

Inside, sound is a float array between -1 and 1. The telephone carries up to 3.4 kHz, so everything
above fades out before the rate is lowered; what is left above 4 kHz would come back as hiss. That
is why pydub, which reads and writes the files, does not change their rate: it lets all of it back.
"""

from __future__ import annotations

import io
import math
import os
import struct
import tempfile
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ivr.speech.pydub_quietly import AudioSegment

Sound = NDArray[np.float64]

RATE = 8000
_LOWEST_HZ, _FADE_FROM_HZ, _FADE_TO_HZ = 70.0, 3400.0, 3900.0
_LOWEST_RATE, _HIGHEST_RATE = 4000, 192_000
_BITS = (8, 16, 24, 32)
_MOST_CHANNELS = 8
_PCM, _EXTENSIBLE = 1, 0xFFFE
_OTHER_KINDS = {2: "ADPCM", 3: "floating point", 6: "A-law", 7: "µ-law", 49: "GSM", 85: "MP3"}


class SoundBroken(Exception):
    """Bytes that are no sound we can use; the text says what was expected."""


def read_wav(data: bytes) -> tuple[Sound, int]:
    """Samples, all channels mixed into one, and their rate in Hz. Raises `SoundBroken`."""
    segment = read_segment(data)
    return mono(segment), segment.frame_rate


def read_segment(data: bytes) -> AudioSegment:
    """The sound of WAV bytes: PCM of 8 to 32 bit, up to 8 channels, 4 to 192 kHz.

    A data length of a program that writes into a pipe (too great, because not known) is taken as
    "to the end". Raises `SoundBroken`.
    """
    # pydub loses its way behind a chunk of odd length and takes sound of any kind for PCM, so it
    # is given the samples behind a plain header.
    if len(data) < 12 or data[:4] != b"RIFF" or data[8:12] != b"WAVE":
        raise SoundBroken("is no WAV file")
    position, form = 12, b""
    while position + 8 <= len(data):
        name, size = struct.unpack_from("<4sI", data, position)
        body = data[position + 8 : position + 8 + size]
        if name == b"fmt ":
            form = body
        if name == b"data":
            return _segment(body, form)
        position += 8 + size + size % 2
    raise SoundBroken("ends before its sound begins")


def mono(segment: AudioSegment) -> Sound:
    """The samples, all channels mixed into one."""
    mixed = segment.set_sample_width(4).set_channels(1)
    samples: Sound = np.frombuffer(mixed.raw_data, "<i4") / 2.0**31
    return samples


def _segment(body: bytes, form: bytes) -> AudioSegment:
    if len(form) < 16:
        raise SoundBroken("does not say how its sound is stored")
    kind, channels, rate, _, _, bits = struct.unpack_from("<HHIIHH", form)
    if kind == _EXTENSIBLE and len(form) >= 26:
        (kind,) = struct.unpack_from("<H", form, 24)
    if kind != _PCM:
        held = _OTHER_KINDS.get(kind, f"sound of kind {kind}")
        raise SoundBroken(f"holds {held}, not PCM; save it as WAV with PCM of 16 bit")
    if (
        bits not in _BITS
        or not 1 <= channels <= _MOST_CHANNELS
        or not _LOWEST_RATE <= rate <= _HIGHEST_RATE
    ):
        raise SoundBroken(
            f"is of {bits} bit, {channels} channels and {rate} Hz; expected 8, 16, 24 or 32 bit, "
            f"1 to {_MOST_CHANNELS} channels and {_LOWEST_RATE} to {_HIGHEST_RATE} Hz"
        )
    frame = channels * bits // 8
    body = body[: len(body) - len(body) % frame]
    if not body:
        raise SoundBroken("holds no sound")
    return AudioSegment(_plain_header(len(body), channels, rate, bits) + body)


def _plain_header(length: int, channels: int, rate: int, bits: int) -> bytes:
    frame = channels * bits // 8
    form = struct.pack("<4sIHHIIHH", b"fmt ", 16, _PCM, channels, rate, rate * frame, frame, bits)
    head = struct.pack("<4sI4s", b"RIFF", 36 + length, b"WAVE")
    return head + form + struct.pack("<4sI", b"data", length)


def wav_bytes(sound: Sound) -> bytes:
    """A WAV file of 8 kHz, mono, 16 bit."""
    samples = np.rint(np.clip(sound, -1.0, 1.0) * 32767.0).astype("<i2")
    return wav_of(AudioSegment(samples.tobytes(), sample_width=2, frame_rate=RATE, channels=1))


def wav_of(segment: AudioSegment) -> bytes:
    """A WAV file of 16 bit; rate and channels stay."""
    file = io.BytesIO()
    segment.set_sample_width(2).export(file, format="wav")
    return file.getvalue()


def write_whole(path: Path, data: bytes) -> None:
    """Write a file so that a reader sees the old one or the new one, never half of one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).chmod(0o644)  # Asterisk may run under another account
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def to_telephone(sound: Sound, rate: int) -> Sound:
    """The sound at 8 kHz, without what a telephone cannot carry. `rate` is in Hz.

    By the spectrum of the whole sound: bins above the fade are dropped, which lowers the rate
    exactly. Zeros behind it keep the end from reaching round into the beginning.
    """
    if len(sound) == 0:
        return sound
    divisor = math.gcd(rate, RATE)
    step_in, step_out = rate // divisor, RATE // divisor
    blocks = math.ceil((len(sound) + rate // 20) / step_in)
    spectrum = np.fft.rfft(sound, blocks * step_in)
    hertz = np.fft.rfftfreq(blocks * step_in, 1 / rate)
    fade = np.clip((_FADE_TO_HZ - hertz) / (_FADE_TO_HZ - _FADE_FROM_HZ), 0.0, 1.0)
    rise = np.clip(hertz / _LOWEST_HZ, 0.0, 1.0)
    spectrum *= np.square(np.sin(fade * np.pi / 2)) * np.square(rise)
    lowered = np.fft.irfft(spectrum[: blocks * step_out // 2 + 1], blocks * step_out)
    return lowered[: math.ceil(len(sound) * RATE / rate)] * (step_out / step_in)
