"""What a bench of speech says: Korean words by two synthetic voices, as telephones carry them."""

from __future__ import annotations

import functools
import random
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ivr.caller.sound import RATE, ULAW, Samples, Words, samples_of

# Words that the Korean model hears from each voice at 8 kHz; espeak-ng's other words it does not.
WORDS = {
    "ko": ("인터넷", "아니요", "변경", "안녕하세요", "하나"),
    "ko+f2": ("인터넷", "아니요", "변경", "하나", "한국어", "안녕하세요"),
}
# Words that stand in no menu of the bench or of the tests.
OTHERS = (
    *("청구서", "신고", "주소", "카드", "취소", "영수증", "주문", "날짜", "병원", "회사", "친구"),
    *("사진", "자동차", "지하철", "커피", "사과", "고양이", "바다", "구름", "안경", "창문"),
)
MENU = ("인터넷", "아니요", "변경", "안녕하세요", "하나", "한국어")
FOR_A_HUMAN = "텔레비전"
_SPEED = 120
_NOISE = 0.0005


@functools.cache
def word(text: str, voice: str) -> Samples:
    """A word without silence around it."""
    spoken = samples_of(Words(text, "ko", voice=voice, speed=_SPEED))
    loud = np.flatnonzero(np.abs(spoken) > 0.01 * np.abs(spoken).max())
    return spoken[loud[0] : loud[-1] + 1]


def menu_words(seed: int) -> Iterator[tuple[str, str]]:
    """The words that this caller says in menus, and the voice of each, without end."""
    chance = random.Random(seed)  # noqa: S311  (which words, no secret)
    while True:
        voice = chance.choice(sorted(WORDS))
        yield chance.choice(WORDS[voice]), voice


@dataclass(frozen=True, slots=True)
class Spoken:
    """16-bit sound of a caller with something said in it, from `from_s` to `to_s`."""

    sound: NDArray[np.int16]
    from_s: float
    to_s: float


def spoken(
    *parts: Samples | float, seed: int, before_s: float = 0.6, after_s: float = 2.0
) -> Spoken:
    """Parts, a number for a pause in seconds, in a line's noise, through µ-law.

    Where frames begin in it changes with the seed.
    """
    said = np.concatenate([np.zeros(round(p * RATE)) if isinstance(p, float) else p for p in parts])
    before = np.zeros(round((before_s + 0.003 * (seed % 7)) * RATE))
    sound = np.concatenate([before, said, np.zeros(round(after_s * RATE))])
    noisy = sound + np.random.default_rng(seed).normal(0, _NOISE, len(sound))
    heard = ULAW.decode(b"".join(ULAW.frames(noisy.astype(np.float32))))
    samples = np.rint(np.clip(heard, -1, 1) * 32767).astype(np.int16)
    return Spoken(samples, len(before) / RATE, (len(before) + len(said)) / RATE)
