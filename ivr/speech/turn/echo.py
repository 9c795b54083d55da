"""Whether what sounds like speech is only our own prompt, come back from the caller's phone.

It is echo when it is more than 24 dB quieter than what was played in the last 0.6 s, or when it
follows that sound closely (correlation over the last 160 ms, at any delay up to 0.5 s). A caller
who talks over a prompt is louder than its echo and does not follow it.
"""

from __future__ import annotations

from collections import deque

import numpy as np

from ivr.speech.turn.voice import FRAME, FRAME_S, Floats, Frame

_COMPARED_FRAMES = 8
_COMPARED = _COMPARED_FRAMES * FRAME
_PLAYED_FRAMES = round(0.5 / FRAME_S) + _COMPARED_FRAMES
_PLAYED = _PLAYED_FRAMES * FRAME
_QUIETER_DB = 24.0
_FOLLOWS = 0.5
_AUDIBLE = 30.0  # root mean square, of 32767
_SILENCE: Frame = np.zeros(FRAME, dtype=np.int16)
_FFT = 1 << (_PLAYED + _COMPARED - 1).bit_length()


class EchoGuard:
    """Keeps what was played and heard lately. Costs next to nothing until it is asked."""

    def __init__(self) -> None:
        nothing = [_SILENCE]
        self._played = deque(nothing * _PLAYED_FRAMES, maxlen=_PLAYED_FRAMES)
        self._heard = deque(nothing * _COMPARED_FRAMES, maxlen=_COMPARED_FRAMES)

    def play(self, frame: Frame | None) -> None:
        """Take the frame that goes to the caller at this time; None while nothing is played."""
        self._played.append(_SILENCE if frame is None else frame)

    def hear(self, frame: Frame) -> None:
        """Take the frame that came from the caller at this time."""
        self._heard.append(frame)

    def is_echo(self) -> bool:
        """Whether the last 160 ms from the caller are what was played."""
        played, heard = _joined(self._played), _joined(self._heard)
        played_rms = _loudest(played)
        if played_rms < _AUDIBLE:
            return False
        if _loudest(heard) * 10 ** (_QUIETER_DB / 20) < played_rms:
            return True
        return _follows(heard, played) > _FOLLOWS


def _follows(heard: Floats, played: Floats) -> float:
    """How closely, 0 to 1, what was heard is a part of what was played."""
    heard = heard - heard.mean()
    size = float(np.sqrt(np.dot(heard, heard)))
    if size == 0:
        return 0.0
    spectrum = np.fft.rfft(played, _FFT) * np.conj(np.fft.rfft(heard, _FFT))
    products = np.fft.irfft(spectrum, _FFT)[: _PLAYED - _COMPARED + 1]
    squares = np.concatenate([[0.0], np.cumsum(np.square(played))])
    sizes = np.sqrt(squares[_COMPARED:] - squares[:-_COMPARED])
    enough = sizes > _AUDIBLE * np.sqrt(_COMPARED)
    if not enough.any():
        return 0.0
    return float((np.abs(products[enough]) / sizes[enough]).max() / size)


def _joined(frames: deque[Frame]) -> Floats:
    return np.concatenate(frames).astype(np.float64)


def _loudest(samples: Floats) -> float:
    frames = samples.reshape(-1, FRAME)
    return float(np.sqrt(np.square(frames).mean(axis=1).max()))
