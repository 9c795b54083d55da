"""Unit: what a bench makes of a word and the audible packets around it."""

from __future__ import annotations

import pytest

from ivr.bench.answers import WITHIN_S, Sounding, SpokenTurn, soundings, spoken_turn
from ivr.bench.packet import Packet


def packets(from_s: float, to_s: float, *, held_up_s: float = 0.0) -> list[Packet]:
    """One each 20 ms, the first at `from_s` in the stream and the last at `to_s`."""
    times = [from_s + 0.02 * n for n in range(round((to_s - from_s) / 0.02) + 1)]
    return [Packet(1, round(at_s * 8000), at_s + held_up_s, audible=True) for at_s in times]


def turn(began_s: float, over_s: float, *sounds: tuple[float, float]) -> SpokenTurn:
    heard = [packet for sound in sounds for packet in packets(*sound)]
    return spoken_turn(began_s, over_s, soundings(heard))


def test_packets_are_one_sounding_until_there_is_a_silence() -> None:
    found = soundings([*packets(1.0, 2.0), *packets(2.1, 2.5), *packets(2.7, 3.0)])
    assert found == [
        Sounding(1.0, pytest.approx(2.5)),
        Sounding(2.7, pytest.approx(3.0)),
    ]
    assert found[0].lasts_s == pytest.approx(1.5)


def test_packets_that_were_held_up_make_no_silence_and_close_none() -> None:
    held_up = packets(1.52, 2.0, held_up_s=0.4)
    assert len(soundings([*packets(1.0, 1.5), *held_up])) == 1
    bunched = packets(2.3, 2.5, held_up_s=-0.3)
    assert len(soundings([*packets(1.0, 2.0), *bunched])) == 2


def test_a_word_in_the_quiet_is_answered_by_the_next_sound_and_silences_nothing() -> None:
    found = turn(3.0, 3.6, (1.0, 2.0), (4.0, 5.0))
    assert found.answer_after_s == pytest.approx(0.4)
    assert found.silence_after_s is None
    assert not found.came_early


def test_a_word_over_a_prompt_silences_it_and_is_answered_by_the_next_sound() -> None:
    found = turn(3.0, 3.6, (1.0, 3.14), (4.0, 5.0))
    assert found.silence_after_s == pytest.approx(0.14)
    assert found.answer_after_s == pytest.approx(0.4)


def test_a_word_that_is_answered_before_it_is_over_came_early() -> None:
    found = turn(3.0, 3.8, (1.0, 3.14), (3.5, 5.0))
    assert found.came_early
    assert found.answer_after_s == pytest.approx(-0.3)


def test_what_begins_with_a_word_is_said_to_the_word_before() -> None:
    found = turn(3.0, 3.6, (3.1, 3.3), (4.1, 5.0))
    assert found.answer_after_s == pytest.approx(0.5)
    assert not found.came_early


def test_a_word_that_is_not_answered_counts_as_five_seconds() -> None:
    found = turn(3.0, 3.6, (1.0, 2.0))
    assert found.answer_after_s is None
    assert found.waited_s == WITHIN_S


def test_an_answer_that_comes_too_late_is_none() -> None:
    assert turn(3.0, 3.6, (8.7, 9.0)).answer_after_s is None
    assert turn(3.0, 3.6, (8.5, 9.0)).waited_s == pytest.approx(4.9)


def test_a_prompt_that_goes_on_over_a_word_was_silenced_after_five_seconds_and_is_no_answer() -> (
    None
):
    found = turn(3.0, 3.6, (1.0, 9.0))
    assert found.silence_after_s == WITHIN_S
    assert found.waited_s == WITHIN_S
