"""What is understood of words and when, ours and Vosk's own endpoint on the same sound, and at
what cost.
"""

from __future__ import annotations

import functools
import json
import random
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
import vosk
from numpy.typing import NDArray

from ivr import resources
from ivr.bench.listening import VirtualListener
from ivr.bench.site import BenchFailed
from ivr.bench.words import FOR_A_HUMAN, MENU, OTHERS, WORDS, Spoken, menu_words, spoken, word
from ivr.speech.models import find_model
from ivr.speech.recogniser import CHUNK_FRAMES, Recogniser
from ivr.speech.turn import FRAME, RATE, Frame, Grammar, Utterance, Verdict
from ivr.speech.vosk_model import ModelBroken

# Phrases of two words, whose first word is a phrase too.
_TWO = (("변경", "하나"), ("인터넷", "변경"), ("아니요", "하나"))
_PAUSE_S = 0.25
_CHUNK = CHUNK_FRAMES * FRAME


@dataclass(slots=True)
class Recognition:
    """What became of words of the menu, of phrases with a pause in them, and of other words."""

    words: int = 0
    right: int = 0
    taken: int = 0  # right and taken at once
    vosk_right: int = 0
    phrases: int = 0  # words and phrases
    cut: int = 0  # of them, ended before they were said
    others: int = 0
    fooled: int = 0
    end_after_s: list[float] = field(default_factory=list)
    vosk_end_after_s: list[float] = field(default_factory=list)


@functools.cache
def korean() -> tuple[Recogniser, vosk.Model]:
    """Our recogniser with one thread, and Vosk alone, each with the Korean model."""
    folder = find_model("ko", None, resources.cache_folder())
    if folder is None:
        raise BenchFailed("the Korean model is missing: run 'freizeichen models fetch ko'")
    recogniser = Recogniser(1)
    try:
        recogniser.load("ko", folder)
    except ModelBroken as error:
        raise BenchFailed(str(error)) from None
    return recogniser, vosk.Model(str(folder))


def recognise(seed: int) -> Recognition:
    """Words of a menu by both voices, phrases with a pause, words of no menu."""
    found = Recognition()
    listener = VirtualListener(korean()[0], "ko")
    chance = random.Random(seed)  # noqa: S311  (which words, no secret)
    for number, (voice, text) in enumerate((v, t) for v, texts in WORDS.items() for t in texts):
        others = [w for w in WORDS[voice] if w != text]
        phrases = [text, *chance.sample(others, 3)]
        _one_word(
            found, listener, spoken(word(text, voice), seed=seed * 50 + number), text, phrases
        )
    grammar = Grammar.of([*MENU, *(" ".join(pair) for pair in _TWO)])
    for number, (first, second) in enumerate(_TWO):
        said = spoken(word(first, "ko+f2"), _PAUSE_S, word(second, "ko+f2"), seed=seed + number)
        _count_cut(found, listener, said, grammar)
    for number, text in enumerate(OTHERS):
        voice = ("ko", "ko+f2")[number % 2]
        phrases = chance.sample(WORDS[voice], 4)
        said = spoken(word(text, voice), seed=seed * 50 + number)
        utterance = _utterance(listener, said, Grammar.of(phrases))
        found.others += 1
        found.fooled += utterance is not None and utterance[1].verdict is Verdict.UNDERSTOOD
    return found


def words_taken(seeds: Sequence[int]) -> int:
    """How many of these callers' first words in the bench's menus are taken as what they are."""
    grammar = Grammar.of([*MENU, FOR_A_HUMAN])
    listener = VirtualListener(korean()[0], "ko")
    taken = 0
    for seed in seeds:
        text, voice = next(menu_words(seed))
        utterance = _utterance(listener, spoken(word(text, voice), seed=seed), grammar)
        taken += (
            utterance is not None
            and utterance[1].text == text
            and utterance[1].verdict is Verdict.UNDERSTOOD
        )
    return taken


