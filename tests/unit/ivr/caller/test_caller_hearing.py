"""What the caller recognises: prompts, tones, quiet, and the stream they are in. Pure."""

from __future__ import annotations

import time
from functools import cache

import numpy as np
import pytest

from ivr.caller.arrival import Arrivals
from ivr.caller.hearing import Ear, Heard
from ivr.caller.library import Library, SoundName
from ivr.caller.sound import ALAW, RATE, ULAW, Samples, Tone, Words, samples_of, spoken, tone
from ivr.caller.tones import QuietWatch, ToneWatch

pytestmark = pytest.mark.usefixtures("espeak")

SENTENCES = {
    "en/welcome": "Hello and welcome to the housing office.",
    "en/main_menu": "For bills press one. For outages press two. For a person press zero.",
    "en/bills": "For bills press one.",
    "en/bills_two": "For bills press two.",
    "en/first": "You are the first in line.",
    "en/first_wait": "You are the first in line. Please wait for the next free person.",
    "en/first_busy": "You are the first in line. We are very busy today.",
    "en/sorry_first": "Sorry. You are the first in line.",
    "en/one": "one",
    "en/two": "two",
    "en/three": "three",
    "ko/welcome": "안녕하세요 반갑습니다",
    "ko/main_menu": "상담원 연결은 영번, 요금은 일번을 눌러 주세요.",
    "de/welcome": "Guten Tag und willkommen bei der Hausverwaltung.",
    "de/main_menu": "Für Rechnungen die Eins, für Störungen die Zwei, für einen Menschen die Null.",
}


@cache
def said(name: str) -> Samples:
    return spoken(Words(SENTENCES[name], name[:2]))


@cache
def library() -> Library:
    return Library({SoundName(name[3:], name[:2]): said(name) for name in SENTENCES})


def silence(seconds: float) -> Samples:
    return np.zeros(round(seconds * RATE), np.float32)


def hear(
    *parts: Samples, noise_db: float | None = None, seed: int = 1, gain: float = 0.7
) -> tuple[Heard, ...]:
    """What is heard of `parts` through a µ-law line, fed in pieces of 100 ms."""
    stream = np.concatenate([*parts, silence(0.5)]) * gain
    if noise_db is not None:
        level = float(np.sqrt(np.mean(np.square(stream[stream != 0]))))
        noise = np.random.default_rng(seed).normal(0, level * 10 ** (-noise_db / 20), len(stream))
        stream = stream + noise
    stream = ULAW.decode(ULAW.encode(stream.astype(np.float32)))
    ear = Ear(library())
    for at in range(0, len(stream), 800):
        ear.feed(stream[at : at + 800])
    ear.finish()
    return ear.heard


def names(heard: tuple[Heard, ...]) -> list[str]:
    return [f"{one.language}/{one.prompt}" for one in heard]


@pytest.mark.parametrize("name", SENTENCES)
@pytest.mark.parametrize("offset_s", [0.0, 0.4137])
def test_a_prompt_is_recognised_whole_at_any_offset(name: str, offset_s: float) -> None:
    (heard,) = hear(silence(offset_s), said(name))

    assert names((heard,)) == [name]
    assert not heard.cut
    assert not heard.also
    assert heard.from_s == pytest.approx(offset_s, abs=0.002)
    assert heard.to_s == pytest.approx(offset_s + len(said(name)) / RATE, abs=0.002)
    assert heard.score > 0.95


@pytest.mark.parametrize("seed", range(1, 4))
@pytest.mark.parametrize("name", ["ko/welcome", "en/main_menu", "de/main_menu", "en/first_busy"])
def test_a_prompt_is_recognised_through_noise_of_15_db(name: str, seed: int) -> None:
    heard = hear(silence(0.3 + 0.0171 * seed), said(name), noise_db=15, seed=seed)

    assert names(heard) == [name]
    assert heard[0].score > 0.8


def test_a_prompt_that_is_cut_short_is_reported_up_to_where_it_was_heard() -> None:
    menu = said("de/main_menu")
    (heard,) = hear(silence(0.2), menu[: 2 * RATE])

    assert names((heard,)) == ["de/main_menu"]
    assert heard.cut
    assert heard.to_s == pytest.approx(2.2, abs=0.1)


