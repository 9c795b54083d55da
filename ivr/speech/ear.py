"""What of a caller's sound goes to the recogniser, and how its answers come back into the turn.

The last 0.4 s are kept; when speech begins the recogniser gets them first, so that no first
consonant is lost, and then each frame until it is asked for its last word. Silence and prompts are
never decoded. One `Ear` serves one node; all its methods belong to one thread, and what the
recogniser's threads say must be brought back into it by `hand_over`.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

from ivr.speech.hearing_desk import ListeningSlot
from ivr.speech.recogniser import Heard, Hearing
from ivr.speech.turn import (
    Decision,
    FinishHearing,
    Frame,
    FrameHeard,
    FramePlayed,
    HearingFailed,
    KeyPressed,
    NothingSaid,
    PromptBegan,
    PromptStopped,
    SpeechBegan,
    Tick,
    Turn,
    TurnEvent,
    TurnState,
)

_KEPT_FRAMES = 20

HandOver = Callable[[Callable[[], None]], None]


class Ear:
    """Joins one turn to one slot of the desk.

    `decided` is told each decision but `FinishHearing`, in order; after one that ends the turn the
    slot is given back. `hand_over` brings a call from a worker thread into the ear's thread
    (`loop.call_soon_threadsafe`); `clock` gives the time for what the recogniser says.
    """

    def __init__(
        self,
        turn: Turn,
        slot: ListeningSlot,
        *,
        decided: Callable[[Decision], None],
        hand_over: HandOver,
        clock: Callable[[], float],
    ) -> None:
        self._turn = turn
        self._slot = slot
        self._decided = decided
        self._hand_over = hand_over
        self._clock = clock
        self._kept: deque[tuple[Frame, float]] = deque(maxlen=_KEPT_FRAMES)
        self._hearing: Hearing | None = None
        self._closed = False
        self._events: deque[tuple[TurnEvent, float]] = deque()  # told while others are taken
        self._taking = False
        self._latest = 0.0  # sound is read a little after it came: the turn's time must not go back

    def hear(self, frame: Frame, now: float) -> None:
        """The next 20 ms from the caller."""
        self._kept.append((frame, now))
        if self._hearing is not None:
            self._hearing.feed(frame, now)
        self._advance(FrameHeard(frame), now)

    def play(self, frame: Frame | None, now: float) -> None:
        """The 20 ms that leave for the caller now; None: silence."""
        self._advance(FramePlayed(frame), now)

    def prompt_began(self, now: float) -> None:
        """A prompt plays again, after `NothingSaid`."""
        self._advance(PromptBegan(), now)

    def prompt_stopped(self, now: float) -> None:
        """Nothing is played any more."""
        self._advance(PromptStopped(), now)

    def key(self, now: float) -> None:
        """The caller pressed a key."""
        self._advance(KeyPressed(), now)

    def tick(self, now: float) -> None:
        """Time passed without a frame; wanted at `wake_at()`."""
        self._advance(Tick(), now)

    @property
    def hears_speech(self) -> bool:
        """Whether the caller speaks, or the recogniser has not yet said what it was."""
        return self._turn.state in (TurnState.SPEAKING, TurnState.FINISHING)

    def wake_at(self) -> float | None:
        """When `tick` is wanted if no frame comes."""
        return self._turn.wake_at()

    def close(self) -> None:
        """The caller is gone, or the node was left another way; nobody is told any more."""
        self._drop_hearing()
        self._slot.leave()
        # Whoever is told holds this ear: both would wait for the collector, with their sound.
        self._decided = _tell_nobody
        self._kept.clear()
        self._events.clear()
        self._closed = True

    def _advance(self, event: TurnEvent, now: float) -> None:
        """Take an event, after all decisions of the one that is being taken have been told."""
        if self._closed:
            return
        self._events.append((event, now))
        if self._taking:
            return
        self._taking = True
        try:
            while self._events:
                self._take_event(*self._events.popleft())
        finally:
            self._taking = False

    def _take_event(self, event: TurnEvent, now: float) -> None:
        now = self._latest = max(now, self._latest)
        for decision in self._turn.advance(event, now):
            match decision:
                case SpeechBegan():
                    self._decided(decision)
                    self._begin_hearing(now)
                case FinishHearing():
                    if self._hearing is not None:
                        self._hearing.finish()
                case NothingSaid():
                    self._drop_hearing()
                    self._decided(decision)
                case _:
                    self._decided(decision)
        if self._turn.state is TurnState.OVER:
            self.close()

    def _begin_hearing(self, now: float) -> None:
        mine: list[Hearing] = []  # an answer may come before its hearing has a name here

        def heard(said: Heard) -> None:
            self._hand_over(lambda: self._take(mine[0] if mine else None, said))

        self._hearing = self._slot.hear(heard)
        if self._hearing is None:
            self._advance(HearingFailed("busy"), now)
            return
        mine.append(self._hearing)
        for frame, until in self._kept:
            self._hearing.feed(frame, until)

    def _take(self, source: Hearing | None, said: Heard) -> None:
        if source is self._hearing and source is not None:  # not from an earlier beginning
            self._advance(said, self._clock())

    def _drop_hearing(self) -> None:
        if self._hearing is not None:
            self._hearing.cancel()
            self._hearing = None


def _tell_nobody(_decision: Decision) -> None:
    """The ear is closed."""
