"""Loudness: the level of speech by a second measure of the same standard, sample by sample."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from ivr.speech.loudness import PEAK_DBFS, SPEECH_DBFS, even_wav, speech_level
from ivr.speech.sound import Sound, SoundBroken, read_wav, to_telephone
from tests.programs import real_espeak
from tests.unit.ivr.speech.prompt_making import build, plan, record, shipped, tone


def active_level(sound: Sound, rate: int = 8000) -> float:
    """The active speech level of ITU-T P.56, method B, in dB below full scale."""
    decay, hangover, margin = np.exp(-1 / (0.03 * rate)), round(0.2 * rate), 15.9
    once = twice = 0.0
    envelope = []
    for size in np.abs(sound).tolist():
        once = decay * once + (1 - decay) * size
        twice = decay * twice + (1 - decay) * once
        envelope.append(twice)
    heights = np.array(envelope)
    above, level = 0.0, 0.0
    for threshold_db in np.arange(-0.5, -90, -0.5):
        reached = np.cumsum(heights >= 10 ** (threshold_db / 20))
        earlier = np.concatenate([np.zeros(hangover, int), reached])[: len(reached)]
        active = np.count_nonzero(reached > earlier)
        if not active:
            continue
        below, above = above, 10 * np.log10(np.sum(np.square(sound)) / active) - threshold_db
        if above >= margin:
            return level + (margin - below) / (above - below) * (threshold_db + above - level)
        level = threshold_db + above
    raise AssertionError("no speech")


def spoken(text: str, voice: str = "en-gb", speed: int = 150) -> Sound:
    return to_telephone(*real_espeak().speak(text, voice=voice, speed=speed))


def levels(folder: Path) -> dict[str, float]:
    return {p.stem: active_level(read_wav(p.read_bytes())[0]) for p in folder.rglob("*.wav")}


def test_the_level_is_the_one_of_the_standard() -> None:
    for voice in ("en-gb", "en-gb+f3", "en-gb+whisper"):
        speech = spoken("For a flat, press 1.", voice) * 0.37
        assert speech_level(speech) == pytest.approx(active_level(speech), abs=0.1)


def test_neither_pauses_nor_the_noise_of_a_room_change_the_level() -> None:
    speech = spoken("For a flat, press 1. For bills, press 2.")
    alone = speech_level(speech)
    half = len(speech) // 2
    pause = np.zeros(16000)
    assert speech_level(np.concatenate([pause, speech[:half], pause, speech[half:], pause])) == (
        pytest.approx(alone, abs=0.3)
    )
    noise = np.random.default_rng(1).normal(0, 10 ** ((alone - 20) / 20), len(speech))
    assert speech_level(speech + noise) == pytest.approx(alone, abs=0.3)


def test_a_louder_or_softer_voice_moves_the_level_by_as_much() -> None:
    speech = spoken("For a flat, press 1.")
    for gain_db in (-40, -20.5, 3):
        moved = speech_level(speech * 10 ** (gain_db / 20)) - speech_level(speech)
        assert moved == pytest.approx(gain_db, abs=0.01)


def test_the_prompts_of_all_lines_are_evenly_loud(tmp_path: Path) -> None:
    build(tmp_path / "out", *shipped())
    measured = levels(tmp_path / "out" / "de") | levels(tmp_path / "out" / "ko")
    assert max(measured.values()) - SPEECH_DBFS < 0.5
    assert SPEECH_DBFS - min(measured.values()) < 0.5


def test_recordings_of_every_kind_come_out_as_loud_as_what_is_spoken(tmp_path: Path) -> None:
    speech = spoken("Our office at the market place is open from 8 to 5.")
    speech /= np.abs(speech).max()
    noise = np.random.default_rng(1).normal(0, 0.005, len(speech))
    kinds = {
        "soft": speech * 0.02,
        "loud": speech * 0.99,
        "pressed": np.tanh(5 * speech) * 0.9,
        "noisy": speech * 0.3 + noise,
        "peaks": np.where(np.arange(len(speech)) % 4001, speech * 0.1, 0.95),
    }
    for name, sound in kinds.items():
        record(tmp_path / "recorded", f"en/{name}", sound, 8000)
    build(tmp_path / "out", plan({"spoken": "Welcome.", **dict.fromkeys(kinds, "x")}))
    for name, level in levels(tmp_path / "out").items():
        assert level == pytest.approx(SPEECH_DBFS, abs=1.0), name


def test_nothing_comes_near_clipping_however_it_was_spoken() -> None:
    for sound in (
        tone(300, 1, 8000, level=1.0),
        np.where(np.arange(16000) % 800, 0.001, 1.0),  # clicks
        np.eye(1, 16000, 8000)[0],
    ):
        heard = read_wav(even_wav(sound))[0]
        assert np.abs(heard).max() <= 10 ** (PEAK_DBFS / 20) + 1e-3


@pytest.mark.parametrize("sound", [np.zeros(0), np.zeros(50), np.zeros(8000), np.full(8000, 1e-5)])
def test_silence_is_refused(sound: Sound) -> None:
    with pytest.raises(SoundBroken, match="is silent"):
        even_wav(sound)
