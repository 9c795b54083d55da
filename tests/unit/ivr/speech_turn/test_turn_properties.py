"""Random sequences against a turn: one end for each beginning, and no utterance without speech."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from ivr.speech.turn import (
    FRAME_S,
    FinalHeard,
    FinishHearing,
    FrameHeard,
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
    Turn,
    TurnState,
    Utterance,
    VoiceDetector,
)
from tests.speech.sounds import VOWEL, framed, hiss

GRAMMAR = Grammar.of(["yes", "no", "no thanks"])
SOUNDS = {
    "voice": framed(VOWEL),
    "quiet": framed(hiss(0.0005, 1.0)),
    "noise": framed(hiss(0.05, 1.0)),
}
TEXTS = st.sampled_from(["", "yes", "no", "no thanks", "yes no"])
STEPS = st.one_of(
    st.tuples(st.sampled_from(["voice", "quiet", "noise"]), st.integers(1, 60)),
    st.tuples(st.just("a word"), TEXTS),
    st.tuples(st.just("silent line"), st.integers(1, 400)),
    st.tuples(st.just("partial"), TEXTS),
    st.tuples(st.just("final"), TEXTS),
    st.tuples(st.sampled_from(["prompt began", "prompt stopped"]), st.none()),
    st.tuples(st.sampled_from(["key", "failed"]), st.none()),
)


@settings(max_examples=60, deadline=None)
@given(st.booleans(), st.lists(STEPS, max_size=25))
def test_each_beginning_has_one_end_and_nothing_follows_the_last(
    prompt_plays: bool, steps: list[tuple[str, object]]
) -> None:
    turn = Turn(GRAMMAR, voice=VoiceDetector(), prompt_plays=prompt_plays)
    now = 0.0
    speaking = asked = over = False
    for kind, what in steps:
        for event in _events(kind, what, now):
            now = round(now + (FRAME_S if isinstance(event, FrameHeard | Tick) else 0.0), 6)
            for decision in turn.advance(event, now):
                assert not over
                match decision:
                    case SpeechBegan(since):
                        assert not speaking
                        assert since <= now
                        speaking, asked = True, False
                    case FinishHearing():
                        assert speaking
                        assert not asked
                        asked = True
                    case Utterance():
                        assert speaking
                        assert asked
                        speaking, over = False, True
                    case NothingSaid():
                        assert speaking
                        assert asked
                        speaking = False
                    case TooLong():
                        assert speaking
                        speaking, over = False, True
                    case NoSpeech():
                        assert not speaking or asked  # what was begun the third time held no word
                        over = True
                    case KeyWon() | HearingLost():
                        over = True
            assert over is (turn.state is TurnState.OVER)
            assert (turn.wake_at() is None) is (over or _prompt_alone(turn))
            if kind == "prompt began" and turn.state is TurnState.WAITING:
                assert turn.wake_at() is None  # while it plays no silence counts


def _prompt_alone(turn: Turn) -> bool:
    return turn.state is TurnState.WAITING and turn.wake_at() is None


def _events(kind: str, what: object, now: float) -> list[object]:
    match kind, what:
        case (("voice" | "quiet" | "noise"), int(count)):
            frames = SOUNDS[kind]
            return [FrameHeard(frames[i % len(frames)]) for i in range(count)]
        case "silent line", int(count):
            return [Tick()] * count
        case "a word", str(text):
            spoken = [*_events("quiet", 10, now), *_events("voice", 20, now)]
            return [*spoken, *_events("quiet", 45, now), FinalHeard(text, 1.0, None)]
        case "partial", str(text):
            return [PartialHeard(text, now)]
        case "final", str(text):
            return [FinalHeard(text, 1.0, None)]
        case "prompt began", _:
            return [PromptBegan()]
        case "prompt stopped", _:
            return [PromptStopped()]
        case "key", _:
            return [KeyPressed()]
    return [HearingFailed("died")]


@settings(max_examples=30, deadline=None)
@given(st.lists(st.sampled_from(["quiet", "noise"]), max_size=12), TEXTS)
def test_no_utterance_without_a_voice(parts: list[str], text: str) -> None:
    turn = Turn(GRAMMAR, voice=VoiceDetector(), prompt_plays=True)
    now = 0.0
    for part in parts:
        for frame in SOUNDS[part][:25]:
            now += FRAME_S
            assert turn.advance(FrameHeard(frame), now) == ()
        assert turn.advance(PartialHeard(text, now), now) == ()
        assert turn.advance(FinalHeard(text, 1.0, None), now) == ()


@settings(max_examples=20, deadline=None)
@given(st.floats(0, 2e9), st.lists(st.tuples(st.sampled_from(list(SOUNDS)), st.integers(1, 50))))
def test_only_differences_of_time_count(start: float, steps: list[tuple[str, int]]) -> None:
    def run(begin: float) -> list[tuple[int, str]]:
        turn = Turn(GRAMMAR, voice=VoiceDetector(), prompt_plays=False)
        found: list[tuple[int, str]] = []
        number = 0
        for kind, count in steps:
            for frame in (SOUNDS[kind] * 2)[:count]:
                number += 1
                decided = turn.advance(FrameHeard(frame), begin + number / 64)
                found += [(number, type(decision).__name__) for decision in decided]
        return found

    assert run(float(int(start))) == run(0.0)
