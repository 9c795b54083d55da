"""Decides what a caller in AudioSocket hears, and which of their sound a question is asked of.

Rules:

1. One thing at a time: a prompt that is played, or a question with its prompts.
2. A question's prompts stop with the caller's first syllable, a key or its cancellation, in the
   next 20 ms. What began like speech and held no word (a cough) lets them go on, from a little
   before the place where they stopped.
3. A question has exactly one reply, unless it is cancelled. A line that ends is a reply too, and so
   is a time in which any turn would have ended: the caller is then to be asked another way.
4. A phrase that is unsure is asked again, and taken when the same one is heard twice in a row.
5. What is announced is played to its end, to a key, or to one of the phrases that are listened for
   meanwhile. Whatever else is said stops nothing, and a recogniser that fails is not missed. Speech
   that goes on at the end is heard out, so that the next question does not begin within a word.
6. How loud the caller's line is when nobody speaks is learnt from all questions together.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from time import monotonic

import structlog

from ivr.asterisk.audiosocket.line import HeardFrame, Line
from ivr.asterisk.audiosocket.player import Playback, PlayEnd, Samples
from ivr.asterisk.audiosocket.visit import Visit
from ivr.dialogues.ports import Reply, ReplyKind, Unheard
from ivr.speech.ear import Ear
from ivr.speech.hearing_desk import ListeningSlot
from ivr.speech.turn import (
    FRAME_S,
    RATE,
    Decision,
    Grammar,
    HearingLost,
    KeyWon,
    NoSpeech,
    NothingSaid,
    Patience,
    SpeechBegan,
    TooLong,
    Turn,
    Utterance,
    Verdict,
    VoiceDetector,
)

_LOOK_S = 0.1
_LINE_ENDED = "the line ended"
_NO_END = "no end was told"
_CAUSES = {
    "busy": Unheard.OVERLOAD,
    "lagging": Unheard.LAG,
    "late": Unheard.LAG,
    "died": Unheard.DIED,
    _LINE_ENDED: Unheard.SOUND_LOST,
}
_STALLED_S = 30.0  # a prompt that takes so much longer than it is plays to nobody; a turn alike
_BEGINNINGS = 3  # after so many without a word a turn is over
_AGAIN_FROM = RATE  # samples before the place where a prompt was stopped for nothing


log = structlog.get_logger()


class SoundLost(Exception):
    """The line ended before the sound did; the visit says where the call is now."""


class Conversation:
    """One caller in AudioSocket who is spoken to and listened to, until the visit is left."""

    def __init__(self, visit: Visit) -> None:
        self.visit = visit
        self._voice = VoiceDetector()
        self._asked: _Asked | None = None
        self._key_cuts = False  # what is played now
        self._unsure = ""  # the phrase of the last question, if it was not sure

    def __repr__(self) -> str:
        return f"Conversation({self.visit.channel})"

    def key_pressed(self) -> None:
        """The caller pressed a key."""
        if self._key_cuts:
            self.visit.line.stop()
        if self._asked is not None:
            self._asked.key()

    async def play(self, samples: Samples, *, keys_cut: bool) -> bool:
        """Play to the end; True when a key cut it short. Raises SoundLost."""
        line = self.visit.line
        playback = line.play(samples)
        self._key_cuts = keys_cut
        try:
            end = await line.played(playback, len(samples) / RATE + _STALLED_S)
        except TimeoutError:
            log.error("a prompt stood still", call=self.visit.channel)
            raise SoundLost from None
        finally:
            self._key_cuts = False
            line.stop()
        if end is PlayEnd.LINE_ENDED:
            raise SoundLost
        return end is PlayEnd.STOPPED

    async def ask(
        self, prompts: Sequence[Samples], slot: ListeningSlot, grammar: Grammar, wait_s: float
    ) -> Reply:
        """Ask once. `slot` is given back whatever happens."""
        asked = _Asked(self.visit.line, prompts, slot, grammar, wait_s, self._voice)
        decision = await self._decision(asked)
        before, self._unsure = self._unsure, ""
        if isinstance(decision, Utterance) and decision.verdict is Verdict.UNSURE:
            if decision.text != before:
                self._unsure = decision.text
                return Reply(ReplyKind.NOT_UNDERSTOOD)
            return Reply(ReplyKind.UNDERSTOOD, decision.text)
        return _reply_to(decision)

    async def announce(
        self,
        prompts: Sequence[Samples],
        slot: ListeningSlot,
        grammar: Grammar,
    ) -> Reply:
        """Tell something, and listen for the phrases. `slot` is given back whatever happens."""
        self._unsure = ""
        told = _Asked(self.visit.line, prompts, slot, grammar, None, self._voice)
        return _reply_to(await self._decision(told))

    async def _decision(self, asked: _Asked) -> Decision:
        self._asked = asked
        try:
            async with asyncio.timeout(asked.longest_s):
                return await asked.decision()
        except TimeoutError:  # somebody must go on with this caller
            log.error("a question without an end", call=self.visit.channel)
            return HearingLost(_NO_END)
        finally:
            self._asked = None
            asked.end()


class _Asked:
    """One question: its prompts on the line, the caller's frames to the ear.

    Without `wait_s` nothing is asked: the prompts are played, and the grammar's phrases listened
    for meanwhile.
    """

    def __init__(
        self,
        line: Line,
        prompts: Sequence[Samples],
        slot: ListeningSlot,
        grammar: Grammar,
        wait_s: float | None,
        voice: VoiceDetector,
    ) -> None:
        loop = asyncio.get_running_loop()
        self._line = line
        self._left = list(prompts)  # what of the prompts was not yet played to its end
        self._playing: list[Playback] = []  # of each of them
        self._end: asyncio.Future[Decision] = loop.create_future()
        self._tells = wait_s is None
        patience = Patience() if wait_s is None else Patience(no_speech_s=wait_s)
        self.longest_s = _longest_s(prompts, patience)
        turn = Turn(
            grammar,
            voice=voice,
            prompt_plays=bool(prompts),
            patience=patience,
            listens_for=grammar.phrases if wait_s is None else None,
        )
        self.ear = Ear(
            turn,
            slot,
            decided=self._decided,
            hand_over=lambda call: _hand_over(loop, call),
            clock=monotonic,
        )

    async def decision(self) -> Decision:
        """Play, listen, and give the decision that ends the turn."""
        self._line.watch(self._heard, lambda frame: self.ear.play(frame, monotonic()))
        self._play_on()
        while not self._end.done():
            if self._line.ended.is_set():
                return HearingLost(_LINE_ENDED)
            wake = self.ear.wake_at()
            left_s = _LOOK_S if wake is None else wake - monotonic()
            await asyncio.wait({self._end}, timeout=min(max(left_s, FRAME_S), _LOOK_S))
            self.ear.tick(monotonic())  # for a phone that sends nothing
        return self._end.result()

    def end(self) -> None:
        """Nothing more is played, heard or decided."""
        self._line.unwatch()
        self._left.clear()
        self._line.stop()
        self.ear.close()

    def key(self) -> None:
        """The caller pressed a key, which also counts where nobody listens any more."""
        self.ear.key(monotonic())
        if not self._end.done():
            self._line.stop()
            self._end.set_result(KeyWon())

    def _heard(self, frame: HeardFrame) -> None:
        if not self._end.done():
            self.ear.hear(frame.samples, frame.at_s)

    def _play_on(self) -> None:
        """Play what is left of the prompts; the silence after the last of them counts."""
        self._playing = [self._line.play(samples, on_end=self._played) for samples in self._left]

    def _played(self, playback: Playback) -> None:
        if playback.end is not PlayEnd.PLAYED:
            return
        del self._left[0], self._playing[0]
        if self._left:
            return
        if self._tells:
            self._told()
        else:
            self.ear.prompt_stopped(monotonic())

    def _told(self) -> None:
        """All was said; whoever is speaking is heard out."""
        if not self._left and not self.ear.hears_speech and not self._end.done():
            self._end.set_result(NoSpeech())

    def _stop_prompts(self) -> None:
        """Stop, and keep what was not heard."""
        self._line.stop()
        if self._left:
            heard_to = self._playing[0].played
            self._left[0] = self._left[0][max(0, heard_to - _AGAIN_FROM) :]

    def _decided(self, decision: Decision) -> None:
        match decision:
            case SpeechBegan() if self._tells:
                pass
            case NothingSaid() | HearingLost() if self._tells:
                self._told()
            case SpeechBegan():
                self._stop_prompts()
            case NothingSaid():
                if self._left:
                    self.ear.prompt_began(monotonic())
                    self._play_on()
            case _:
                self._line.stop()
                if not self._end.done():
                    self._end.set_result(decision)


def _longest_s(prompts: Sequence[Samples], patience: Patience) -> float:
    """No question takes longer: each beginning stops the prompts once, and then they go on."""
    played_s = (sum(map(len, prompts)) + _BEGINNINGS * _AGAIN_FROM) / RATE
    turn_s = patience.longest_s + patience.final_s + patience.no_speech_s
    return played_s + _BEGINNINGS * turn_s + _STALLED_S


def _hand_over(loop: asyncio.AbstractEventLoop, call: Callable[[], None]) -> None:
    """Bring what a recogniser's thread says into the loop; too late when that has ended."""
    with suppress(RuntimeError):
        loop.call_soon_threadsafe(call)


def _reply_to(decision: Decision) -> Reply:
    """What the end of a turn means, but for a phrase that is unsure."""
    match decision:
        case Utterance(text=text, verdict=Verdict.UNDERSTOOD):
            return Reply(ReplyKind.UNDERSTOOD, text)
        case Utterance():
            return Reply(ReplyKind.NOT_UNDERSTOOD)
        case TooLong():
            return Reply(ReplyKind.TALKED_ON)
        case NoSpeech():
            return Reply(ReplyKind.SILENT)
        case KeyWon():
            return Reply(ReplyKind.KEY)
        case HearingLost(why):
            return Reply(ReplyKind.UNHEARD, cause=_CAUSES.get(why, Unheard.FAULT))
        case _:
            raise AssertionError(f"{type(decision).__name__} ends no turn")