def test_prompts_back_to_back_are_told_apart_even_when_the_first_is_cut() -> None:
    heard = hear(said("en/main_menu")[:20_000], said("en/welcome"), said("ko/welcome"))

    assert names(heard) == ["en/main_menu", "en/welcome", "ko/welcome"]
    assert [one.cut for one in heard] == [True, False, False]
    assert heard[1].from_s == pytest.approx(2.5, abs=0.01)


def test_spoken_digits_in_a_row_are_each_recognised() -> None:
    heard = hear(said("en/two"), said("en/one"), said("en/three"), said("en/two"))

    assert names(heard) == ["en/two", "en/one", "en/three", "en/two"]


def test_a_prompt_that_is_played_twice_is_heard_twice() -> None:
    heard = hear(said("en/first"), said("en/first"))

    assert names(heard) == ["en/first", "en/first"]


def test_what_sounds_the_same_as_far_as_it_was_heard_is_said_to_be_so() -> None:
    (heard,) = hear(said("en/first_wait")[:8_000])

    assert heard.is_("first_wait")
    assert heard.is_("first_busy")
    assert not heard.is_("sorry_first")


def test_a_prompt_is_announced_while_it_is_still_going_on() -> None:
    ear = Ear(library())
    ear.feed(said("de/welcome")[:RATE])

    (heard,) = ear.heard
    assert (heard.prompt, heard.to_s, heard.cut) == ("welcome", None, False)


@pytest.mark.parametrize("hole_s", [0.02, 0.1, 0.3])
def test_a_hole_in_the_sound_does_not_make_two_prompts_of_one(hole_s: float) -> None:
    menu = said("de/main_menu")
    lost = round(hole_s * RATE)
    silenced = np.concatenate([menu[:16_000], silence(hole_s), menu[16_000 + lost :]])
    delayed = np.concatenate([menu[:16_000], silence(hole_s), menu[16_000:]])

    assert names(hear(silenced)) == ["de/main_menu"]
    assert names(hear(delayed)) == ["de/main_menu"]


@pytest.mark.parametrize("name", ["en/first_wait", "en/first_busy"])
def test_a_hole_before_prompts_that_begin_alike_part_does_not_make_two_of_one(name: str) -> None:
    prompt = said(name)
    heard = hear(prompt[:8_000], silence(0.3), prompt[8_000:])

    assert names(heard) == [name]


@pytest.mark.parametrize(
    "sentence",
    [
        "We will call you back tomorrow at nine.",
        "Bills are sent every month by mail.",
        "The person you called is not here.",
        "Please hold while I look for the right housing form for outages.",
    ],
)
def test_other_words_of_the_same_voice_are_no_prompt(sentence: str) -> None:
    assert hear(spoken(Words(sentence, "en"))) == ()


@pytest.mark.parametrize("seed", range(1, 11))
def test_words_of_the_prompts_in_another_order_are_no_prompt(seed: int) -> None:
    words = " ".join(SENTENCES[name] for name in ("en/main_menu", "en/first_busy")).split()
    salad = np.random.default_rng(seed).permutation(words)

    assert hear(spoken(Words(" ".join(salad), "en", speed=160))) == ()


def test_music_tones_and_noise_are_no_prompt() -> None:
    beat = 0.6 + 0.4 * np.sin(np.arange(6 * RATE) / 900)
    chord = sum(tone(hz, 6.0) for hz in (262, 330, 392)) * beat / 2
    noise = np.random.default_rng(7).normal(0, 0.1, 4 * RATE)

    assert hear(np.asarray(chord, np.float32)) == ()
    assert hear(tone(440, 4.0)) == ()
    assert hear(np.asarray(noise, np.float32)) == ()


def test_a_prompt_is_recognised_right_after_music() -> None:
    music = tone(330, 2.0) + tone(440, 2.0) / 2

    assert names(hear(music, said("en/welcome"))) == ["en/welcome"]


def test_listening_costs_little_of_real_time() -> None:
    large = {
        SoundName(f"p{index}", "en"): np.asarray(
            np.random.default_rng(index).normal(0, 0.1, 20 * RATE), np.float32
        )
        for index in range(40)
    }
    ear = Ear(Library(large))
    music = tone(330, 4.0)

    began = time.process_time()
    for at in range(0, len(music), 800):
        ear.feed(music[at : at + 800])
    assert time.process_time() - began < 2.0  # half of real time, on a busy machine


