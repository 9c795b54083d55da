"""Callers' channels: what the dialogue wishes, said in AGI commands, one at a time."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection
from itertools import chain, repeat
from pathlib import Path
from typing import TypeVar

import structlog

from ivr.asterisk import wire_actions as wire
from ivr.asterisk.agi import AgiDesk
from ivr.asterisk.client import AmiClient
from ivr.asterisk.config import MUSIC, SOUNDS, STANDING
from ivr.asterisk.errors import (
    ActionRefused,
    ActionTimedOut,
    AgiCut,
    AgiTimedOut,
    ChannelGone,
    LinkLost,
)
from ivr.asterisk.wire_actions import AgiCommand
from ivr.asterisk.wire_events import AgiAnswer, ChannelId, ChannelListed
from ivr.dialogues.ports import CallBusy, CallGone
from queues.ids import CallId

log = structlog.get_logger()

_SHORT_S = 6.0  # longer than the link's own deadline, so that its error is the one told
_HANG_UP_AGAIN_S = (0.0, 1.0, 5.0, 30.0)
_LONGEST_PROMPT_S = 90.0
_KEYS = "0123456789*#"
_HUNG_UP = -1

T = TypeVar("T")


class Calls:
    """`CallControl` but for questions, by Asterisk's own player. A call's id is its channel's."""

    def __init__(self, client: AmiClient, desk: AgiDesk, prompts: Path) -> None:
        self._client = client
        self._desk = desk
        self._prompts = prompts
        self._known_alive = asyncio.Event()
        self._sent_to_help: set[CallId] = set()  # to the standing emergency number, and not back
        self._listed_at_help: frozenset[CallId] = frozenset()

    def link_lost(self) -> None:
        """From here on nobody knows which channels live; commands wait."""
        self._known_alive.clear()

    def looked_up(self, channels: Collection[ChannelListed] = ()) -> frozenset[CallId]:
        """The desk knows again which channels live; `channels` are all of them.

        Gives the callers who came back from the emergency number while nobody heard it.
        """
        listed = {CallId(each.channel): each for each in channels}
        at_help = (call for call, each in listed.items() if each.context == STANDING)
        self._listed_at_help = frozenset(at_help)
        back = frozenset(c for c in self._sent_to_help if c in listed and listed[c].in_agi)
        self._sent_to_help -= back
        self._known_alive.set()
        return back

    def back_from_help(self, call: CallId) -> None:
        """The caller is back from the emergency number, and that was heard."""
        self._sent_to_help.discard(call)

    async def answer(self, call: CallId) -> None:
        """Take the call off the hook."""
        await self._agi(call, wire.answer(), _SHORT_S)

    async def play(self, call: CallId, sound: str, *, keys_cut: bool) -> bool:
        """Play one prompt, `<language>/<id>`, to its end; True when a key cut it short."""
        if not (self._prompts / f"{sound}.wav").is_file():
            # Asterisk would hang up on the caller; without the prompt the dialogue goes on.
            log.error("prompt is missing", call=call, prompt=sound)
            return False
        command = wire.stream_file(f"{SOUNDS}/{sound}", _KEYS if keys_cut else "")
        answer = await self._agi(call, command, _LONGEST_PROMPT_S)
        if answer.number == _HUNG_UP:
            raise CallGone
        return answer.key is not None

    async def start_music(self, call: CallId) -> None:
        """Music on hold; Asterisk answers at once and plays on."""
        await self._agi(call, wire.music_on(MUSIC), _SHORT_S)

    async def call_emergency(self, call: CallId) -> bool:
        """Send the caller to the dialplan that dials the standing emergency number."""
        channel, was_sent = ChannelId(call), False
        there = wire.redirect(channel, context=STANDING, exten="s")
        while True:
            await self._known_alive.wait()
            self._sent_to_help.add(call)  # before the caller can be back
            if was_sent and call in self._listed_at_help:  # once more would cut that talk
                return True
            # Nothing more is sent to it: a timeout set now would end that talk.
            self._desk.reserve_for_bridge(channel)
            try:
                await self._client.send(there)
            except LinkLost as lost:
                self._sent_to_help.discard(call)
                self._known_alive.clear()
                was_sent = was_sent or lost.sent
            except ActionRefused:
                self._sent_to_help.discard(call)
                raise CallGone from None
            except ActionTimedOut as error:
                log.error("an emergency call was not taken", call=call, error=error.code)
                self._sent_to_help.discard(call)
                self._desk.release(channel)
                return False
            else:
                return True

    async def hang_up(self, call: CallId) -> None:
        """End the call, however long that takes. A call that is gone already is no error."""
        for pause_s in chain(_HANG_UP_AGAIN_S, repeat(_HANG_UP_AGAIN_S[-1])):
            try:
                await self.with_link(lambda: self._client.send(wire.hangup(ChannelId(call))))
            except ActionRefused:
                return
            except ActionTimedOut:
                # Nobody else would end it; hanging up twice does no harm.
                log.warning("hang-up not answered", call=call, again_in_s=pause_s)
                await asyncio.sleep(pause_s)
            else:
                return

    def key_pressed(self, call: CallId) -> None:
        """Asterisk itself cuts what its keys may cut."""

    def call_ended(self, call: CallId) -> None:
        """Forget the call."""
        self._sent_to_help.discard(call)

    async def fetch(self, call: CallId) -> None:
        """Bring a channel that nobody drives back to the start of the loop that gives it to us."""
        await self._client.send(wire.redirect(ChannelId(call), context="fz-hold", exten="back"))

    async def _agi(self, call: CallId, command: AgiCommand, deadline_s: float) -> AgiAnswer:
        channel = ChannelId(call)
        try:
            return await self.with_link(
                lambda: self._desk.run(channel, command, deadline_s=deadline_s)
            )
        except ChannelGone:
            raise CallGone from None
        except AgiCut:
            raise CallBusy from None
        except (AgiTimedOut, ActionTimedOut, ActionRefused) as error:
            log.warning("command not answered", call=call, error=error.code)
            return AgiAnswer(code=0, result="")

    async def with_link(self, send: Callable[[], Awaitable[T]]) -> T:
        """Send; after a lost link wait and send again, harmless for what a caller hears."""
        while True:
            await self._known_alive.wait()
            try:
                return await send()
            except LinkLost:
                self._known_alive.clear()
