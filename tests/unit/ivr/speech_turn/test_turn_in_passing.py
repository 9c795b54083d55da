"""A turn that only listens for something, and sounds that are no phrase: music, talking on."""

from __future__ import annotations

import numpy as np
import pytest

from ivr.speech.turn import (
    Decision,
    FinalHeard,
    FinishHearing,
    Grammar,
    NothingSaid,
    SpeechBegan,
    TooLong,
    TurnState,
    Utterance,
    Verdict,
)
from tests.speech.sounds import VOWEL
from tests.speech.turn_caller import Caller


def in_passing() -> Caller:
    words = Grammar.of(["person", "help"])
    return Caller(words, prompt=True, listens_for=words.phrases)


def say(caller: Caller, text: str, competing: float | None) -> Decision:
    """A word, heard as this text."""
    caller.speak()
    caller.quiet(0.8)
    assert isinstance(caller.last(), FinishHearing)
    caller.tell(FinalHeard(text, 1.0, competing))
    return caller.last()


def test_in_passing_a_word_that_is_surely_said_counts_and_nothing_else_ends_anything() -> None:
    caller = in_passing()
    for text, competing in (("internet", -20.0), ("", None), ("person", 40.0)):
        assert say(caller, text, competing) == NothingSaid()
    caller.quiet(12.0)
    assert caller.turn.state is TurnState.WAITING
    said = say(caller, "person", -9.0)
    assert isinstance(said, Utterance)
    assert (said.text, said.verdict) == ("person", Verdict.UNDERSTOOD)


@pytest.mark.parametrize("competing", [4.0, None])
def test_in_passing_a_word_that_is_not_sure_counts_when_it_is_said_twice_in_a_row(
    competing: float | None,
) -> None:
    caller = in_passing()
    assert say(caller, "help", competing) == NothingSaid()
    assert say(caller, "person", competing) == NothingSaid()
    assert say(caller, "", None) == NothingSaid()  # a cough between makes no difference
    assert isinstance(say(caller, "person", competing), Utterance)
    other = in_passing()
    say(other, "help", competing)
    say(other, "internet", competing)
    assert say(other, "help", competing) == NothingSaid()


def test_in_passing_one_who_talks_on_is_let_talk_until_it_is_quiet() -> None:
    caller = in_passing()
    caller.speak(14.0)
    assert caller.kinds() == [SpeechBegan, NothingSaid]
    assert isinstance(say(caller, "help", -9.0), Utterance)


def test_who_never_stopped_or_music_begins_nothing_at_the_next_menu_before_it_is_quiet() -> None:
    first = Caller()
    first.speak(7.0)
    assert first.kinds() == [SpeechBegan, TooLong]
    after = Caller(prompt=True, voice=first.voice)
    after.sound(np.resize(VOWEL, 8000))
    assert after.kinds() == []
    after.speak()
    assert after.kinds() == [SpeechBegan]


def test_a_short_phrase_in_a_long_sound_was_not_said() -> None:
    """As music and crowds are heard."""
    verdicts = []
    for seconds in (0.5, 5.0):
        caller = Caller(Grammar.of(["change"]))
        said = say_for(caller, seconds)
        verdicts.append(said.verdict)
    assert verdicts == [Verdict.UNDERSTOOD, Verdict.REFUSED]


def say_for(caller: Caller, seconds: float) -> Utterance:
    caller.speak(seconds)
    caller.quiet(0.8)
    caller.tell(FinalHeard("change", 1.0, -5.0))
    said = caller.last()
    assert isinstance(said, Utterance)
    return said
