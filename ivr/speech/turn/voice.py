"""Which frames of a caller's sound are loud, and which of them can be a voice.

1. A frame is loud when it stands 6 dB above the line's own noise and is not 30 dB below the
   loudest of this beginning. The noise is followed downwards at once and upwards slowly, faster
   while nothing has a pitch: a new steady noise stops being loud after some seconds.
2. A loud frame is voiced when its last 40 ms repeat themselves with the pitch of a voice (70 to
   400 Hz), hold something above 500 Hz (a hum does not), and are no pure tones (keys, signals).
3. Speech has begun when 6 of the last 7 frames are loud and 4 of the last 6 voiced, so what is
   shorter than 120 ms (a click, a short cough) or has no pitch (breath, hiss) has not.
"""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Frame = NDArray[np.int16]
Floats = NDArray[np.float64]

RATE = 8000
FRAME = RATE // 50
FRAME_S = 0.02

_LOUD_OVER_FLOOR_DB, _VOICED_OVER_FLOOR_DB, _LOUD_UNDER_PEAK_DB = 6.0, 9.0, 30.0
_LOWEST_FLOOR_DB, _HIGHEST_FLOOR_DB, _FIRST_FLOOR_DB = -66.0, -30.0, -58.0
_RISE_DB, _RISE_VOICED_DB = 0.4, 0.01  # a frame: 20 dB and 0.5 dB a second
_VOICE_AT_LEAST_DB = -52.0
_PITCH_LAGS = slice(RATE // 400, RATE // 70)
_PITCHED = 0.5
_UPPER_HZ, _UPPER_SHARE = 500.0, 0.01
_ONE_TONE, _TWO_TONES = 0.93, 0.97
_FFT = 512
_WINDOW = np.hanning(2 * FRAME)
_WINDOW_REPEATS = np.fft.irfft(np.square(np.abs(np.fft.rfft(_WINDOW, _FFT))), _FFT)
_LAG_WEIGHT = np.sqrt(_WINDOW_REPEATS[0] / _WINDOW_REPEATS[_PITCH_LAGS])
_HERTZ = np.fft.rfftfreq(_FFT, 1 / RATE)
_HEARD = (_HERTZ >= 80) & (_HERTZ <= 3800)
_UPPER = _HEARD & (_HERTZ >= _UPPER_HZ)
_TONE_BINS = 3  # either side of a peak, as wide as the window smears a tone
_QUIET_FRAMES = 15
_BEGIN_OF, _BEGIN_LOUD, _BEGIN_VOICED_OF, _BEGIN_VOICED = 7, 6, 6, 4


@dataclass(frozen=True, slots=True)
class Sounding:
    """What one frame is. `level_db` is in dB of full scale, after lifting high frequencies."""

    level_db: float
    loud: bool
    voiced: bool


class VoiceDetector:
    """Follows one caller's sound, 20 ms at a time; lives as long as the call."""

    def __init__(self) -> None:
        self._sound: Floats = np.zeros(2 * FRAME)  # the last two frames
        self._floor_db = _FIRST_FLOOR_DB
        self._peak_db = -100.0
        self._last: deque[Sounding] = deque(maxlen=_BEGIN_OF)
        self._quiet_wanted = 0  # frames, before speech may begin

    def hear(self, frame: Frame) -> Sounding:
        """Take the next 160 samples at 8 kHz. Raises `ValueError` for any other shape."""
        if frame.shape != (FRAME,):
            raise ValueError(f"a frame has {FRAME} samples, this one has shape {frame.shape}")
        sound = self._sound
        sound[:FRAME] = sound[FRAME:]
        np.multiply(frame, 1 / 32768.0, out=sound[FRAME:])
        lifted = sound[FRAME:] - 0.9 * sound[FRAME - 1 : -1]
        level_db = 10 * math.log10(np.dot(lifted, lifted) / FRAME + 1e-10)
        audible = level_db > self._floor_db + _LOUD_OVER_FLOOR_DB
        loud = audible and level_db > self._peak_db - _LOUD_UNDER_PEAK_DB
        clear = level_db > max(self._floor_db + _VOICED_OVER_FLOOR_DB, _VOICE_AT_LEAST_DB)
        voiced = loud and clear and _can_be_voice(sound)
        self._follow(level_db, voiced)
        sounding = Sounding(level_db, loud, voiced)
        self._last.append(sounding)
        if self._quiet_wanted:
            self._quiet_wanted = _QUIET_FRAMES if loud else self._quiet_wanted - 1
        return sounding

    def speech_began(self) -> bool:
        """Whether the last frames are the beginning of speech."""
        if self._quiet_wanted or not any(s.voiced for s in self._last):  # as in nearly every frame
            return False
        last = list(self._last)
        return (
            sum(s.loud for s in last) >= _BEGIN_LOUD
            and sum(s.voiced for s in last[-_BEGIN_VOICED_OF:]) >= _BEGIN_VOICED
        )

    def loud_frames(self) -> int:
        """How many of the last frames, to the latest one, are loud without a quiet one between."""
        count = 0
        for sounding in reversed(self._last):
            if not sounding.loud:
                break
            count += 1
        return count

    def wait_for_quiet(self) -> None:
        """Take no beginning until nothing was loud for 0.3 s: what sounds now does not stop."""
        self._quiet_wanted = _QUIET_FRAMES

    def start_over(self) -> None:
        """Forget the beginning and its loudest frame, but not the noise of the line."""
        self._last.clear()
        self._peak_db = -100.0

    def _follow(self, level_db: float, voiced: bool) -> None:
        if level_db < self._floor_db:
            self._floor_db += 0.3 * (level_db - self._floor_db)
        else:
            self._floor_db += _RISE_VOICED_DB if voiced else _RISE_DB
            self._floor_db = min(self._floor_db, max(level_db, _LOWEST_FLOOR_DB))
        self._floor_db = min(max(self._floor_db, _LOWEST_FLOOR_DB), _HIGHEST_FLOOR_DB)
        if voiced:
            self._peak_db = max(self._peak_db, level_db)


def _can_be_voice(samples: Floats) -> bool:
    """Whether 40 ms of sound have a pitch, and are neither hum nor tone."""
    spectrum = np.fft.rfft((samples - samples.mean()) * _WINDOW, _FFT)
    power = np.square(spectrum.real) + np.square(spectrum.imag)
    power[~_HEARD] = 0.0
    whole = float(power.sum())
    if whole <= 0 or float(power[_UPPER].sum()) < _UPPER_SHARE * whole:
        return False
    repeats = np.fft.irfft(power, _FFT)
    if float((repeats[_PITCH_LAGS] * _LAG_WEIGHT).max()) < _PITCHED * float(repeats[0]):
        return False
    first = _take_peak(power)
    return first < _ONE_TONE * whole and first + _take_peak(power) < _TWO_TONES * whole


def _take_peak(power: Floats) -> float:
    """The power of the strongest tone, which is taken out."""
    top = int(power.argmax())
    around = slice(max(0, top - _TONE_BINS), top + _TONE_BINS + 1)
    taken = float(power[around].sum())
    power[around] = 0.0
    return taken
