"""Decides which way a caller hears a prompt: by Asterisk's player, or over AudioSocket.

Rules:

1. A caller comes into AudioSocket with the first question, or the first announcement in which a
   word is listened for, and stays there for all that is played,
   so that a prompt follows an answer without a move; music, an agent, the end of the call and a
   question that nobody can hear end it.
2. Whatever happens to the sound, the call goes on the plain way: the prompt is played anew.
3. A question that cannot be asked is `UNHEARD` and costs no caller; the dialogue goes on with keys.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import suppress

import structlog

from ivr.asterisk.audiosocket.conversation import Conversation, SoundLost
from ivr.asterisk.audiosocket.line import NoLine
from ivr.asterisk.audiosocket.player import Samples
from ivr.asterisk.audiosocket.prompt_store import PromptStore, PromptUnusable
from ivr.asterisk.audiosocket.visit import VisitEnd, Visits
from ivr.asterisk.calls import Calls
from ivr.asterisk.errors import AgiCut, AmiError, ChannelGone
from ivr.asterisk.wire_events import ChannelId
from ivr.dialogues.ports import (
    Announcement,
    CallBusy,
    CallGone,
    Question,
    Reply,
    ReplyKind,
    Unheard,
)
from ivr.hearing.counts import At, HearingCounts
from ivr.speech.hearing_desk import HearingDesk, ListeningSlot
from ivr.speech.turn import Grammar
from queues.ids import CallId

log = structlog.get_logger()

_Listen = Callable[[Conversation, list[Samples], ListeningSlot, Grammar], Awaitable[Reply]]


class ListeningCalls:
    """`CallControl` on Asterisk, for callers who may be listened to."""

    def __init__(
        self, calls: Calls, visits: Visits, prompts: PromptStore, hearing: HearingDesk
    ) -> None:
        self._calls = calls
        self._visits = visits
        self._prompts = prompts
        self._hearing = hearing
        self._conversations: dict[CallId, Conversation] = {}
        self.counts = HearingCounts()

    async def answer(self, call: CallId) -> None:
        """Take the call off the hook."""
        await self._calls.answer(call)

    async def play(self, call: CallId, sound: str, *, keys_cut: bool) -> bool:
        """Play one prompt, `<language>/<id>`, to its end; True when a key cut it short."""
        conversation = self._conversations.get(call)
        samples = await self._sound(call, sound) if conversation is not None else None
        if conversation is not None and samples is not None:
            with suppress(SoundLost):
                return await conversation.play(samples, keys_cut=keys_cut)
        await self._leave(call)
        return await self._calls.play(call, sound, keys_cut=keys_cut)

    async def ask(self, call: CallId, question: Question) -> Reply:
        """Ask, and listen to the caller; ends in bounded time."""
        reply = await self._heard(
            call,
            question,
            lambda conversation, *heard: conversation.ask(*heard, question.wait_s),
        )
        self.counts.reply(call, At.QUESTION, reply)
        if reply.kind is ReplyKind.UNHEARD:
            await self._leave(call)
        return reply

    async def announce(self, call: CallId, announcement: Announcement) -> Reply:
        """Play, and listen for a few phrases meanwhile; `UNHEARD` where the plain way must do."""
        reply = await self._heard(call, announcement, Conversation.announce)
        self.counts.reply(call, At.ANNOUNCEMENT, reply)
        return reply

    def hears(self, language: str) -> bool:
        """Whether one more caller of this language could be listened to now, for the welcome.

        It is seen anew at each question.
        """
        return self._hearing.refusal(language) is None

    def not_heard(self, call: CallId, language: str) -> None:
        """Count a new caller who is welcomed as one whom nobody listens to."""
        if (cause := self._hearing.refusal(language)) is not None:
            self.counts.refused(call, cause)

    async def start_music(self, call: CallId) -> None:
        """Music on hold until something else is played or an agent joins."""
        await self._leave(call)
        await self._calls.start_music(call)

    async def call_emergency(self, call: CallId) -> bool:
        """Send the caller to the standing emergency number, out of whatever is played or heard."""
        with suppress(CallBusy):
            await self._leave(call)
        return await self._calls.call_emergency(call)

    async def hang_up(self, call: CallId) -> None:
        """End the call. A call that is gone already is no error."""
        await self._calls.hang_up(call)

    def key_pressed(self, call: CallId) -> None:
        """The caller pressed a key: it cuts what is played here, and wins over words."""
        if (conversation := self._conversations.get(call)) is not None:
            conversation.key_pressed()

    def call_ended(self, call: CallId) -> None:
        """Forget the call."""
        self._calls.call_ended(call)
        self.counts.ended(call)
        if (conversation := self._conversations.pop(call, None)) is not None:
            conversation.visit.line.close()

    async def _heard(self, call: CallId, said: Question | Announcement, listen: _Listen) -> Reply:
        """Play and listen as `listen` does, if there is room; else, or if it fails, `UNHEARD`."""
        human = said.human if isinstance(said, Question) else ()
        grammar = self._hearing.grammar(said.language, said.phrases, human)
        if grammar is None:
            hears = self._hearing.hears(said.language)
            return _unheard(Unheard.NO_WORDS if hears else Unheard.NO_MODEL)
        prompts = [await self._sound(call, sound) for sound in said.sounds]
        slot = self._hearing.listen(said.language, grammar)
        if isinstance(slot, Unheard):
            return _unheard(slot)
        try:
            conversation = await self._conversation(call)
            if conversation is None:
                return _unheard(Unheard.SOUND_LOST)
            played = [samples for samples in prompts if samples is not None]
            reply = await listen(conversation, played, slot, grammar)
            if reply.kind is ReplyKind.UNHEARD:
                await _left(conversation)  # which also tells whether the caller is still there
            return reply
        except (CallGone, CallBusy):
            raise
        except Exception as error:  # whatever failed, keys serve this caller
            log.error("question failed", call=call, exc_info=error)
            return _unheard(Unheard.FAULT)
        finally:
            slot.leave()

    async def _conversation(self, call: CallId) -> Conversation | None:
        """The caller in AudioSocket, brought there if need be; None if that cannot be."""
        known = self._conversations.get(call)
        if known is not None:
            if known.visit.end is None and not known.visit.line.ended.is_set():
                return known
            await self._leave(call)
        try:
            visit = await self._calls.with_link(lambda: self._visits.begin(ChannelId(call)))
        except ChannelGone:
            raise CallGone from None
        except AgiCut:
            raise CallBusy from None
        except (NoLine, AmiError) as error:
            log.warning("no sound for a caller", call=call, error=error.code)
            return None
        conversation = self._conversations[call] = Conversation(visit)
        visit.when_ended(lambda: self._drop(call, conversation))
        return conversation

    def _drop(self, call: CallId, conversation: Conversation) -> None:
        """The visit is over, whoever ended it: the channel is elsewhere, or waits in AGI."""
        if self._conversations.get(call) is conversation:
            del self._conversations[call]

    async def _leave(self, call: CallId) -> None:
        """Bring the caller out of AudioSocket, so that the next command finds the channel."""
        conversation = self._conversations.pop(call, None)
        if conversation is not None:
            await _left(conversation)

    async def _sound(self, call: CallId, name: str) -> Samples | None:
        """A prompt's samples; one that cannot be played is left out, as on the plain way."""
        try:
            return await self._prompts.get(name)
        except PromptUnusable as error:
            log.error("prompt is missing", call=call, prompt=name, error=error.code)
            return None


def _unheard(cause: Unheard) -> Reply:
    return Reply(ReplyKind.UNHEARD, cause=cause)


async def _left(conversation: Conversation) -> None:
    """End the sound. Raises `CallGone` or `CallBusy` when the channel is not ours any more."""
    match await conversation.visit.leave():
        case VisitEnd.GONE:
            raise CallGone
        case VisitEnd.CUT:
            raise CallBusy
        case _:
            pass
