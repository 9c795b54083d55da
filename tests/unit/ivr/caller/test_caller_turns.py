"""When the far end fell silent and answered, of packets and prompts. Pure; words by espeak-ng."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pytest

from ivr.caller.audible import Audible, AudiblePacket
from ivr.caller.hearing import Heard
from ivr.caller.sound import FRAME, RATE, ULAW, Samples, Words, loudness, spoken, tone
from ivr.caller.turns import Turn, turn
from ivr.caller.word import Word, loud_frames

pytestmark = pytest.mark.usefixtures("espeak")

LATE_S = 0.03  # packets come this long after the time their sound has in the stream


def packets(*spans: tuple[float, float]) -> list[AudiblePacket]:
    """A packet every 20 ms of each span of the stream."""
    return [
        AudiblePacket(round(at + LATE_S, 3), round(at, 3))
        for begin, end in spans
        for at in np.arange(begin, end - 0.001, 0.02)
    ]


def prompt(name: str, from_s: float, to_s: float | None, *, cut: bool = False) -> Heard:
    return Heard(name, "ko", from_s, to_s, cut, 1.0)


def turned(
    said: tuple[float, float],
    heard: Iterable[Heard],
    *spans: tuple[float, float],
    again_s: float | None = None,
    to_s: float = 30.0,
) -> Turn:
    return turn(1, said, packets(*spans), list(heard), acts_again_s=again_s, listened_to_s=to_s)


MENU = prompt("menu", 0.0, 2.12, cut=True)


def test_silence_counts_from_the_words_beginning_and_the_answer_from_its_end() -> None:
    answer = prompt("internet", 2.9, None)
    found = turned((2.0, 2.5), [MENU, answer], (0.0, 2.16), (2.96, 4.0))

    assert (found.over, found.answered_by) == ("menu", "internet")
    assert found.silence_after_s == pytest.approx(2.14 + LATE_S - 2.0)
    assert found.answer_after_s == pytest.approx(2.96 + LATE_S - 2.5)


def test_a_prompt_that_goes_on_is_no_silence_and_what_follows_it_is_no_answer() -> None:
    menu, answer = prompt("menu", 0.0, 6.0), prompt("internet", 6.4, None)
    found = turned((2.0, 2.5), [menu, answer], (0.0, 5.8), (6.4, 8.0))

    assert (found.over, found.silence_after_s, found.answer_after_s) == ("menu", None, None)


def test_pauses_inside_a_prompt_that_goes_on_are_no_silence() -> None:
    menu = prompt("menu", 0.0, 6.0)
    found = turned((2.0, 2.5), [menu], (0.0, 2.1), (2.5, 5.8))

    assert (found.over, found.silence_after_s, found.answer_after_s) == ("menu", None, None)


def test_a_prompt_that_ends_by_itself_under_the_word_leaves_room_for_an_answer() -> None:
    menu, answer = prompt("menu", 0.0, 2.2), prompt("internet", 3.0, None)
    found = turned((2.0, 2.5), [menu, answer], (0.0, 2.1), (3.0, 4.0))

    assert (found.over, found.silence_after_s) == ("menu", None)
    assert found.answer_after_s == pytest.approx(0.5 + LATE_S)


def test_a_prompt_still_sounding_after_a_short_word_is_not_its_answer() -> None:
    menu, answer = prompt("menu", 0.0, 2.32, cut=True), prompt("internet", 2.6, None)
    found = turned((2.0, 2.2), [menu, answer], (0.0, 2.32), (2.6, 4.0))

    assert found.silence_after_s == pytest.approx(0.3 + LATE_S)
    assert found.answer_after_s == pytest.approx(0.4 + LATE_S)
    assert found.answered_by == "internet"


def test_a_prompt_that_stopped_in_its_own_pause_was_silent_at_once() -> None:
    menu, answer = prompt("menu", 0.0, 1.8, cut=True), prompt("internet", 3.0, None)
    found = turned((2.0, 2.5), [menu, answer], (0.0, 1.8), (3.0, 4.0))

    assert (found.over, found.silence_after_s) == ("menu", 0.0)


def test_a_word_into_silence_has_an_answer_and_nothing_to_fall_silent() -> None:
    menu, answer = prompt("menu", 0.0, 1.8), prompt("internet", 3.5, None)
    found = turned((2.4, 3.0), [menu, answer], (0.0, 1.6), (3.5, 4.0))

    assert (found.over, found.silence_after_s) == (None, None)
    assert found.answer_after_s == pytest.approx(0.5 + LATE_S)


def test_less_than_a_fifth_of_a_second_between_two_prompts_is_no_silence() -> None:
    menu, answer = prompt("menu", 0.0, 2.2, cut=True), prompt("internet", 2.3, None)
    found = turned((2.0, 2.25), [menu, answer], (0.0, 2.2), (2.32, 4.0))

    assert (found.over, found.silence_after_s) == ("menu", None)
    assert found.answered_by == "internet"


def test_nothing_is_known_yet_while_the_silence_is_shorter_than_that() -> None:
    found = turned((2.0, 2.5), [MENU], (0.0, 2.12), to_s=2.25)

    assert (found.over, found.silence_after_s, found.answer_after_s) == ("menu", None, None)


def test_music_that_goes_on_is_neither_silent_nor_an_answer() -> None:
    found = turned((2.0, 2.5), [], (0.0, 8.0))

    assert found == Turn(1, 2.0, 2.5)


def test_music_may_answer_and_has_no_name() -> None:
    found = turned((2.0, 2.5), [MENU], (0.0, 2.12), (3.0, 8.0))

    assert found.answer_after_s == pytest.approx(0.5 + LATE_S)
    assert found.answered_by is None


def test_what_comes_after_the_caller_acted_again_answers_that_and_not_the_word() -> None:
    answer = prompt("internet", 4.0, None)
    found = turned((2.0, 2.5), [MENU, answer], (0.0, 2.12), (4.0, 5.0), again_s=3.0)

    assert found.silence_after_s is not None
    assert (found.answer_after_s, found.answered_by) == (None, None)


def test_a_prompt_cut_by_a_later_key_did_not_fall_silent_for_the_word() -> None:
    menu = prompt("menu", 0.0, 5.0, cut=True)
    found = turned((2.0, 2.5), [menu], (0.0, 5.0), again_s=4.8)

    assert (found.over, found.silence_after_s) == ("menu", None)


def test_a_prompt_that_answers_before_the_word_is_over_is_no_answer_to_it() -> None:
    early, later = prompt("internet", 2.3, 6.0), prompt("menu", 6.5, None)
    found = turned((2.0, 2.5), [early, later], (2.3, 5.8), (6.5, 8.0))

    assert found.answer_after_s is None


def test_two_prompts_without_a_pause_between_them_are_told_apart() -> None:
    sorry, menu = prompt("sorry", 3.0, 4.0), prompt("menu", 4.0, None)
    found = turned((3.5, 3.7), [sorry, menu], (3.0, 4.0), (4.0, 6.0))

    assert found.over == "sorry"
    assert found.answered_by == "menu"


def test_packets_that_came_late_count_when_they_came() -> None:
    answer = prompt("internet", 3.0, None)
    late = [AudiblePacket(3.4, 3.0), AudiblePacket(3.4, 3.02)]
    found = turn(1, (2.0, 2.5), late, [answer], acts_again_s=None, listened_to_s=9)

    assert found.answer_after_s == pytest.approx(0.9)


def frames(samples: Samples) -> list[Samples]:
    return [samples[at : at + FRAME] for at in range(0, len(samples) - FRAME + 1, FRAME)]


@pytest.mark.parametrize(("text", "voice"), [("인터넷", "ko+f2"), ("서비스", "ko"), ("도움", "ko")])
def test_a_word_is_found_in_its_padding_with_its_soft_ends(text: str, voice: str) -> None:
    bare = spoken(Words(text, "ko", voice, 120))
    padded = np.concatenate([np.zeros(16 * FRAME, np.float32), bare])
    loud = loud_frames(padded)

    levels = [loudness(frame) for frame in frames(padded)]
    outside = levels[: loud.start] + levels[loud.stop :]
    assert loud.start - 16 <= 1  # espeak-ng begins these words at once
    assert 0.5 < len(loud) * 0.02 < 1.0
    assert max(outside) < 0.03 * max(levels) + 1e-6
    assert len(outside) > 16 + 15  # and appends a third of a second and more of silence


def test_a_loud_beginning_and_end_are_found_to_the_frame_and_silence_has_none() -> None:
    sound = np.concatenate([np.zeros(1600), tone(700, 0.4), np.zeros(4000)]).astype(np.float32)

    assert loud_frames(sound) == range(10, 30)
    assert not loud_frames(np.zeros(1600, np.float32))
    assert not loud_frames(np.zeros(0, np.float32))


async def test_a_word_notes_when_it_began_and_what_of_it_left_last() -> None:
    word = Word()
    assert word.from_at is None
    for now in (5.0, 5.02, 5.04):
        word.left(now)

    assert (word.from_at, word.until_at, word.begun.is_set()) == (5.0, 5.04, True)


@pytest.mark.parametrize(
    "text", ["서비스 센터입니다", "현재 장애는 없습니다", "상담원 연결", "한빛시"]
)
def test_the_softest_beginning_of_a_prompt_is_audible_in_its_second_frame_at_the_latest(
    text: str,
) -> None:
    bare = spoken(Words(text, "ko", speed=165))
    made = bare * (0.1 / loudness(bare[np.abs(bare) > 0.01]))  # -20 dB, as prompts are made
    sound = ULAW.decode(ULAW.encode(made.astype(np.float32)))
    audible = Audible()
    for number, frame in enumerate(frames(sound)):
        audible.put(number * 0.02, number * FRAME, frame)

    first = next(index for index, frame in enumerate(frames(sound)) if loudness(frame) > 0.001)
    assert audible.packets()[0].at_s <= (first + 1) * 0.02 + 1e-9


def test_silence_and_comfort_noise_are_not_audible() -> None:
    audible = Audible()
    noise = np.random.default_rng(1).normal(0, 10 ** (-50 / 20), RATE).astype(np.float32)
    for number, frame in enumerate(frames(ULAW.decode(ULAW.encode(noise)))):
        audible.put(number * 0.02, number * FRAME, frame)
    audible.put(2.0, 2 * RATE, ULAW.decode(ULAW.silent_frame))

    assert audible.packets() == []


def test_what_is_kept_of_an_endless_call_is_bounded_and_the_newest() -> None:
    audible = Audible()
    loud = np.full(FRAME, 0.1, np.float32)
    for number in range(40_000):
        audible.put(number * 0.02, number * FRAME, loud)

    kept = audible.packets()
    assert 25_000 <= len(kept) <= 30_000
    assert kept[-1].at_s == pytest.approx(39_999 * 0.02)
    assert len(audible.packets(799.0)) == 50
