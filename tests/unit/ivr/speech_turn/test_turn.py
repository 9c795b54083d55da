"""A listening turn, rule by rule: made-up frames and words, and time as plain numbers."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from ivr.speech.turn import (
    FRAME,
    EndCause,
    FinalHeard,
    FinishHearing,
    FrameHeard,
    FramePlayed,
    Grammar,
    HearingFailed,
    HearingLost,
    KeyPressed,
    KeyWon,
    NoSpeech,
    NothingSaid,
    PartialHeard,
    PromptBegan,
    PromptStopped,
    SpeechBegan,
    Tick,
    TooLong,
    TurnState,
    Utterance,
    Verdict,
)
from tests.speech.sounds import VOWEL, hiss
from tests.speech.turn_caller import Caller


def test_speech_begins_within_an_eighth_of_a_second_and_tells_since_when() -> None:
    caller = Caller()
    caller.speak()
    assert caller.kinds() == [SpeechBegan]
    at, began = caller.decided[0]
    assert isinstance(began, SpeechBegan)
    assert 0.4 < at <= 0.54
    assert began.since == pytest.approx(0.4, abs=0.021)


@pytest.mark.parametrize(
    ("text", "waits"), [("internet", 0.24), ("change", 0.7), ("inter", 0.7), ("", 0.7)]
)
def test_only_a_phrase_that_nothing_continues_ends_after_a_short_quiet(
    text: str, waits: float
) -> None:
    caller = Caller()
    caller.speak()
    spoken_until = caller.now
    for _ in range(60):
        caller.quiet(0.02)
        caller.partial(text)
    finished = [at for at, d in caller.decided if isinstance(d, FinishHearing)]
    assert len(finished) == 1
    assert finished[0] - spoken_until == pytest.approx(waits, abs=0.05)


def test_a_phrase_heard_only_from_the_beginning_of_the_sound_ends_nothing_early() -> None:
    caller = Caller()
    caller.speak()
    caller.partial("internet")
    caller.quiet(0.6)
    assert caller.kinds() == [SpeechBegan]


def test_a_pause_within_a_phrase_is_no_end() -> None:
    caller = Caller()
    caller.speak()
    caller.partial("change")
    caller.quiet(0.5)
    caller.sound(VOWEL[:3200])
    caller.quiet(0.2)
    caller.partial("change address")
    caller.quiet(0.1)
    assert caller.kinds() == [SpeechBegan, FinishHearing]


def test_digits_are_waited_for_longer_unless_there_are_enough() -> None:
    free = Caller(Grammar.of(["one", "two"], digits=True))
    fixed = Caller(Grammar.of(["one", "two"], digits=True, length=3))
    for caller in (free, fixed):
        caller.speak()
        caller.quiet(0.2)
        caller.partial("one two two")
        caller.quiet(1.2)
    assert free.kinds() == [SpeechBegan]
    assert fixed.kinds()[:2] == [SpeechBegan, FinishHearing]
    free.quiet(0.2)
    assert free.kinds() == [SpeechBegan, FinishHearing]


def finished() -> Caller:
    caller = Caller()
    caller.speak()
    caller.quiet(0.2)
    caller.partial("internet")
    caller.quiet(0.2)
    return caller


def test_the_last_word_makes_the_utterance_with_its_cause_and_measures() -> None:
    caller = finished()
    caller.tell(FinalHeard("internet", 0.9, 3.0))
    said = caller.last()
    assert isinstance(said, Utterance)
    assert (said.text, said.verdict, said.cause) == (
        "internet",
        Verdict.UNDERSTOOD,
        EndCause.PHRASE,
    )
    assert said.spoken_until == pytest.approx(0.8, abs=0.05)
    assert caller.turn.state is TurnState.OVER
    assert caller.turn.wake_at() is None


def test_a_last_word_that_never_comes_leads_to_keys() -> None:
    caller = finished()
    wake = caller.turn.wake_at()
    assert wake is not None
    caller.now = wake
    caller.tell(Tick())
    assert caller.last() == HearingLost("late")


def test_words_heard_into_the_quiet_behind_a_phrase_are_no_part_of_it() -> None:
    caller = Caller()
    caller.speak()
    caller.quiet(0.2)
    caller.partial("internet")
    caller.quiet(0.2)
    caller.tell(FinalHeard("internet change", 0.9, 2.0))
    assert caller.kinds() == [SpeechBegan, FinishHearing, Utterance]
    said = caller.decided[-1][1]
    assert isinstance(said, Utterance)
    assert (said.text, said.verdict) == ("internet", Verdict.UNDERSTOOD)


def test_sound_without_a_word_goes_on_waiting_and_is_silence_the_third_time() -> None:
    caller = Caller()
    for _ in range(3):
        caller.speak()
        caller.quiet(0.9)
        caller.tell(FinalHeard("", 0.0, None))
    one = [SpeechBegan, FinishHearing, NothingSaid]
    assert caller.kinds() == [*one, *one, SpeechBegan, FinishHearing, NoSpeech]


def test_a_voice_too_long_for_a_cough_was_a_word_that_was_not_understood() -> None:
    caller = Caller()
    caller.speak(0.8)
    caller.quiet(0.9)
    caller.tell(FinalHeard("", 0.0, None))
    assert caller.kinds() == [SpeechBegan, FinishHearing, Utterance]
    said = caller.decided[-1][1]
    assert isinstance(said, Utterance)
    assert said.verdict is Verdict.REFUSED


def test_silence_is_counted_from_the_end_of_the_prompt() -> None:
    caller = Caller(prompt=True)
    caller.quiet(9.0)
    assert caller.decided == []
    assert caller.turn.wake_at() is None
    caller.tell(PromptStopped())
    caller.quiet(5.1)
    assert caller.kinds() == [NoSpeech]
    assert caller.decided[0][0] == pytest.approx(14.0, abs=0.03)


def test_a_prompt_that_plays_again_after_a_cough_stops_the_silence_until_it_ends() -> None:
    caller = Caller(prompt=True)
    caller.speak()
    caller.quiet(0.9)
    caller.tell(FinalHeard("", 0.0, None))
    caller.tell(PromptBegan())
    assert caller.turn.wake_at() is None
    caller.quiet(9.0)
    assert caller.kinds() == [SpeechBegan, FinishHearing, NothingSaid]
    caller.tell(PromptStopped())
    caller.quiet(5.1)
    assert caller.kinds()[-1] is NoSpeech


def test_audio_that_never_comes_is_silence_by_the_clock_alone() -> None:
    caller = Caller()
    caller.tell(Tick())
    wake = caller.turn.wake_at()
    assert wake == pytest.approx(5.0)
    caller.now = 5.0
    caller.tell(Tick())
    assert caller.kinds() == [NoSpeech]


def test_audio_that_stops_in_the_middle_of_a_word_ends_it_by_the_clock() -> None:
    caller = Caller()
    caller.speak()
    wake = caller.turn.wake_at()
    assert wake is not None
    caller.now = wake
    caller.tell(Tick())
    assert caller.kinds() == [SpeechBegan, FinishHearing]


def test_one_who_never_stops_talking_ends_after_six_seconds() -> None:
    caller = Caller()
    caller.speak(11.0)
    assert caller.kinds() == [SpeechBegan, TooLong]
    assert caller.decided[1][0] - caller.decided[0][0] == pytest.approx(6.0, abs=0.03)


def test_noise_that_goes_on_after_a_phrase_does_not_hold_its_end() -> None:
    caller = Caller()
    caller.speak()
    for _ in range(12):
        caller.sound(hiss(0.03, 0.1))
        caller.partial("internet")
    assert FinishHearing in caller.kinds()


def events() -> dict[str, object]:
    return {
        "frame": FrameHeard(np.zeros(FRAME, np.int16)),
        "frame played": FramePlayed(None),
        "prompt began": PromptBegan(),
        "prompt stopped": PromptStopped(),
        "partial": PartialHeard("internet", 1.0),
        "final": FinalHeard("internet", 1.0, None),
        "key": KeyPressed(),
        "failed": HearingFailed("died"),
        "tick": Tick(),
    }


def in_state(state: TurnState) -> Caller:
    caller = Caller()
    if state is not TurnState.WAITING:
        caller.speak(0.2)
    if state is TurnState.FINISHING:
        caller.quiet(0.9)
    if state is TurnState.OVER:
        caller.tell(KeyPressed())
    assert caller.turn.state is state
    caller.decided.clear()
    return caller


@pytest.mark.parametrize(("state", "event"), list(itertools.product(TurnState, events())))
def test_every_pair_of_state_and_event(state: TurnState, event: str) -> None:
    caller = in_state(state)
    caller.tell(events()[event])
    expected: dict[str, list[type]] = {}
    if state is not TurnState.OVER:
        expected = {"key": [KeyWon], "failed": [HearingLost]}
    if state is TurnState.FINISHING:
        expected["final"] = [Utterance]
    assert caller.kinds() == expected.get(event, [])
    ended = event in expected
    assert caller.turn.state is (TurnState.OVER if ended else state)


def test_words_stand_in_no_repr() -> None:
    caller = finished()
    caller.tell(FinalHeard("internet", 0.9, 3.0))
    told = [*events().values(), *(d for _, d in caller.decided), caller.turn]
    assert not any("internet" in repr(thing) for thing in told)
