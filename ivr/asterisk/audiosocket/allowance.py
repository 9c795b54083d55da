"""Decides how much a peer may send: as fast as one can speak, and some more after a pause."""

from __future__ import annotations

from ivr.asterisk.audiosocket.frames import RATE

CREDIT_S = 3.0  # sound that may come at once, after a stall of the switch or of ours
_LEAST_S = 0.005  # what a message costs however little it holds; phones send 10 ms and more


class Allowance:
    """One peer's. Pure: it is told the time."""

    def __init__(self, now_s: float) -> None:
        self._left_s, self._at_s = CREDIT_S, now_s

    def spend(self, pcm_bytes: int, now_s: float) -> bool:
        """Whether a message with so much sound may come now."""
        earned_s = min(CREDIT_S, self._left_s + now_s - self._at_s)
        self._left_s = earned_s - max(_LEAST_S, pcm_bytes / (2 * RATE))
        self._at_s = now_s
        return self._left_s >= 0
