"""When a caller's turn at a listening node begins to be speech, and when and how it ends.

    WAITING    nobody speaks; a prompt may play. Speech begins: `SpeechBegan` -> SPEAKING.
               Silence for `no_speech_s` after the prompt: `NoSpeech` -> OVER.
    SPEAKING   the recogniser hears. `FinishHearing` -> FINISHING as soon as
               a) it gives a phrase that nothing continues, from sound at least `settled_s` past
                  the caller's last sound, and it is quiet for `phrase_s`; or
               b) it is quiet for `open_s` (`digits_s` where digits are said).
               Noise without a voice counts as quiet after `noise_s` more.
               Talking for `longest_s`: `TooLong` -> OVER, and nothing begins again on this line
               until it has been quiet for 0.3 s: whoever talks on, or music, stops no prompt twice.
    FINISHING  the recogniser's last word makes the `Utterance` -> OVER. Without a word it is a
               refused one if there was a voice for `word_s`; else, as after a cough:
               `NothingSaid` -> WAITING (a prompt may begin again: `PromptBegan`), the third time
               `NoSpeech` -> OVER.
               No last word within `final_s`: `HearingLost` -> OVER.
    OVER       nothing follows any more.

A turn that only listens for something (`listens_for`) stops no prompt and ends with one of those
phrases, surely said or said twice in a row; whatever else is said, or never ends, is `NothingSaid`
-> WAITING, any number of times, and silence does not count.

In each state but OVER a key makes `KeyWon` and a failed recogniser `HearingLost`, both -> OVER.
A partial or last word that comes when nobody waits for it is from an earlier beginning: ignored.
Each beginning thus has exactly one end. Pure: time comes in as `now` and never runs backwards.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from ivr.speech.turn.echo import EchoGuard
from ivr.speech.turn.events import (
    Decision,
    EndCause,
    FinalHeard,
    FinishHearing,
    FrameHeard,
    FramePlayed,
    HearingFailed,
    HearingLost,
    KeyPressed,
    KeyWon,
    NoSpeech,
    NothingSaid,
    PartialHeard,
    PromptBegan,
    PromptStopped,
    SpeechBegan,
    Tick,
    TooLong,
    TurnEvent,
    Utterance,
)
from ivr.speech.turn.grammar import Fit, Grammar
from ivr.speech.turn.verdict import (
    IN_PASSING,
    Limits,
    Verdict,
    human_in_sentence,
    judge,
    longest_s,
)
from ivr.speech.turn.voice import FRAME_S, VoiceDetector

_VANISHED_AT_MOST = 3
_ECHO_AGAIN_S = 0.07


class TurnState(Enum):
    """Where a turn is."""

    WAITING = "nobody speaks yet"
    SPEAKING = "the caller speaks"
    FINISHING = "the recogniser is asked for its last word"
    OVER = "ended"


@dataclass(frozen=True, slots=True)
class Patience:
    """How long each thing is waited for, in seconds."""

    no_speech_s: float = 5.0
    phrase_s: float = 0.24
    settled_s: float = 0.1
    open_s: float = 0.7
    digits_s: float = 1.5
    noise_s: float = 0.4
    longest_s: float = 6.0
    word_s: float = 0.4
    final_s: float = 0.6


class Turn:
    """One caller's turn at one node. `voice` belongs to the call and knows its line's noise.

    With `prompt_plays` silence counts from `PromptStopped`, else from the first event. With
    `listens_for` the caller is told something and asked nothing; only these phrases count.
    """

    def __init__(
        self,
        grammar: Grammar,
        *,
        voice: VoiceDetector,
        prompt_plays: bool,
        patience: Patience | None = None,
        limits: Limits | None = None,
        listens_for: frozenset[str] | None = None,
    ) -> None:
        self.state = TurnState.WAITING
        self._grammar = grammar
        self._voice = voice
        self._echo = EchoGuard()
        self._patience = patience or Patience()
        self._limits = limits or (Limits() if listens_for is None else IN_PASSING)
        self._silent_since: float | None = None
        self._listens_for = listens_for
        self._prompt_plays = prompt_plays or listens_for is not None
        self._unsure = ""
        self._vanished = 0
        self._echo_until = 0.0
        self._began = self._last_loud = self._last_voiced = self._asked = 0.0
        self._partial: PartialHeard | None = None
        self._cause = EndCause.SILENCE
        self._voice.start_over()

    def advance(self, event: TurnEvent, now: float) -> tuple[Decision, ...]:
        """Take one event at time `now`; says what is decided by it, mostly nothing."""
        if self.state is TurnState.OVER:
            return ()
        if self._silent_since is None and not self._prompt_plays:
            self._silent_since = now
        match event:
            case KeyPressed():
                return self._end(KeyWon())
            case HearingFailed(why):
                return self._end(HearingLost(why))
            case FramePlayed(samples):
                self._echo.play(samples)
                return ()
            case PromptBegan() if self.state is TurnState.WAITING:
                self._prompt_plays, self._silent_since = True, None
            case PromptStopped():
                self._prompt_plays = False
                self._silent_since = now
            case FrameHeard():
                begun = self._hear(event, now)
                if begun:
                    return begun
            case PartialHeard() if self.state is TurnState.SPEAKING:
                self._partial = event
            case FinalHeard() if self.state is TurnState.FINISHING:
                return self._conclude(event, now)
            case Tick() | PartialHeard() | FinalHeard() | PromptBegan():
                pass
        return self._look_at_time(now)

    def wake_at(self) -> float | None:
        """When a `Tick` is wanted if no frame comes; None while a prompt plays, and when over."""
        match self.state:
            case TurnState.WAITING if self._silent_since is not None:
                return self._silent_since + self._patience.no_speech_s
            case TurnState.SPEAKING:
                return self._last_loud + self._quiet_wanted()
            case TurnState.FINISHING:
                return self._asked + self._patience.final_s
            case _:
                return None

    def _hear(self, event: FrameHeard, now: float) -> tuple[Decision, ...]:
        sounding = self._voice.hear(event.samples)
        self._echo.hear(event.samples)
        if sounding.loud:
            self._last_loud = now
        if sounding.voiced:
            self._last_voiced = now
        if self.state is not TurnState.WAITING:
            return ()
        if not self._voice.speech_began() or self._is_echo(now):
            return ()
        self.state = TurnState.SPEAKING
        self._prompt_plays = self._listens_for is not None
        self._began, self._partial = now, None
        self._last_loud = self._last_voiced = now
        return (SpeechBegan(since=now - self._voice.loud_frames() * FRAME_S),)

    def _is_echo(self, now: float) -> bool:
        """Whether it is our prompt that comes back; asked anew after a pause, for it costs 1 ms."""
        if now < self._echo_until:
            return True
        if not self._echo.is_echo():
            return False
        self._echo_until = now + _ECHO_AGAIN_S
        return True

    def _look_at_time(self, now: float) -> tuple[Decision, ...]:
        match self.state:
            case TurnState.WAITING:
                limit = self._patience.no_speech_s
                silent = self._silent_since is not None and now - self._silent_since >= limit
                if silent and not self._may_be_beginning(now):
                    return self._end(NoSpeech())
            case TurnState.SPEAKING:
                return self._look_for_end(now)
            case TurnState.FINISHING if now - self._asked >= self._patience.final_s:
                return self._end(HearingLost("late"))
            case _:
                pass
        return ()

    def _may_be_beginning(self, now: float) -> bool:
        """Whether the silence ran out within the first sound of a word."""
        within = self._silent_since is not None and (
            now - self._silent_since < self._patience.no_speech_s + 0.3
        )
        return within and now - self._last_voiced < 0.1 and self._last_voiced > 0

    def _look_for_end(self, now: float) -> tuple[Decision, ...]:
        quiet = max(now - self._last_loud, now - self._last_voiced - self._patience.noise_s)
        if self._phrase_stands() and quiet >= self._patience.phrase_s:
            return self._finish(EndCause.PHRASE, now)
        if quiet >= self._quiet_wanted():
            return self._finish(EndCause.SILENCE, now)
        if now - self._began >= self._patience.longest_s:
            self._voice.wait_for_quiet()
            return self._end(TooLong()) if self._listens_for is None else self._pass_over()
        return ()

    def _phrase_stands(self) -> bool:
        """Whether a phrase that nothing continues was heard from all of the caller's sound."""
        if self._partial is None or self._grammar.fit(self._partial.text) is not Fit.COMPLETE:
            return False
        sound_ended = min(self._last_loud, self._last_voiced + self._patience.noise_s)
        return self._partial.until >= sound_ended + self._patience.settled_s

    def _quiet_wanted(self) -> float:
        return self._patience.digits_s if self._grammar.digits else self._patience.open_s

    def _finish(self, cause: EndCause, now: float) -> tuple[Decision, ...]:
        self.state, self._cause, self._asked = TurnState.FINISHING, cause, now
        return (FinishHearing(),)

    def _conclude(self, final: FinalHeard, now: float) -> tuple[Decision, ...]:
        text = self._without_tail(final.text.strip())
        if text:
            verdict, phrase = self._verdict(text, final)
            if self._listens_for is not None:
                before, self._unsure = self._unsure, ""
                if text not in self._listens_for or verdict is Verdict.REFUSED:
                    return self._pass_over()
                if text != before and (verdict is Verdict.UNSURE or final.competing is None):
                    self._unsure = text
                    return self._pass_over()
                verdict = Verdict.UNDERSTOOD
            said = Utterance(
                phrase,
                verdict,
                final.confidence,
                final.competing,
                self._cause,
                spoken_until=self._last_loud,
            )
            return self._end(said)
        if self._listens_for is not None:
            return self._pass_over()
        if self._last_voiced - self._began >= self._patience.word_s:
            nothing = Utterance("", Verdict.REFUSED, 0.0, None, self._cause, self._last_loud)
            return self._end(nothing)  # too long for a cough: a word that nobody understood
        self._vanished += 1
        if self._vanished >= _VANISHED_AT_MOST:
            return self._end(NoSpeech())
        self.state, self._silent_since, self._partial = TurnState.WAITING, now, None
        self._voice.start_over()
        return (NothingSaid(),)

    def _verdict(self, text: str, final: FinalHeard) -> tuple[Verdict, str]:
        """What the answer is worth, and the phrase that is meant by it."""
        if self._last_loud - self._began > longest_s(text):
            return Verdict.REFUSED, text
        grammar, limits = self._grammar, self._limits
        verdict = judge(text, final.confidence, final.competing, grammar=grammar, limits=limits)
        if self._listens_for is None and grammar.fit(text) not in (Fit.OPEN, Fit.COMPLETE):
            human = human_in_sentence(text, final.competing, grammar=grammar, limits=limits)
            return (Verdict.UNDERSTOOD, human) if human else (verdict, text)
        return verdict, text

    def _pass_over(self) -> tuple[Decision, ...]:
        """It was nothing that is listened for: the next beginning may be."""
        self.state, self._silent_since, self._partial = TurnState.WAITING, None, None
        self._voice.start_over()
        return (NothingSaid(),)

    def _without_tail(self, text: str) -> str:
        """The phrase that ended the turn, without words heard into the quiet behind it."""
        if self._cause is EndCause.PHRASE and self._partial is not None:
            phrase = " ".join(self._partial.text.split())
            if text.startswith(f"{phrase} "):
                return phrase
        return text

    def _end(self, *decided: Decision) -> tuple[Decision, ...]:
        self.state = TurnState.OVER
        return decided
