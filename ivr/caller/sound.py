"""Decides how what is to be spoken becomes samples: a tone, a WAV file, words by espeak-ng."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ivr import resources
from ivr.asterisk.install import find_espeak
from ivr.speech.espeak import EspeakNg, SynthesisFailed
from ivr.speech.sound import Sound, SoundBroken, read_wav, to_telephone

RATE = 8000
FRAME = 160  # samples in 20 ms

Samples = NDArray[np.float32]  # mono, 8 kHz, -1 to 1

TONE_LEVEL = 0.3


@dataclass(frozen=True, slots=True)
class Tone:
    """A pure tone of `hz` for `for_s` seconds."""

    hz: float
    for_s: float


@dataclass(frozen=True, slots=True)
class Words:
    """Text for espeak-ng; `voice`, one of its voices such as "ko+f2", goes before `language`.

    `speed` is in words a minute.
    """

    text: str
    language: str
    voice: str | None = None
    speed: int = 150


@dataclass(frozen=True, slots=True)
class Recording:
    """A WAV file of 16 bit, mono or stereo."""

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
    return np.asarray(signal, np.float32)


def read_wav_file(path: Path) -> Samples:
    """Samples of a WAV file; raises `CannotSpeak` when it is missing or no WAV of 16 bit."""
    try:
        return _at_8_khz(*read_wav(path.read_bytes()))
    except OSError as error:
        raise CannotSpeak(f"{path} cannot be read ({error.strerror})") from None
    except SoundBroken as error:
        raise CannotSpeak(f"{path} {error}") from None


def spoken(words: Words) -> Samples:
    """`words` through espeak-ng; raises `CannotSpeak` when it is missing or refuses the voice."""
    command = find_espeak(resources.cache_folder())
    if command is None:
        raise CannotSpeak("espeak-ng is not there; install it, or let the script say a wav")
    try:
        voice = words.voice or words.language
        return _at_8_khz(*EspeakNg(command).speak(words.text, voice=voice, speed=words.speed))
    except SynthesisFailed as error:
        raise CannotSpeak(f"{error}; see: espeak-ng --voices") from None


def _at_8_khz(sound: Sound, rate: int) -> Samples:
    return np.asarray(sound if rate == RATE else to_telephone(sound, rate), np.float32)


def samples_of(speech: Speech) -> Samples:
    """What `speech` sounds like; raises `CannotSpeak`. Not in the event loop: may take a second."""
    match speech:
        case Tone(hz, for_s):
            return tone(hz, for_s)
        case Words():
            return spoken(speech)
        case Recording(path):
            return read_wav_file(path)


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
    """One of the two 8-bit codes of telephony (ITU-T G.711), by table."""

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
        return self._coded[(np.clip(samples, -1, 1) * 32767).astype(np.int32) + 32768].tobytes()

    def frames(self, samples: Samples) -> list[bytes]:
        """`samples` as whole coded frames of 20 ms, the last one filled with silence."""
        data = self.encode(samples)
        data += self.silent_frame[: -len(data) % FRAME]
        return [data[at : at + FRAME] for at in range(0, len(data), FRAME)]


ULAW = G711(_decode_ulaw, 0xFF)
ALAW = G711(_decode_alaw, 0xD5)
CODES = {0: ULAW, 8: ALAW}  # by RTP payload type