def test_a_tone_is_heard_from_and_to_and_a_neighbour_is_not() -> None:
    stream = np.concatenate([silence(0.5), tone(1130, 1.0), silence(0.5), tone(1130, 0.3)])
    watch, neighbour = ToneWatch(1130), ToneWatch(1175)
    for at in range(0, len(stream), 700):
        watch.feed(stream[at : at + 700])
        neighbour.feed(stream[at : at + 700])

    first, second = watch.heard
    assert (first.from_s, first.to_s) == pytest.approx((0.5, 1.5), abs=0.05)
    assert (second.from_s, second.to_s) == pytest.approx((2.0, 2.3), abs=0.05)
    assert neighbour.heard == ()


def test_speech_is_no_tone_and_a_lost_packet_does_not_end_one() -> None:
    speech, broken = ToneWatch(440), ToneWatch(440)
    speech.feed(said("en/main_menu"))
    sound = tone(440, 1.0)
    sound[4000:4160] = 0
    broken.feed(sound)

    assert speech.heard == ()
    assert len(broken.heard) == 1


def test_quiet_is_counted_from_the_last_sound_and_from_the_question() -> None:
    watch = QuietWatch()
    watch.feed(np.concatenate([tone(440, 0.5), silence(1.0)]))

    assert watch.quiet_for_s() == pytest.approx(1.0, abs=0.05)
    assert watch.quiet_for_s(since_s=1.2) == pytest.approx(0.3, abs=0.05)
    assert watch.sound_s == pytest.approx(0.5, abs=0.05)


def frame(value: float) -> Samples:
    return np.full(160, value, np.float32)


def test_packets_that_come_late_or_swapped_lie_where_their_timestamps_say() -> None:
    arrivals = Arrivals()
    arrivals.put(1, 1000, 0.02, frame(0.1))
    arrivals.put(1, 1320, 0.09, frame(0.3))
    arrivals.put(1, 1160, 0.10, frame(0.2))

    taken = arrivals.take(0.1)
    assert taken[[0, 160, 320]] == pytest.approx([0.1, 0.2, 0.3])
    assert len(taken) == 480


def test_where_nothing_came_there_is_silence_once_it_is_certain() -> None:
    arrivals = Arrivals()
    arrivals.put(1, 0, 0.02, frame(0.5))
    assert len(arrivals.take(0.05)) == 160
    assert len(arrivals.take(0.5)) == round(0.4 * RATE) - 160
    arrivals.put(1, 7840, 1.0, frame(0.5))  # the far end paused for 0.96 s

    taken = arrivals.take(1.0)
    assert np.flatnonzero(taken)[0] == round(0.98 * RATE) - round(0.4 * RATE)


def test_a_new_source_and_a_jump_of_the_timestamp_are_anchored_at_their_arrival() -> None:
    arrivals = Arrivals()
    arrivals.put(1, 0xFFFFFF60, 0.02, frame(0.1))
    arrivals.put(1, 0, 0.04, frame(0.2))  # the timestamp wraps
    arrivals.put(2, 55, 0.06, frame(0.3))
    arrivals.put(2, 2_000_000_000, 0.08, frame(0.4))

    taken = arrivals.take(0.08, ended=True)
    assert taken[[0, 160, 320, 480]] == pytest.approx([0.1, 0.2, 0.3, 0.4])
    assert len(taken) == 640


@pytest.mark.parametrize("code", [ULAW, ALAW])
def test_the_codes_of_telephony_keep_sound_within_their_steps(code: object) -> None:
    assert code in (ULAW, ALAW)
    coder = ULAW if code is ULAW else ALAW
    sound = tone(440, 0.1)

    assert np.abs(coder.decode(coder.encode(sound)) - sound).max() < 0.01
    assert not np.abs(coder.decode(coder.silent_frame)).max() > 0.001
    assert [len(one) for one in coder.frames(sound[:200])] == [160, 160]


def test_a_tone_lasts_as_long_as_was_asked() -> None:
    assert len(samples_of(Tone(440, 0.25))) == 2000
