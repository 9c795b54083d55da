"""Who may be listened to: no more callers than can be heard in time, the others use keys.

Waiting for a caller to speak costs the recogniser nothing: only from the beginning of speech on is
sound decoded. So two things are counted:
1. streams under way, of which there may be `capacity`: what the threads decode in real time by the
   measured factor, with a fifth kept free;
2. callers listened to, of whom there may be four for each such stream, for they do not all speak
   at once. One who begins to speak when all streams are taken is lost to keys at that moment.
What a thread can do is measured before the first call and again from the work as it is done. While
sound waits longer than 0.3 s for a thread, or a thread hangs, nobody new is listened to.
"""

from __future__ import annotations

from dataclasses import dataclass

from ivr.dialogues.ports import Unheard
from ivr.speech.recogniser import Hearing, OnHeard, Recogniser
from ivr.speech.turn import Grammar

_USED = 0.8
_LISTENED_TO_PER_STREAM = 4
_LATE_S = 0.3
_FACTOR_UNKNOWN = 0.1
_MEASURED_ANEW_S = 20.0  # of sound


@dataclass(frozen=True, slots=True)
class HearingLoad:
    """For health and metrics: times in seconds, `factor` in seconds of thread for each second.

    `lag_counts` are waits of 100 ms of sound by `LAG_EDGES_S`, `lag_sum_s` is their sum.
    """

    listening: int
    under_way: int
    capacity: int
    lag_s: float
    factor: float
    languages: frozenset[str]
    lag_counts: tuple[int, ...]
    lag_sum_s: float
    hangs: bool = False

    @property
    def is_in_time(self) -> bool:
        """Whether sound is decoded as fast as it comes."""
        return self.lag_s <= _LATE_S


class ListeningSlot:
    """The right to be listened to at one node. Give it back with `leave`, once or more often."""

    def __init__(self, desk: HearingDesk, language: str, grammar: Grammar) -> None:
        self._desk = desk
        self._language = language
        self._grammar = grammar
        self._held = True

    def hear(self, on_heard: OnHeard) -> Hearing | None:
        """A stream for the speech that now begins; None if all are taken."""
        return self._desk.open(self._language, self._grammar, on_heard) if self._held else None

    def leave(self) -> None:
        """The node is over."""
        if self._held:
            self._held = False
            self._desk.release()


class HearingDesk:
    """Lets callers be listened to, by what the recogniser can do.

    All but `measure` belongs to one thread.
    """

    def __init__(self, recogniser: Recogniser) -> None:
        self._recogniser = recogniser
        self._factor = _FACTOR_UNKNOWN
        self._listening = 0
        self._learnt = 0.0, 0.0  # work and sound up to here are in the factor
        self._grammars: dict[
            tuple[str, tuple[str, ...], tuple[str, ...]], Grammar
        ] = {}  # one for each menu

    def measure(self, language: str, sound: bytes, grammar: Grammar) -> float:
        """The load of 2 s of 16-bit sound at 8 kHz, for `set_measured`. Raises `NoModel`.

        Takes about 0.2 s of a processor: in a thread, not on the loop. Changes nothing.
        """
        return self._recogniser.real_time_factor(language, sound, grammar)

    def set_measured(self, factor: float) -> None:
        """Reckon with what was measured of a language; the slowest counts."""
        known = self._factor if self._factor != _FACTOR_UNKNOWN else 0.0
        self._factor = max(known, factor, 0.001)

    @property
    def capacity(self) -> int:
        """How many streams can be heard at once."""
        return max(1, int(self._recogniser.threads * _USED / self._factor))

    def grammar(
        self, language: str, phrases: tuple[str, ...], human: tuple[str, ...] = ()
    ) -> Grammar | None:
        """A grammar of those phrases that the language's model can hear; None if there is none."""
        if language not in self._recogniser.languages():
            return None
        known = self._grammars.get((language, phrases, human))
        if known is None:
            heard = [
                phrase
                for phrase in phrases
                if not self._recogniser.unknown_words(language, phrase.split())
            ]
            if not heard:
                return None
            known = self._grammars[language, phrases, human] = Grammar.of(heard, human=human)
        return known

    def hears(self, language: str) -> bool:
        """Whether there is a model for this language at all."""
        return language in self._recogniser.languages()

    def refusal(self, language: str) -> Unheard | None:
        """Why a caller of this language could not be heard in time now; None if they could."""
        if not self.hears(language):
            return Unheard.NO_MODEL
        if self._recogniser.hangs():
            return Unheard.HUNG
        self._learn()
        if self._recogniser.lag_s() > _LATE_S:
            return Unheard.LAG
        if self._listening >= self.capacity * _LISTENED_TO_PER_STREAM:
            return Unheard.OVERLOAD
        return Unheard.OVERLOAD if self._recogniser.under_way() >= self.capacity else None

    def listen(self, language: str, grammar: Grammar) -> ListeningSlot | Unheard:
        """A slot for one caller at one node, or why keys must do."""
        if (refusal := self.refusal(language)) is not None:
            return refusal
        self._listening += 1
        return ListeningSlot(self, language, grammar)

    def load(self) -> HearingLoad:
        """How things stand."""
        return HearingLoad(
            self._listening,
            self._recogniser.under_way(),
            self.capacity,
            self._recogniser.lag_s(),
            self._factor,
            self._recogniser.languages(),
            *self._recogniser.lag.histogram(),
            hangs=self._recogniser.hangs(),
        )

    def open(self, language: str, grammar: Grammar, on_heard: OnHeard) -> Hearing | None:
        """A stream, if one is free; for `ListeningSlot`."""
        if self._recogniser.under_way() >= self.capacity:
            return None
        return self._recogniser.open(language, grammar, on_heard)

    def release(self) -> None:
        """One slot is given back; for `ListeningSlot`."""
        self._listening -= 1

    def _learn(self) -> None:
        """Follow what the threads really needed, half-way at each look."""
        worked_s, heard_s = self._recogniser.work_done()
        if heard_s - self._learnt[1] >= _MEASURED_ANEW_S:
            recent = (worked_s - self._learnt[0]) / (heard_s - self._learnt[1])
            self._factor = max(0.5 * (self._factor + recent), 0.001)
            self._learnt = worked_s, heard_s
