"""A listening turn, rule by rule: made-up frames and words, and time as plain numbers."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from ivr.speech.turn import (
    FRAME,
    FRAME_S,
    Decision,
    EndCause,
    FinalHeard,
    FinishHearing,
    Fit,
    Frame,
    FrameHeard,
    FramePlayed,
    Grammar,
    HearingFailed,
    HearingLost,
    KeyPressed,
    KeyWon,
    Limits,
    NoSpeech,
    NothingSaid,
    PartialHeard,
    PromptBegan,
    PromptStopped,
    SpeechBegan,
    Tick,
    TooLong,
    Turn,
    TurnState,
    Utterance,
    Verdict,
    VoiceDetector,
    judge,
)
from tests.speech.sounds import VOWEL, framed, hiss

MENU = Grammar.of(["internet", "change", "change  Address"])
QUIET = hiss(0.0005, 2.0)


class Caller:
    """Speaks to a turn frame by frame and keeps what it decided, with the time."""

    def __init__(self, grammar: Grammar = MENU, *, prompt: bool = False) -> None:
        self.turn = Turn(grammar, voice=VoiceDetector(), prompt_plays=prompt)
        self.now = 0.0
        self.decided: list[tuple[float, Decision]] = []
        self._played: list[Frame] = []

    def tell(self, event: object) -> None:
        decisions = self.turn.advance(event, self.now)  # type: ignore[arg-type]
        self.decided += [(self.now, d) for d in decisions]

    def sound(self, samples: np.ndarray, played: np.ndarray | None = None) -> None:
        frames = framed(samples)
        prompts = framed(played) if played is not None else [None] * len(frames)
        for frame, prompt in zip(frames, prompts, strict=False):
            self.now = round(self.now + FRAME_S, 6)
            self.tell(FramePlayed(prompt))
            self.tell(FrameHeard(frame))

    def quiet(self, seconds: float) -> None:
        self.sound(np.resize(QUIET, round(seconds * 8000)))

    def speak(self, seconds: float = 0.4) -> None:
        self.quiet(0.4)
        self.sound(np.resize(VOWEL, round(seconds * 8000)))

    def partial(self, text: str) -> None:
        self.tell(PartialHeard(text, until=self.now))

    def kinds(self) -> list[type]:
        return [type(d) for _, d in self.decided]

    def last(self) -> Decision:
        return self.decided[-1][1]


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
    assert caller.kinds() == [*one, *one, *one, NoSpeech]


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


@pytest.mark.parametrize(
    ("text", "fit"),
    [
        ("internet", Fit.COMPLETE),
        ("change", Fit.OPEN),
        ("change address", Fit.COMPLETE),
        ("address", Fit.NONE),
        ("internet internet", Fit.NONE),
        ("", Fit.NONE),
    ],
)
def test_how_words_fit_a_grammar(text: str, fit: Fit) -> None:
    assert MENU.fit(text) is fit


def test_a_beginning_that_is_no_phrase_fits_as_begun() -> None:
    grammar = Grammar.of(["new address please"])
    assert [grammar.fit(t) for t in ("new", "new address")] == [Fit.BEGUN, Fit.BEGUN]
    with pytest.raises(ValueError, match="at least one phrase"):
        Grammar.of(["  "])


@pytest.mark.parametrize(
    ("text", "confidence", "competing", "verdict"),
    [
        ("internet", 0.9, 3.0, Verdict.UNDERSTOOD),
        ("internet", 0.9, None, Verdict.UNDERSTOOD),
        ("internet", 0.9, 24.0, Verdict.UNSURE),
        ("internet", 0.7, 3.0, Verdict.UNSURE),
        ("internet", 0.9, 29.0, Verdict.REFUSED),
        ("internet", 0.5, 3.0, Verdict.REFUSED),
        ("internet change", 1.0, -9.0, Verdict.REFUSED),
        ("[unk]", 1.0, -9.0, Verdict.REFUSED),
    ],
)
def test_both_measures_must_hold(
    text: str, confidence: float, competing: float | None, verdict: Verdict
) -> None:
    assert judge(text, confidence, competing, grammar=MENU, limits=Limits()) is verdict
