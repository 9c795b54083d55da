"""Decides how what is to be spoken becomes samples: a tone, a WAV file or words through espeak-ng, at 8 kHz."""

from __future__ import annotations

import io
import shutil
import subprocess
import wave
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

RATE = 8000
FRAME = 160  # samples in 20 ms

Samples = NDArray[np.float32]  # mono, 8 kHz, -1 to 1

TONE_LEVEL = 0.3
_ESPEAK_DEADLINE_S = 20.0


@dataclass(frozen=True, slots=True)
class Tone:
    """A pure tone of `hz` for `for_s` seconds."""

    hz: float
    for_s: float


@dataclass(frozen=True, slots=True)
class Words:
    """Text that espeak-ng speaks; `voice` is one of its voices ("ko+f2") and goes before `language`."""

    text: str
    language: str
    voice: str | None = None


@dataclass(frozen=True, slots=True)
class Recording:
    """A WAV file: 8, 16 or 32 bit, any rate, any number of channels."""

    path: Path


Speech = Tone | Words | Recording


class CannotSpeak(Exception):
    """What was to be spoken cannot be turned into sound; the message says why and what to do."""


def tone(hz: float, for_s: float) -> Samples:
    """A tone of `for_s` seconds with ends of 5 ms that fade, so that it does not click."""
    count = round(for_s * RATE)
    signal = TONE_LEVEL * np.sin(2 * np.pi * hz / RATE * np.arange(count))
    fade = min(40, count // 2)
    if fade:
        ramp = np.linspace(0, 1, fade)
        signal[:fade] *= ramp
        signal[-fade:] *= ramp[::-1]
    return signal.astype(np.float32)


def resampled(signal: Samples, rate: int) -> Samples:
    """`signal` of `rate` Hz at 8 kHz, band-limited: its spectrum is cut (or padded) at 4 kHz."""
    if rate == RATE or not len(signal):
        return signal
    count = round(len(signal) * RATE / rate)
    # Silence at the end: a cut spectrum makes the signal circular, its ends must not meet.
    pad = rate // 10
    whole = len(signal) + pad
    out = round(whole * RATE / rate)
    spectrum = np.fft.rfft(np.concatenate([signal, np.zeros(pad, np.float32)]))
    bins = out // 2 + 1
    kept = np.zeros(bins, spectrum.dtype)
    kept[: min(bins, len(spectrum))] = spectrum[:bins]
    result = np.fft.irfft(kept, out) * (out / whole)
    return np.asarray(result[:count], np.float32)


def read_wav(source: Path | bytes) -> Samples:
    """Samples of a WAV file; raises `CannotSpeak` when it is missing or no WAV of whole numbers."""
    name = source.name if isinstance(source, Path) else "sound"
    try:
        with wave.open(io.BytesIO(source) if isinstance(source, bytes) else str(source)) as file:
            rate, width, channels = file.getframerate(), file.getsampwidth(), file.getnchannels()
            data = file.readframes(file.getnframes())
    except (OSError, EOFError, wave.Error) as error:
        raise CannotSpeak(f"{name} cannot be read as WAV: {error}") from None
    # espeak-ng, writing to a pipe, states a length it does not know: the last sample may be half.
    data = data[: len(data) // (width * channels) * width * channels]
    if width == 1:
        signal = (np.frombuffer(data, np.uint8).astype(np.float32) - 128) / 128
    elif width == 2:
        signal = np.frombuffer(data, "<i2").astype(np.float32) / 32768
    elif width == 4:
        signal = (np.frombuffer(data, "<i4") / 2147483648).astype(np.float32)
    else:
        raise CannotSpeak(f"{name} has {8 * width} bits a sample; use a WAV of 16 bits")
    if channels > 1:
        signal = signal.reshape(-1, channels).mean(axis=1, dtype=np.float32)
    return resampled(signal, rate)


def spoken(words: Words) -> Samples:
    """`words` through espeak-ng; raises `CannotSpeak` when it is missing or refuses the voice."""
    program = shutil.which("espeak-ng")
    if program is None:
        raise CannotSpeak("espeak-ng is not installed; install it, or let the script say a wav")
    voice = words.voice or words.language
    try:
        # The text comes over stdin: nothing of it can be taken for an option.
        done = subprocess.run(  # noqa: S603 - fixed program, voice checked by the script reader
            [program, "-v", voice, "--stdout", "--stdin"],
            input=words.text.encode(),
            capture_output=True,
            timeout=_ESPEAK_DEADLINE_S,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise CannotSpeak(f"espeak-ng did not speak: {type(error).__name__}") from None
    if done.returncode != 0 or not done.stdout:
        raise CannotSpeak(f"espeak-ng has no voice {voice!r}; see espeak-ng --voices")
    return read_wav(done.stdout)


def samples_of(speech: Speech) -> Samples:
    """What `speech` sounds like; raises `CannotSpeak`. May take a second: not for the event loop."""
    match speech:
        case Tone(hz, for_s):
            return tone(hz, for_s)
        case Words():
            return spoken(speech)
        case Recording(path):
            return read_wav(path)


def loudness(samples: Samples) -> float:
    """Root mean square, 0 to 1; 0 for nothing."""
    return float(np.sqrt(np.mean(np.square(samples)))) if len(samples) else 0.0


def _table(decode_one: Callable[[int], int]) -> NDArray[np.int16]:
    return np.array([decode_one(byte) for byte in range(256)], np.int16)


def _decode_ulaw(byte: int) -> int:
    byte = ~byte & 0xFF
    size = (((byte & 0x0F) << 3) + 0x84 << ((byte & 0x70) >> 4)) - 0x84
    return -size if byte & 0x80 else size


def _decode_alaw(byte: int) -> int:
    byte ^= 0x55
    exponent, size = (byte & 0x70) >> 4, (byte & 0x0F) << 4
    size = size + 8 if exponent == 0 else size + 0x108 << exponent - 1
    return size if byte & 0x80 else -size


def _coder(decoded: NDArray[np.int16]) -> NDArray[np.uint8]:
    """For each 16-bit value (offset by 32768) the byte whose decoded value is nearest."""
    order = np.argsort(decoded, kind="stable")
    values = decoded[order].astype(np.int32)
    middles = (values[1:] + values[:-1]) / 2
    return order[np.searchsorted(middles, np.arange(-32768, 32768))].astype(np.uint8)


class G711:
    """One of the two 8-bit codes of telephony (ITU-T G.711), by table: bytes to samples and back."""

    def __init__(self, decode_one: Callable[[int], int], silence: int) -> None:
        decoded = _table(decode_one)
        self._decoded = (decoded / 32768).astype(np.float32)
        self._coded = _coder(decoded)
        self.silent_frame = bytes([silence]) * FRAME

    def decode(self, data: bytes) -> Samples:
        """A sample for each byte."""
        return self._decoded[np.frombuffer(data, np.uint8)]

    def encode(self, samples: Samples) -> bytes:
        """A byte for each sample; what is beyond -1 to 1 is clipped."""
        return self._coded[
            (np.clip(samples, -1, 1) * 32767).astype(np.int32) + 32768
        ].tobytes()

    def frames(self, samples: Samples) -> list[bytes]:
        """`samples` as whole coded frames of 20 ms, the last one filled with silence."""
        data = self.encode(samples)
        data += self.silent_frame[: -len(data) % FRAME]
        return [data[at : at + FRAME] for at in range(0, len(data), FRAME)]


ULAW = G711(_decode_ulaw, 0xFF)
ALAW = G711(_decode_alaw, 0xD5)
CODES = {0: ULAW, 8: ALAW}  # by RTP payload type
