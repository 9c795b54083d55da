"""What a listening turn is told, and what it decides. Words never stand in a repr.

All times are seconds of one clock of the caller's choosing that never runs backwards. The time of
a frame is that of its end.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum

from ivr.speech.turn.verdict import Verdict
from ivr.speech.turn.voice import Frame


@dataclass(frozen=True, slots=True)
class FrameHeard:
    """The next 20 ms from the caller."""

    samples: Frame = field(repr=False)


@dataclass(frozen=True, slots=True)
class FramePlayed:
    """The 20 ms that leave for the caller now; None: silence."""

    samples: Frame | None = field(repr=False)


@dataclass(frozen=True, slots=True)
class PromptBegan:
    """A prompt is played again, after what had stopped it held no word: silence is no answer."""


@dataclass(frozen=True, slots=True)
class PromptStopped:
    """Nothing is played any more: from now on the caller's silence counts."""


@dataclass(frozen=True, slots=True)
class PartialHeard:
    """What the recogniser makes of the sound up to `until`; it may still change its mind."""

    text: str = field(repr=False)
    until: float


@dataclass(frozen=True, slots=True)
class FinalHeard:
    """The recogniser's last word, after `FinishHearing`. See `verdict` for the two measures."""

    text: str = field(repr=False)
    confidence: float
    competing: float | None


@dataclass(frozen=True, slots=True)
class KeyPressed:
    """The caller pressed a key at this node; which one is the dialogue's business."""


@dataclass(frozen=True, slots=True)
class HearingFailed:
    """The recogniser died, lags, or has no room; `why` is a stable word without anything heard."""

    why: str


@dataclass(frozen=True, slots=True)
class Tick:
    """Time passed, perhaps without a frame. Wanted at `Turn.wake_at()`, harmless at any time."""


TurnEvent = (
    FrameHeard
    | FramePlayed
    | PromptBegan
    | PromptStopped
    | PartialHeard
    | FinalHeard
    | KeyPressed
    | HearingFailed
    | Tick
)


class EndCause(Enum):
    """Why an utterance was taken as ended."""

    PHRASE = "a phrase that nothing continues, and a short quiet"
    SILENCE = "a longer silence"


@dataclass(frozen=True, slots=True)
class SpeechBegan:
    """The caller speaks: stop the prompt, and let the recogniser hear all from `since` on."""

    since: float


@dataclass(frozen=True, slots=True)
class FinishHearing:
    """The recogniser shall give its last word on what it has."""


@dataclass(frozen=True, slots=True)
class Utterance:
    """The caller said something; the turn is over. `spoken_until` is the end of their sound."""

    text: str = field(repr=False)
    verdict: Verdict
    confidence: float
    competing: float | None
    cause: EndCause
    spoken_until: float


@dataclass(frozen=True, slots=True)
class NothingSaid:
    """What seemed speech held no word (a long cough, a voice far off); the turn goes on."""


@dataclass(frozen=True, slots=True)
class NoSpeech:
    """The caller said nothing in the time given; the turn is over."""


@dataclass(frozen=True, slots=True)
class TooLong:
    """The caller never stopped talking, or it is a radio; the turn is over."""


@dataclass(frozen=True, slots=True)
class KeyWon:
    """A key was pressed first; the turn is over, and what was being said no longer counts."""


@dataclass(frozen=True, slots=True)
class HearingLost:
    """Nobody can hear this caller now; the turn is over, keys go on. `why` as it was reported."""

    why: str


Decision = (
    SpeechBegan
    | FinishHearing
    | Utterance
    | NothingSaid
    | NoSpeech
    | TooLong
    | KeyWon
    | HearingLost
)
