"""What counts as a voice, and what as echo: made-up sounds, no model."""

from __future__ import annotations

import numpy as np
import pytest

from ivr.speech.turn import FRAME_S, VoiceDetector
from ivr.speech.turn.echo import EchoGuard
from tests.speech.sounds import (
    Samples,
    cough,
    framed,
    hiss,
    hum,
    over_the_telephone,
    tones,
    vowel,
)

QUIET = hiss(0.0005, 0.6)


def began_after(sound: Samples, before: Samples = QUIET) -> float | None:
    """Seconds from the sound's beginning until speech is said to have begun."""
    voice = VoiceDetector()
    for number, frame in enumerate(framed(np.concatenate([before, sound, hiss(0.0005, 0.5)]))):
        voice.hear(frame)
        if voice.speech_began():
            return (number + 1) * FRAME_S - len(before) / 8000
    return None


@pytest.mark.parametrize("pitch", [85.0, 130.0, 220.0, 330.0])
@pytest.mark.parametrize("noise", [0.0005, 0.004])
def test_a_voice_is_known_within_150_ms(pitch: float, noise: float) -> None:
    after = began_after(vowel(0.5, pitch), before=hiss(noise, 0.6))
    assert after is not None
    assert 0.08 <= after <= 0.15


@pytest.mark.parametrize(
    "sound",
    [
        *(hiss(level, 5.0) for level in (0.002, 0.01, 0.05, 0.2)),
        hum(50, 1, 5.0),
        hum(60, 1, 5.0),
        *(hum(pitch, 3, 5.0) for pitch in (110.0, 150.0, 200.0)),
        tones((425.0,), 3.0),
        tones((770.0, 1336.0), 0.3),
        vowel(0.08),
        np.zeros(8000, np.int16),
    ],
)
def test_hiss_hum_tones_and_clicks_are_no_speech(sound: Samples) -> None:
    assert began_after(sound) is None


@pytest.mark.parametrize("seconds", [0.02, 0.08, 0.2, 0.4])
def test_a_cough_is_no_speech(seconds: float) -> None:
    assert [began_after(cough(seconds, seed)) for seed in range(1, 11)] == [None] * 10


def test_a_new_steady_noise_stops_being_loud() -> None:
    voice = VoiceDetector()
    loud = [voice.hear(f).loud for f in framed(np.concatenate([QUIET, hiss(0.01, 3.0)]))]
    assert any(loud)
    assert not any(loud[-50:])


def test_a_frame_of_another_size_is_refused() -> None:
    with pytest.raises(ValueError, match="160 samples"):
        VoiceDetector().hear(np.zeros(80, np.int16))


def prompt() -> Samples:
    """Something like speech: vowels of moving pitch with pauses between."""
    pitches = (120.0, 170.0, 140.0, 210.0, 110.0, 160.0)
    pause = np.zeros(800, np.int16)
    parts = [np.concatenate([vowel(0.35, p, 0.25), pause]) for p in pitches]
    return np.concatenate(parts)


def passed(heard: Samples, played: Samples) -> list[float]:
    """When sound that seems speech is not held for echo."""
    voice, guard = VoiceDetector(), EchoGuard()
    found = []
    for number, (mine, theirs) in enumerate(zip(framed(played), framed(heard), strict=True)):
        guard.play(mine)
        guard.hear(theirs)
        voice.hear(theirs)
        if voice.speech_began() and not guard.is_echo():
            found.append((number + 1) * FRAME_S)
    return found


def echoed(played: Samples, loss_db: float, delay_s: float) -> np.ndarray:
    late = np.concatenate([np.zeros(round(delay_s * 8000)), played / 32768])[: len(played)]
    bent = np.convolve(late, [0.6, 0.25, -0.2, 0.1])[: len(played)]
    noise = np.random.default_rng(1).normal(0, 0.0007, len(played))
    return np.asarray(bent * 10 ** (-loss_db / 20) + noise)


@pytest.mark.parametrize("loss_db", [6.0, 15.0, 30.0])
@pytest.mark.parametrize("delay_s", [0.0, 0.06, 0.31])
def test_the_echo_of_a_prompt_is_no_speech(loss_db: float, delay_s: float) -> None:
    played = prompt()
    assert passed(over_the_telephone(echoed(played, loss_db, delay_s)), played) == []


@pytest.mark.parametrize("loss_db", [14.0, 25.0, 60.0])
def test_a_caller_is_heard_over_the_prompt_and_its_echo(loss_db: float) -> None:
    played = prompt()
    sound = echoed(played, loss_db, 0.06)
    caller = vowel(0.6, 190.0, 0.25) / 32768
    sound[8000 : 8000 + len(caller)] += caller
    found = passed(over_the_telephone(sound), played)
    assert found
    assert 1.0 < found[0] <= 1.2
