"""How a caller is listened to in the sound's own time.

Frames go in as fast as they are decoded; what the recogniser says counts as said at the time of the
frame it was waiting for. So the figures hold however busy the machine is.
"""

from __future__ import annotations

import queue
import time
from collections.abc import Callable, Sequence

from ivr.bench.site import BenchFailed
from ivr.speech.ear import Ear
from ivr.speech.hearing_desk import HearingDesk, ListeningSlot
from ivr.speech.recogniser import Recogniser
from ivr.speech.turn import (
    FRAME_S,
    Decision,
    Frame,
    Grammar,
    Turn,
    TurnState,
    VoiceDetector,
)

_DEADLINE_S = 10.0


class VirtualListener:
    """Listens to sound with the real recogniser, one caller at a time."""

    def __init__(self, recogniser: Recogniser, language: str) -> None:
        self._recogniser = recogniser
        self._language = language

    def listen(
        self,
        sound: Sequence[Frame],
        grammar: Grammar,
        played: Sequence[Frame] = (),
        listens_for: frozenset[str] | None = None,
    ) -> list[tuple[float, Decision]]:
        """Each decision on these frames, with its time in the sound; `played` goes to the caller.

        Raises `BenchFailed` when the recogniser does not answer.
        """
        if self._language not in self._recogniser.languages():
            raise BenchFailed(f"nobody hears '{self._language}'")
        # Not by the desk's leave: a machine that is busy for a moment would let nobody in.
        slot = ListeningSlot(HearingDesk(self._recogniser), self._language, grammar)
        handed = queue.SimpleQueue[Callable[[], None]]()
        now, decided = 0.0, list[tuple[float, Decision]]()
        turn = Turn(
            grammar, voice=VoiceDetector(), prompt_plays=bool(played), listens_for=listens_for
        )
        ear = Ear(
            turn,
            slot,
            decided=lambda decision: decided.append((now, decision)),
            hand_over=handed.put,
            clock=lambda: now,
        )
        for number, frame in enumerate(sound):
            now = round((number + 1) * FRAME_S, 6)
            ear.play(played[number] if number < len(played) else None, now)
            ear.hear(frame, now)
            self._wait()
            while not handed.empty():
                handed.get()()
            if turn.state is TurnState.OVER:
                break
        ear.close()
        return decided

    def _wait(self) -> None:
        deadline = time.monotonic() + _DEADLINE_S
        while not self._recogniser.is_at_rest():
            if time.monotonic() > deadline:
                raise BenchFailed("the recogniser does not answer")
            time.sleep(0.001)
