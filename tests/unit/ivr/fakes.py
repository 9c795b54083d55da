"""A caller's channel without wires, for tests of the driver; it keeps `CallControl`'s promises."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import dataclass, field

from ivr.dialogues.ports import (
    Announcement,
    CallBusy,
    CallGone,
    Question,
    Reply,
    ReplyKind,
    Unheard,
)
from queues.ids import CallId


@dataclass
class FakeCalls:
    """Fulfils `ivr.dialogues.ports.CallControl`. A prompt takes `prompt_s`; `press` cuts it."""

    prompt_s: float = 0.02
    missing: set[str] = field(default_factory=set)
    did: list[tuple[str, str]] = field(default_factory=list)
    gone: set[CallId] = field(default_factory=set)
    joined: set[CallId] = field(default_factory=set)
    deaf: bool = False
    no_emergency: bool = False
    _asked: dict[CallId, asyncio.Future[Reply]] = field(default_factory=dict)
    _cut: dict[CallId, asyncio.Future[None]] = field(default_factory=dict)

    async def answer(self, call: CallId) -> None:
        """Take the call off the hook."""
        self._check(call)
        self.did.append(("answer", ""))

    async def play(self, call: CallId, sound: str, *, keys_cut: bool) -> bool:
        """Play one prompt to its end; True when a key cut it short."""
        self._check(call)
        self.did.append(("play", sound))
        if sound in self.missing:
            return False
        ended = self._cut[call] = asyncio.get_running_loop().create_future()
        try:
            async with asyncio.timeout(self.prompt_s):
                if keys_cut:
                    await ended
                else:
                    await asyncio.Event().wait()
        except TimeoutError:
            self._check(call)
            return False
        finally:
            self._cut.pop(call, None)
        self._check(call)
        return True

    async def ask(self, call: CallId, question: Question) -> Reply:
        """Ask: the prompts, then silence, unless `say` or a key ends it."""
        self._check(call)
        if self.deaf:
            return Reply(ReplyKind.UNHEARD, cause=Unheard.NO_MODEL)
        self.did.append(("ask", " ".join(question.sounds)))
        told = self._asked[call] = asyncio.get_running_loop().create_future()
        try:
            lasts_s = self.prompt_s * len(question.sounds) + question.wait_s
            async with asyncio.timeout(lasts_s):
                reply = await told
        except TimeoutError:
            return Reply(ReplyKind.SILENT)
        finally:
            self.did.append(("asked", ""))
            self._asked.pop(call, None)
        self._check(call)
        return reply

    async def announce(self, call: CallId, announcement: Announcement) -> Reply:
        """Tell: the prompts, unless `say` with one of the phrases or a key ends it."""
        self._check(call)
        if self.deaf:
            return Reply(ReplyKind.UNHEARD)
        told = self._asked[call] = asyncio.get_running_loop().create_future()
        try:
            for sound in announcement.sounds:
                self.did.append(("play", sound))
                with suppress(TimeoutError):
                    async with asyncio.timeout(self.prompt_s):
                        return await asyncio.shield(told)
        finally:
            self._asked.pop(call, None)
        self._check(call)
        return Reply(ReplyKind.SILENT)

    def say(self, call: CallId, phrase: str | None) -> None:
        """The caller says a phrase; None: something that is none."""
        understood = Reply(ReplyKind.UNDERSTOOD, phrase or "")
        self._tell(call, understood if phrase else Reply(ReplyKind.NOT_UNDERSTOOD))

    async def start_music(self, call: CallId) -> None:
        """Music on hold."""
        self._check(call)
        self.did.append(("music", ""))

    async def call_emergency(self, call: CallId) -> bool:
        """The standing emergency number."""
        self._check(call)
        self.did.append(("emergency", ""))
        return not self.no_emergency

    async def hang_up(self, call: CallId) -> None:
        """End the call; no error if it is gone."""
        self.did.append(("hang_up", ""))
        self.gone.add(call)

    def key_pressed(self, call: CallId) -> None:
        """A key cuts what may be cut."""
        self.cut(call)

    def call_ended(self, call: CallId) -> None:
        """The channel is gone."""
        self.gone.add(call)
        self.cut(call)

    def cut(self, call: CallId) -> None:
        """Something ends what is played: a key, or with `gone` or `joined` set before, that."""
        self._tell(call, Reply(ReplyKind.KEY))
        if (ended := self._cut.get(call)) is not None and not ended.done():
            ended.set_result(None)

    def _tell(self, call: CallId, reply: Reply) -> None:
        if (told := self._asked.get(call)) is not None and not told.done():
            told.set_result(reply)

    def _check(self, call: CallId) -> None:
        if call in self.gone:
            raise CallGone
        if call in self.joined:
            raise CallBusy
