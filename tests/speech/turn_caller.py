"""A caller of a listening turn: made-up frames and words, and time as plain numbers."""

from __future__ import annotations

import numpy as np

from ivr.speech.turn import (
    FRAME_S,
    Decision,
    Frame,
    FrameHeard,
    FramePlayed,
    Grammar,
    PartialHeard,
    Turn,
    VoiceDetector,
)
from tests.speech.sounds import VOWEL, framed, hiss

MENU = Grammar.of(["internet", "change", "change  Address"])
QUIET = hiss(0.0005, 2.0)


class Caller:
    """Speaks to a turn frame by frame and keeps what it decided, with the time."""

    def __init__(
        self,
        grammar: Grammar = MENU,
        *,
        prompt: bool = False,
        voice: VoiceDetector | None = None,
        listens_for: frozenset[str] | None = None,
    ) -> None:
        self.voice = voice or VoiceDetector()
        self.turn = Turn(grammar, voice=self.voice, prompt_plays=prompt, listens_for=listens_for)
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
