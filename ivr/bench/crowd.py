"""Callers on real SIP and RTP who speak in menus, and what their own wire says of each word."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

from ivr.bench.words import MENU, WORDS, word
from ivr.caller.phone import CallerPhone, SipServer, caller_phone
from ivr.caller.word import Word
from ivr.runfile import RunFile

_DIAL_S = 20.0
_FIRST_SOUND_S = 10.0
_ANSWER_S = 1.0
_SILENT_S = 0.2
_LOOK_S = 0.05


@dataclass(frozen=True, slots=True)
class SpokenTurn:
    """One word on the wire, in seconds; None where it did not come about.

    `answer_after_s` runs from its last loud frame to the next audible packet after a silence, and
    is negative where that came before the word was over; `silence_after_s` from its first loud
    frame to the last audible packet of the prompt it interrupted.
    """

    answer_after_s: float | None
    silence_after_s: float | None


class TalkingCaller:
    """One caller who waits for prompts and says words into them or after them."""

    def __init__(self, phone: CallerPhone, seed: int) -> None:
        self._phone = phone
        self._chance = random.Random(seed)  # noqa: S311  (which words, no secret)

    async def hears_something(self, since_s: float, within_s: float = _FIRST_SOUND_S) -> float:
        """The time of the first audible packet from `since_s` on; raises TimeoutError."""
        async with asyncio.timeout(within_s):
            while not (packets := self._phone.audible.packets(since_s)):  # noqa: ASYNC110  (a wire, not one event)
                await asyncio.sleep(_LOOK_S)
        return packets[0].arrived_s

    async def waits(self, for_s: float) -> None:
        """Let time pass; what was heard is let go of."""
        until = self._phone.now_s + for_s
        while (left := until - self._phone.now_s) > 0:
            await asyncio.sleep(min(left, 0.5))
            self._phone.heard()

    async def waits_for_quiet(self, for_s: float = 0.4) -> None:
        """Come back when nothing was audible for so long."""
        while self._phone.audible.packets(self._phone.now_s - for_s):
            await asyncio.sleep(_LOOK_S)
            self._phone.heard()

    async def says_a_word(self, *, over_a_prompt: bool) -> SpokenTurn:
        """Say one of the menu's words, and see what the wire does."""
        voice = self._chance.choice(sorted(WORDS))
        text = self._chance.choice([w for w in WORDS[voice] if w in MENU])
        spoken = Word()
        await self._phone.say(word(text, voice), spoken)
        if spoken.from_at is None or spoken.until_at is None or self._phone.answered_at is None:
            return SpokenTurn(None, None)
        began = spoken.from_at - self._phone.answered_at
        over = spoken.until_at - self._phone.answered_at
        await self.waits(_ANSWER_S)
        return self._turn(began, over, over_a_prompt=over_a_prompt)

    def _turn(self, began: float, over: float, *, over_a_prompt: bool) -> SpokenTurn:
        audible = [p.arrived_s for p in self._phone.audible.packets(began - 0.5)]
        before = [at for at in audible if began - _SILENT_S < at <= began] if over_a_prompt else []
        last = before[-1] if before else began
        if over_a_prompt:
            for at in (at for at in audible if at > last):
                if at - last >= _SILENT_S:
                    break
                last = at
        answered = next((at for at in audible if at > last and at >= began), None)
        return SpokenTurn(
            None if answered is None else answered - over,
            last - began if before else None,
        )

    async def hangs_up(self) -> None:
        """End the call."""
        await self._phone.hang_up()


@asynccontextmanager
async def calling(run: RunFile, number: str, seed: int) -> AsyncIterator[TalkingCaller]:
    """A caller on the line, hung up afterwards. Raises `CallFailed`."""
    account = run.callers[seed % len(run.callers)]
    server = SipServer(run.sip_host, run.sip_port, account.username, account.password)
    async with caller_phone(server) as phone:
        await phone.dial(number, _DIAL_S)
        yield TalkingCaller(phone, seed)


async def words_in_menus(
    run: RunFile, number: str, *, seeds: Sequence[int], words: int
) -> list[SpokenTurn]:
    """All these callers at once, each saying so many words, by turns after and over a prompt.

    The line's first menu asks shortly, the menu after a word has a long prompt, and so on by turns.
    """

    async def one(seed: int) -> list[SpokenTurn]:
        turns: list[SpokenTurn] = []
        await asyncio.sleep(0.35 * seed % 3)
        async with calling(run, number, seed) as caller:
            await caller.hears_something(0.0)
            for _ in range(words // 2):
                await caller.waits_for_quiet()
                turns.append(await caller.says_a_word(over_a_prompt=False))
                await caller.waits(0.7)
                turns.append(await caller.says_a_word(over_a_prompt=True))
        return turns

    async with asyncio.TaskGroup() as tasks:
        callers = [tasks.create_task(one(seed)) for seed in seeds]
    return [turn for caller in callers for turn in caller.result()]
