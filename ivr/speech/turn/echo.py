"""Whether what sounds like speech is only our own prompt, come back from the caller's phone.

It is echo when it is more than 24 dB quieter than what was played in the last 0.6 s, or when it
follows that sound closely (correlation over the last 160 ms, at any delay up to 0.5 s). A caller
who talks over a prompt is louder than its echo and does not follow it.
"""

from __future__ import annotations

import numpy as np

from ivr.speech.turn.voice import FRAME, RATE, Floats, Frame

_COMPARED = 8 * FRAME
_PLAYED = RATE // 2 + _COMPARED
_QUIETER_DB = 24.0
_FOLLOWS = 0.5
_AUDIBLE = 30.0  # root mean square, of 32767
_FFT = 1 << (_PLAYED + _COMPARED - 1).bit_length()


class EchoGuard:
    """Keeps what was played and heard lately. Costs next to nothing until it is asked."""

    def __init__(self) -> None:
        self._played: Floats = np.zeros(_PLAYED)
        self._heard: Floats = np.zeros(_COMPARED)

    def play(self, frame: Frame | None) -> None:
        """Take the frame that goes to the caller at this time; None while nothing is played."""
        self._played[:-FRAME] = self._played[FRAME:]
        self._played[-FRAME:] = 0.0 if frame is None else frame

    def hear(self, frame: Frame) -> None:
        """Take the frame that came from the caller at this time."""
        self._heard[:-FRAME] = self._heard[FRAME:]
        self._heard[-FRAME:] = frame

    def is_echo(self) -> bool:
        """Whether the last 160 ms from the caller are what was played."""
        played_rms = _loudest(self._played)
        if played_rms < _AUDIBLE:
            return False
        heard_rms = _loudest(self._heard)
        if heard_rms * 10 ** (_QUIETER_DB / 20) < played_rms:
            return True
        return self._follows() > _FOLLOWS

    def _follows(self) -> float:
        heard = self._heard - self._heard.mean()
        size = float(np.sqrt(np.dot(heard, heard)))
        if size == 0:
            return 0.0
        spectrum = np.fft.rfft(self._played, _FFT) * np.conj(np.fft.rfft(heard, _FFT))
        products = np.fft.irfft(spectrum, _FFT)[: _PLAYED - _COMPARED + 1]
        squares = np.concatenate([[0.0], np.cumsum(np.square(self._played))])
        sizes = np.sqrt(squares[_COMPARED:] - squares[:-_COMPARED])
        enough = sizes > _AUDIBLE * np.sqrt(_COMPARED)
        if not enough.any():
            return 0.0
        return float((np.abs(products[enough]) / sizes[enough]).max() / size)


def _loudest(samples: Floats) -> float:
    frames = samples.reshape(-1, FRAME)
    return float(np.sqrt(np.square(frames).mean(axis=1).max()))
