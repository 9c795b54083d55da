"""Made-up sounds: a vowel, hiss, hum, tones, a cough; and a telephone's µ-law."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ivr.speech.turn import FRAME, Frame

Samples = NDArray[np.int16]
Floats = NDArray[np.float64]
RATE = 8000


def _seconds(seconds: float) -> Floats:
    return np.arange(round(seconds * RATE)) / RATE


def to_int16(sound: Floats) -> Samples:
    return np.rint(np.clip(sound, -1, 1) * 32767).astype(np.int16)


def vowel(seconds: float, pitch: float = 130.0, level: float = 0.15) -> Samples:
    """A voice's pitch with a formant near 700 Hz, swelling and falling as syllables do."""
    at = _seconds(seconds)
    waves = [
        np.sin(2 * np.pi * pitch * k * at) / (1 + abs(pitch * k - 700) / 300)
        for k in range(1, int(3400 / pitch))
    ]
    return to_int16(level * np.sum(waves, axis=0) * (0.7 + 0.3 * np.sin(2 * np.pi * 3 * at)) / 2)


def hiss(level: float, seconds: float, seed: int = 1) -> Samples:
    return to_int16(np.random.default_rng(seed).normal(0, level, round(seconds * RATE)))


def hum(pitch: float, falling: float, seconds: float, level: float = 0.1) -> Samples:
    at = _seconds(seconds)
    waves = [np.sin(2 * np.pi * pitch * k * at) / k**falling for k in range(1, 20)]
    return to_int16(level * np.sum(waves, axis=0))


def tones(hertz: tuple[float, ...], seconds: float) -> Samples:
    at = _seconds(seconds)
    return to_int16(0.1 * np.sum([np.sin(2 * np.pi * h * at) for h in hertz], axis=0))


def cough(seconds: float, seed: int) -> Samples:
    """A burst of breath that dies away."""
    at = _seconds(seconds)
    burst = np.random.default_rng(seed).normal(0, 0.3, len(at))
    return to_int16(burst * np.exp(-3 * at / seconds))


def framed(samples: Samples) -> list[Frame]:
    return [samples[i : i + FRAME] for i in range(0, len(samples) - FRAME + 1, FRAME)]


def over_the_telephone(sound: Floats) -> Samples:
    """16 bit after µ-law (G.711) and back."""
    linear = np.clip(np.rint(sound * 32767), -32635, 32635).astype(int)
    size = np.abs(linear) + 132
    exponent = np.clip(np.floor(np.log2(size)).astype(int) - 7, 0, 7)
    mantissa = (size >> (exponent + 3)) & 0xF
    back = (((mantissa << 3) + 132) << exponent) - 132
    return (np.sign(linear) * back).astype(np.int16)


VOWEL = vowel(2.0)
