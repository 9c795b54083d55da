"""Decides which known sounds a short piece of received sound could be part of, and where in them.

The piece is correlated with all sounds at once: they lie end to end, with gaps, on one tape at
4 kHz, whose blocks are transformed once; a query costs one transform and its products back. Half
the rate is enough to find (speech has its energy below 2 kHz); at 8 kHz the place is made exact.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ivr.caller.sound import RATE, CannotSpeak, Samples, loudness, read_wav_file

QUERY = 3200  # samples at 8 kHz, 0.4 s
_HALF = 2
_BLOCK = 8192
_HOP = _BLOCK - QUERY // _HALF
_PEAKS = 3  # places looked at in each sound
_FLOOR = 0.01  # of full scale: what is softer does not count as sound


@dataclass(frozen=True, slots=True)
class SoundName:
    """What a known sound is: a prompt of a language, or (language "") speech of our own agents."""

    name: str
    language: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class KnownSound:
    """A known sound: where in its samples its first and last sound lie, and how loud it is."""

    name: SoundName
    samples: Samples
    begins: int
    ends: int
    level: float  # root mean square between them
    loud_s: float  # seconds of it that are not pauses


@dataclass(frozen=True, slots=True)
class Place:
    """A query's place in a known sound: sample `at` of it, with correlation `score` (0 to 1)."""

    sound: int
    at: int
    score: float


def read_prompts(folder: Path, language: str | None = None) -> dict[SoundName, Samples]:
    """All `<language>/<prompt>.wav` of `folder`, or those of one language.

    Raises `CannotSpeak` for a file that is no WAV, and when there is none at all.
    """
    found = {
        SoundName(path.stem, path.parent.name): read_wav_file(path)
        for path in sorted(folder.glob(f"{language or '*'}/*.wav"))
    }
    if not found:
        raise CannotSpeak(f"no prompts in {folder} (looked for {language or '<language>'}/*.wav)")
    return found


def _halved(samples: Samples) -> Samples:
    """At 4 kHz; a short low-pass is enough for a correlation."""
    kernel = np.array([-0.03, 0.0, 0.28, 0.5, 0.28, 0.0, -0.03], np.float32)
    halved: Samples = np.convolve(samples, kernel, "same")[::_HALF].astype(np.float32)
    return halved


def _window_norms(samples: Samples, width: int) -> NDArray[np.float32]:
    """For each start the root of the energy of the `width` samples from there on."""
    total = np.concatenate([[0.0], np.cumsum(np.square(samples, dtype=np.float64))])
    return np.asarray(np.sqrt(np.maximum(total[width:] - total[:-width], 0)), np.float32)


def _extent(samples: Samples) -> tuple[int, int]:
    loud = np.flatnonzero(np.abs(samples) > _FLOOR)
    return (int(loud[0]), int(loud[-1]) + 1) if len(loud) else (0, 0)


def _known(name: SoundName, samples: Samples, begins: int, ends: int) -> KnownSound:
    level = loudness(samples[begins:ends])
    grains = samples[begins : ends - (ends - begins) % 80].reshape(-1, 80)
    loud = np.sqrt(np.square(grains).mean(axis=1)) > 0.1 * level
    return KnownSound(name, samples, begins, ends, level, float(loud.sum()) * 80 / RATE)


class Library:
    """All sounds that may be recognised."""

    def __init__(self, sounds: Mapping[SoundName, Samples]) -> None:
        self.sounds: list[KnownSound] = []
        for name, samples in sounds.items():
            begins, ends = _extent(samples)
            if ends - begins >= RATE // 10:  # less is a click, which everything contains
                self.sounds.append(_known(name, samples, begins, ends))
        gap = np.zeros(QUERY // _HALF, np.float32)
        pieces, self._starts = [gap], []
        length = len(gap)
        for sound in self.sounds:
            half = _halved(sound.samples)
            self._starts.append(length)
            pieces += [half, gap]
            length += len(half) + len(gap)
        blocks = max(1, -(-length // _HOP))
        tape = np.concatenate([*pieces, np.zeros(blocks * _HOP + _BLOCK - length, np.float32)])
        self._ends = [*self._starts[1:], length]
        self._spectra = np.stack(
            [np.fft.rfft(tape[at : at + _BLOCK]) for at in range(0, blocks * _HOP, _HOP)]
        )
        self._norms = _window_norms(tape, QUERY // _HALF)[: blocks * _HOP]

    def places(self, query: Samples, lowest: float) -> list[Place]:
        """Where `query` (0.4 s) lies in known sounds with a correlation of `lowest` at least.

        The best few places of each sound, best first; `at` may be negative when the query begins
        before the sound does.
        """
        half = _halved(query)
        norm = float(np.linalg.norm(half))
        if norm == 0 or not self.sounds:
            return []
        spectrum = np.conj(np.fft.rfft(half, _BLOCK))
        products = np.fft.irfft(self._spectra * spectrum, _BLOCK)[:, :_HOP].reshape(-1)
        # A window with far less energy than the query cannot be its place, only its echo in noise.
        scores = products / (norm * np.maximum(self._norms, norm * 0.05))
        found: list[Place] = []
        for index, (start, end) in enumerate(zip(self._starts, self._ends, strict=True)):
            first = start - len(half)
            near = scores[first : end - len(half)]
            if near.max(initial=0) < lowest:
                continue
            near = near.copy()
            for _ in range(_PEAKS):
                peak = int(near.argmax())
                if near[peak] < lowest:
                    break
                at = (first + peak - start) * _HALF
                found.append(self._exact(index, at, query))
                near[max(0, peak - 20) : peak + 20] = 0
        return sorted(found, key=lambda place: -place.score)

    def _exact(self, index: int, at: int, query: Samples) -> Place:
        """The best of the neighbouring samples, at 8 kHz."""
        samples = self.sounds[index].samples
        best, score = at, -1.0
        for near in range(at - 3, at + 4):
            here = _correlation(query, cut(samples, near, len(query)))
            if here > score:
                best, score = near, here
        return Place(index, best, score)


def cut(samples: Samples, at: int, length: int) -> Samples:
    """`length` samples from `at` on, silence where `samples` has none."""
    end = at + length
    if at >= 0 and end <= len(samples):
        return samples[at:end]
    piece = np.zeros(length, np.float32)
    low, high = max(at, 0), min(end, len(samples))
    if high > low:
        piece[low - at : high - at] = samples[low:high]
    return piece


def _correlation(one: Samples, other: Samples) -> float:
    size = float(np.linalg.norm(one)) * float(np.linalg.norm(other))
    return float(one @ other) / size if size > 0 else 0.0
