"""Real Vosk hears real words: Korean by espeak-ng, two voices, 8 kHz µ-law."""

from __future__ import annotations

import json
import random
import statistics
import sys

import numpy as np
import pytest
import vosk

from ivr.bench.recognition import vosks_own_end
from ivr.bench.words import OTHERS, WORDS
from ivr.speech.turn import (
    RATE,
    EndCause,
    Grammar,
    NoSpeech,
    NothingSaid,
    SpeechBegan,
    TooLong,
    Utterance,
    Verdict,
)
from ivr.speech.vosk_model import VoskVocabulary, _without_unknown
from tests.speech.listening import (
    kinds,
    listen,
    real_recogniser,
    spoken,
    utterance,
    word,
)
from tests.speech.sounds import cough, hiss, hum, over_the_telephone, tones, vowel

MENU = ["인터넷", "서비스", "변경", "아니요"]


def menu_with(text: str, voice: str, seed: int) -> list[str]:
    others = [w for w in WORDS[voice] if w != text]
    return [text, *random.Random(seed).sample(others, 3)]  # noqa: S311  (a seed, no secret)


def raw_vosk(phrases: list[str]) -> vosk.KaldiRecognizer:
    vocabulary = real_recogniser()._vocabularies["ko"]
    assert isinstance(vocabulary, VoskVocabulary)
    grammar = json.dumps(phrases, ensure_ascii=False)
    return vosk.KaldiRecognizer(vocabulary._model, 8000, grammar)


def test_words_of_the_menu_are_understood_soon_and_as_well_as_vosk_alone() -> None:
    ours, vosks, right, vosks_right, taken = [], [], 0, 0, 0
    for voice, words in WORDS.items():
        for seed, text in enumerate(words * 2):
            phrases = menu_with(text, voice, seed)
            said = spoken(text, voice, seed=seed)
            found, own = (
                utterance(listen(said.sound, phrases)),
                vosks_own_end(raw_vosk(phrases), said.sound),
            )
            if found is not None:
                ours.append(found[0] - said.to_s)
                right += found[1].text == text
                taken += found[1].text == text and found[1].verdict is not Verdict.REFUSED
            if own is not None:
                vosks.append(own[0] - said.to_s)
                vosks_right += own[1] == text
    figures = (
        f"end of word to end of utterance {statistics.median(ours):.2f} s of {len(ours)}, "
        f"by Vosk {statistics.median(vosks):.2f} s; right {right}, by Vosk {vosks_right}; "
        f"not refused {taken}"
    )
    sys.stdout.write(f"{figures}\n")  # shown by -rP
    assert statistics.median(ours) <= 0.4, figures
    assert statistics.median(ours) < statistics.median(vosks) - 0.4, figures
    assert right >= vosks_right - 1, figures
    assert taken >= 0.8 * right, figures


def test_most_words_of_no_menu_are_not_taken_as_said() -> None:
    taken = asked = 0
    for voice, words in WORDS.items():
        for seed, text in enumerate(OTHERS):
            phrases = random.Random(seed).sample(words, 4)  # noqa: S311
            found = utterance(listen(spoken(text, voice, seed=seed, noise=0.001).sound, phrases))
            if found is not None:
                taken += found[1].verdict is Verdict.UNDERSTOOD
                asked += found[1].verdict is Verdict.UNSURE
    figures = f"of {2 * len(OTHERS)} words {taken} taken as said, {asked} asked back"
    sys.stdout.write(f"{figures}\n")  # shown by -rP
    assert taken <= 0.4 * 2 * len(OTHERS), figures


def test_a_phrase_that_ends_is_told_by_its_phrase_and_one_that_may_go_on_by_silence() -> None:
    said = spoken("아니요", "ko+f2", seed=1)
    short, may_go_on = (
        utterance(listen(said.sound, phrases))
        for phrases in (["아니요", "인터넷"], ["아니요", "아니요 인터넷 변경"])
    )
    assert short is not None
    assert may_go_on is not None
    assert (short[1].cause, may_go_on[1].cause) == (EndCause.PHRASE, EndCause.SILENCE)
    assert short[1].text == may_go_on[1].text == "아니요"
    assert short[0] + 0.3 < may_go_on[0]


def test_a_caller_who_talks_over_the_prompt_is_noticed_and_understood() -> None:
    said = spoken("변경", "ko+f2", seed=2)
    prompt = over_the_telephone(np.tile(word("텔레비전", "ko"), 3) * 0.8)
    # It falls silent when the caller is noticed, and its echo with it.
    prompt = prompt[: round((said.from_s + 0.3) * RATE)]
    length = min(len(prompt), len(said.sound))
    echo = prompt[:length] / 32768 * 0.1
    mixed = said.sound[:length] / 32768 + echo
    rest = said.sound[length:] / 32768
    sound = over_the_telephone(np.concatenate([mixed, rest]))
    decided = listen(sound, MENU, played=prompt)
    assert kinds(decided) == [SpeechBegan, Utterance]
    assert said.from_s < decided[0][0] <= said.from_s + 0.2
    found = utterance(decided)
    assert found is not None
    assert found[1].text == "변경"


