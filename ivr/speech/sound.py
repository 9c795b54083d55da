"""What form sound has before it reaches a caller: 8 kHz, mono, 16 bit, trimmed, and evenly loud.

Inside, sound is a float array between -1 and 1. The telephone carries up to 3.4 kHz, so everything
above fades out before the rate is lowered; what is left above 4 kHz would come back as hiss.
"""

from __future__ import annotations

import math
import os
import struct
import tempfile
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

Sound = NDArray[np.float64]

RATE = 8000
SPEECH_DBFS = -20.0  # level of speech without its pauses
PEAK_DBFS = -3.0
_LOWEST_HZ, _FADE_FROM_HZ, _FADE_TO_HZ = 70.0, 3400.0, 3900.0
_HEAD_S, _TAIL_S = 0.06, 0.20  # silence left around speech
_FRAME = RATE // 100
_SILENCE_DB = -42.0  # below the loudest frame
_RATES = (8000, 16000, 22050, 44100, 48000)
_WAV_PCM = 1


class SoundBroken(Exception):
    """Bytes that are no sound we can use; the text says what was expected."""


def read_wav(data: bytes) -> tuple[Sound, int]:
    """Mono samples and their rate in Hz from WAV bytes: PCM, 16 bit, mono or stereo.

    A data length of a program that writes into a pipe (too great, because not known) is taken as
    "to the end". Raises `SoundBroken`.
    """
    if len(data) < 12 or data[:4] != b"RIFF" or data[8:12] != b"WAVE":
        raise SoundBroken("is no WAV file")
    position, form = 12, None
    while position + 8 <= len(data):
        name, size = struct.unpack_from("<4sI", data, position)
        body = data[position + 8 : position + 8 + size]
        if name == b"fmt " and len(body) >= 16:
            form = struct.unpack_from("<HHIIHH", body)
        if name == b"data":
            return _samples(body, form)
        position += 8 + size + size % 2
    raise SoundBroken("ends before its sound begins")


def _samples(body: bytes, form: tuple[int, ...] | None) -> tuple[Sound, int]:
    if form is None:
        raise SoundBroken("does not say how its sound is stored")
    kind, channels, rate, _, _, bits = form
    if kind != _WAV_PCM or bits != 16 or channels not in (1, 2) or rate not in _RATES:
        raise SoundBroken("must be PCM of 16 bit, mono or stereo, at 8, 16, 22.05, 44.1 or 48 kHz")
    whole = len(body) - len(body) % (2 * channels)
    samples = np.frombuffer(body[:whole], dtype="<i2").astype(np.float64) / 32768.0
    return samples.reshape(-1, channels).mean(axis=1), rate


def wav_bytes(sound: Sound) -> bytes:
    """A WAV file of 8 kHz, mono, 16 bit."""
    body = np.rint(np.clip(sound, -1.0, 1.0) * 32767.0).astype("<i2").tobytes()
    head = struct.pack("<4sI4s", b"RIFF", 36 + len(body), b"WAVE")
    form = struct.pack("<4sIHHIIHH", b"fmt ", 16, _WAV_PCM, 1, RATE, RATE * 2, 2, 16)
    return head + form + struct.pack("<4sI", b"data", len(body)) + body


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


def trimmed(sound: Sound) -> Sound:
    """The sound without silence around it, but for a short rest. Raises `SoundBroken` if silent."""
    levels = _frame_levels(sound)
    if len(levels) == 0 or levels.max() < 1e-4:
        raise SoundBroken("is silent")
    heard = np.flatnonzero(levels > levels.max() * 10 ** (_SILENCE_DB / 20))
    begin = max(0, int(heard[0]) * _FRAME - round(_HEAD_S * RATE))
    end = min(len(sound), (int(heard[-1]) + 1) * _FRAME + round(_HEAD_S * RATE))
    kept = sound[begin:end].copy()
    ramp = np.linspace(0.0, 1.0, min(len(kept), RATE // 200))
    kept[: len(ramp)] *= ramp
    kept[-len(ramp) :] *= ramp[::-1]
    rest = np.zeros(round((_TAIL_S - _HEAD_S) * RATE))
    return np.concatenate([kept, rest])


def levelled(sound: Sound) -> Sound:
    """The sound at the level all speech shall have, measured without its pauses."""
    levels = _frame_levels(sound)
    spoken = levels[levels > levels.max() * 10 ** (-30 / 20)]
    raised = sound * (10 ** (SPEECH_DBFS / 20) / np.sqrt(np.mean(np.square(spoken))))
    return _rounded(raised, 10 ** (PEAK_DBFS / 20))


def _rounded(sound: Sound, ceiling: float) -> Sound:
    """Peaks above half the ceiling bent smoothly towards it, so that nothing clips."""
    knee = ceiling / 2
    over = np.maximum(np.abs(sound) - knee, 0.0)
    bent = knee + (ceiling - knee) * np.tanh(over / (ceiling - knee))
    return np.where(over > 0, np.sign(sound) * bent, sound)


def _frame_levels(sound: Sound) -> Sound:
    frames = sound[: len(sound) - len(sound) % _FRAME].reshape(-1, _FRAME)
    levels: Sound = np.sqrt(np.mean(np.square(frames), axis=1))
    return levels