def _one_word(
    found: Recognition, listener: VirtualListener, said: Spoken, text: str, phrases: list[str]
) -> None:
    found.words += 1
    found.phrases += 1
    ours = _utterance(listener, said, Grammar.of(phrases))
    if ours is not None:
        found.right += ours[1].text == text
        found.taken += ours[1].text == text and ours[1].verdict is Verdict.UNDERSTOOD
        found.cut += ours[0] < said.to_s
        found.end_after_s.append(ours[0] - said.to_s)
    theirs = vosks_own_end(_raw(phrases), said.sound)
    if theirs is not None:
        found.vosk_right += theirs[1] == text
        found.vosk_end_after_s.append(theirs[0] - said.to_s)


def _count_cut(
    found: Recognition, listener: VirtualListener, said: Spoken, grammar: Grammar
) -> None:
    found.phrases += 1
    utterance = _utterance(listener, said, grammar)
    found.cut += utterance is not None and utterance[0] < said.to_s


def _utterance(
    listener: VirtualListener, said: Spoken, grammar: Grammar
) -> tuple[float, Utterance] | None:
    decided = listener.listen(_frames(said), grammar)
    return next(((at, d) for at, d in decided if isinstance(d, Utterance)), None)


def _frames(said: Spoken) -> list[Frame]:
    return [said.sound[i : i + FRAME] for i in range(0, len(said.sound) - FRAME + 1, FRAME)]


def vosks_own_end(
    recogniser: vosk.KaldiRecognizer, sound: NDArray[np.int16]
) -> tuple[float, str] | None:
    """When Vosk itself takes a word as ended, fed with 100 ms, and what it heard."""
    for at in range(0, len(sound), _CHUNK):
        if recogniser.AcceptWaveform(sound[at : at + _CHUNK].tobytes()):
            text = json.loads(recogniser.Result())["text"]
            if text:
                return (at + _CHUNK) / RATE, text
    return None


def _raw(phrases: Sequence[str]) -> vosk.KaldiRecognizer:
    return vosk.KaldiRecognizer(korean()[1], RATE, json.dumps(list(phrases), ensure_ascii=False))


def stream_costs(seed: int) -> tuple[float, float, float, float]:
    """Streams a core: ours and raw Vosk's on callers' turns, then both on speech alone.

    A turn is a word with 2 s of quiet before it and 1 s after it, as at a menu.
    """
    turns = list(_turns(seed, before_s=2.0, after_s=1.0))
    speech = list(_turns(seed, before_s=0.1, after_s=0.3))
    return (*_costs(turns), *_costs(speech))


def _turns(seed: int, *, before_s: float, after_s: float) -> Iterator[Spoken]:
    for voice, texts in WORDS.items():
        for number, text in enumerate(texts):
            said = word(text, voice)
            yield spoken(said, seed=seed * 10 + number, before_s=before_s, after_s=after_s)


def _costs(turns: Sequence[Spoken]) -> tuple[float, float]:
    """Both take each turn, one after the other, so that both see the same machine."""
    seconds = sum(len(turn.sound) for turn in turns) / RATE
    listener = VirtualListener(korean()[0], "ko")
    grammar = Grammar.of(MENU)
    ours = raw = 0.0
    for turn in turns:
        frames = list(np.array(_frames(turn)))
        begun = time.process_time()
        listener.listen(frames, grammar)
        between = time.process_time()
        _hear_all(turn)
        ours, raw = ours + between - begun, raw + time.process_time() - between
    return seconds / ours, seconds / raw


def _hear_all(turn: Spoken) -> None:
    """As whoever uses Vosk alone would: each 100 ms with its partial answer."""
    recogniser = _raw(MENU)
    for at in range(0, len(turn.sound), _CHUNK):
        recogniser.AcceptWaveform(turn.sound[at : at + _CHUNK].tobytes())
        recogniser.PartialResult()
    recogniser.FinalResult()
