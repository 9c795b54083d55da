"""How loud a prompt is, and where it begins and ends: all are to sound as if one person spoke them.

The level of speech is measured without its pauses and on what the telephone carries, as ITU-T P.56
(method B) does, so that neither long pauses nor the noise of a room make a prompt louder.
"""

from __future__ import annotations

import math

import numpy as np

from ivr.speech.pydub_quietly import AudioSegment, detect_leading_silence
from ivr.speech.sound import RATE, Sound, SoundBroken, wav_of

SPEECH_DBFS = -21.0  # active speech level
PEAK_DBFS = -3.0
_MS = RATE // 1000  # samples
_MARGIN_DB = 15.9  # P.56: from the threshold of activity up to the active level
_HANGOVER_MS = 200
_SMOOTHING_MS = 30.0
_THRESHOLDS_DB = np.arange(-1.0, -60.0, -1.0)  # below the highest point of the envelope
_FRAME_MS = 10
_SILENCE_DB = -42.0  # below the loudest frame: the silence around speech
_SILENT_DBFS = -80.0
_HEAD_MS, _TAIL_MS = 60, 200  # silence left around speech
_FADE_MS = 5
_NEAR_DB, _GIVEN_BACK_DB = 0.05, 3.0  # rounding peaks takes off level, which is given back


def speech_level(sound: Sound) -> float:
    """The active level of speech in 8 kHz sound, in dB below full scale.

    The power while speech goes on, which is where the envelope lies above a threshold or lay above
    it within the last 200 ms; the threshold is the one 15.9 dB below the level so found. Raises
    `SoundBroken` if there is nothing to hear.
    """
    envelope = _envelope(sound)
    highest = _db(np.square(envelope.max())) if len(envelope) else -math.inf
    if highest < _SILENT_DBFS:
        raise SoundBroken("is silent")
    energy = np.sum(np.square(sound)) / _MS
    at = np.arange(len(envelope))
    level = above = 0.0
    for threshold in highest + _THRESHOLDS_DB:
        reached = envelope >= 10 ** (threshold / 20)
        last = np.maximum.accumulate(np.where(reached, at, -_HANGOVER_MS - 1))
        lower_level = _db(energy / np.count_nonzero(at - last <= _HANGOVER_MS))
        lower_above = lower_level - threshold
        if lower_above >= _MARGIN_DB:
            share = (_MARGIN_DB - above) / (lower_above - above) if above else 1.0
            return level + share * (lower_level - level)
        level, above = lower_level, lower_above
    return level


def even_wav(sound: Sound) -> bytes:
    """8 kHz sound as the WAV file of a prompt: trimmed, at the level all prompts have, unclipped.

    Raises `SoundBroken` if it is silent.
    """
    gain_db = SPEECH_DBFS - speech_level(sound)
    most_db = gain_db + _GIVEN_BACK_DB
    while True:
        rounded = _rounded(sound, 10 ** ((PEAK_DBFS - gain_db) / 20))
        lacking_db = SPEECH_DBFS - gain_db - speech_level(rounded)
        if lacking_db < _NEAR_DB or gain_db == most_db:
            break
        gain_db = min(gain_db + lacking_db, most_db)
    return wav_of(_trimmed(rounded).apply_gain(gain_db))


def _envelope(sound: Sound) -> Sound:
    """The size of the signal for each millisecond, smoothed twice."""
    size = np.mean(np.abs(sound[: len(sound) - len(sound) % _MS].reshape(-1, _MS)), axis=1)
    decay = math.exp(-1 / _SMOOTHING_MS)
    age = np.arange(round(10 * _SMOOTHING_MS))
    smoothing = (1 - decay) ** 2 * (age + 1) * decay**age
    envelope: Sound = np.convolve(size, smoothing)[: len(size)] if len(size) else size
    return envelope


def _rounded(sound: Sound, ceiling: float) -> Sound:
    """Peaks above half the ceiling bent smoothly towards it, so that nothing clips."""
    knee = ceiling / 2
    over = np.maximum(np.abs(sound) - knee, 0.0)
    bent = knee + (ceiling - knee) * np.tanh(over / (ceiling - knee))
    return np.where(over > 0, np.sign(sound) * bent, sound)


def _trimmed(sound: Sound) -> AudioSegment:
    """Without the silence around speech, but for a short rest."""
    frame = _FRAME_MS * _MS
    power = np.mean(np.square(sound[: len(sound) - len(sound) % frame].reshape(-1, frame)), axis=1)
    silence_dbfs = _db(power.max()) + _SILENCE_DB
    segment = _segment(sound)
    before = detect_leading_silence(segment, silence_dbfs, _FRAME_MS)
    after = detect_leading_silence(segment.reverse(), silence_dbfs, _FRAME_MS)
    kept = segment[max(0, before - _HEAD_MS) : len(segment) - max(0, after - _HEAD_MS)]
    rest = AudioSegment.silent(_TAIL_MS - _HEAD_MS, frame_rate=RATE)
    return kept.fade_in(_FADE_MS).fade_out(_FADE_MS).append(rest, crossfade=0)


def _segment(sound: Sound) -> AudioSegment:
    """Sound as pydub's, with 32 bit, so that nothing is lost before the level is right."""
    samples = np.rint(np.clip(sound, -1.0, 1.0) * (2.0**31 - 1)).astype("<i4")
    return AudioSegment(samples.tobytes(), sample_width=4, frame_rate=RATE, channels=1)


def _db(power: float) -> float:
    return 10 * math.log10(power) if power > 0 else -math.inf