def test_the_echo_of_the_prompt_alone_begins_nothing() -> None:
    prompt = over_the_telephone(np.tile(word("텔레비전", "ko"), 4) * 0.8)
    echo = np.concatenate([np.zeros(640), prompt / 32768 * 0.15])[: len(prompt)]
    assert listen(over_the_telephone(echo), MENU, played=prompt) == []


def quiet_then(*parts: np.ndarray) -> np.ndarray:
    return over_the_telephone(np.concatenate([hiss(0.0005, 0.6), *parts]) / 32768)


@pytest.mark.parametrize(
    "sound",
    [
        hiss(0.0005, 5.0),
        hiss(0.03, 5.0),
        hum(50, 1, 5.0),
        hum(130, 3, 5.0),
        tones((425.0,), 5.0),
        np.tile(np.concatenate([cough(0.25, 3), hiss(0.0005, 0.75)]), 5),
    ],
    ids=["silence", "hiss", "mains hum", "humming", "tone", "coughs"],
)
def test_what_is_no_speech_ends_as_silence(sound: np.ndarray) -> None:
    assert kinds(listen(quiet_then(sound), MENU)) == [NoSpeech]


def test_a_voice_without_words_comes_to_an_end_like_any_other() -> None:
    decided = listen(quiet_then(vowel(0.4), hiss(0.0005, 1.5)), MENU)
    assert kinds(decided) in ([SpeechBegan, NothingSaid], [SpeechBegan, Utterance])


def test_one_who_never_stops_talking_is_stopped() -> None:
    talk = np.concatenate([word(text, "ko+f2") for text in OTHERS])[: 12 * 8000]
    decided = listen(over_the_telephone(np.concatenate([np.zeros(4000), talk])), MENU)
    assert kinds(decided) == [SpeechBegan, TooLong]
    assert decided[1][0] - decided[0][0] == pytest.approx(6.0, abs=0.05)


def test_what_a_model_calls_unknown_is_no_part_of_what_was_said_beside_it() -> None:
    assert _without_unknown("[unk] internet [unk]") == "internet"
    assert _without_unknown("[unk] [unk]") == "[unk] [unk]"
    assert _without_unknown("") == ""


def test_words_the_model_does_not_know_are_found() -> None:
    words = Grammar.of(["인터넷", "프라이차이헨", "변경 하나"]).words()
    assert real_recogniser().unknown_words("ko", words) == ("프라이차이헨",)


FOR_A_HUMAN = ("도움", "상담원")


def test_in_passing_a_word_for_a_human_is_told_from_others() -> None:
    grammar = Grammar.of(FOR_A_HUMAN)

    def taken(text: str, voice: str, seed: int) -> bool:
        said = spoken(text, voice, seed=seed)
        decided = listen(said.sound, grammar, listens_for=grammar.phrases)
        return utterance(decided) is not None

    others = [*OTHERS, "인터넷", "변경", "일번", "이번", "삼번", "오번"]
    fooled = sum(taken(t, v, n) for v in ("ko", "ko+f2") for n, t in enumerate(others))
    voices = ("ko", "ko+f2", "ko+f5", "ko+m3")
    right = sum(taken("상담원", voice, seed) for voice in voices for seed in (1, 2))
    figures = f"of 8 words for a human {right} taken, of {2 * len(others)} others {fooled}"
    sys.stdout.write(f"{figures}\n")  # shown by -rP
    assert right >= 6, figures
    assert fooled <= 3, figures


def melody(seconds: float, level_db: float, seed: int) -> np.ndarray:
    """Plucked notes over a bass, with no quiet between them."""
    chance, bars = np.random.default_rng(seed), []
    at = np.arange(round(0.35 * 8000)) / 8000
    for _ in range(round(seconds / 0.35)):
        pitch = 220 * 2 ** (chance.choice([0, 2, 4, 5, 7, 9, 11, 12]) / 12)
        plucked = sum(np.sin(2 * np.pi * pitch * k * at) / k for k in range(1, 8))
        bass = sum(np.sin(np.pi * pitch * k * at) / k for k in range(1, 8))
        bars.append(plucked * np.exp(-2.5 * at) + 0.6 * bass)
    sound = np.concatenate(bars)
    return sound * (32768 * 10 ** (level_db / 20) / np.sqrt(np.square(sound).mean()))


def test_music_in_the_background_is_hardly_ever_taken_for_a_word() -> None:
    """A figure and no certainty: the model adds a noise of its own to each sound."""
    words = ["변경", "계좌", "정전", "서비스", "인터넷", *FOR_A_HUMAN]
    heard = [
        utterance(listen(quiet_then(melody(10.0, level_db, seed)), words))
        for level_db in (-30.0, -40.0)
        for seed in range(1, 7)
    ]
    taken = sum(found is not None and found[1].verdict is Verdict.UNDERSTOOD for found in heard)
    assert taken <= 2, f"of {len(heard)} pieces of music {taken} were taken for a word"
