"""A caller on real SIP and RTP who speaks in menus, and goes by what is heard, as people do."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import asynccontextmanager
from time import monotonic
from typing import TypeVar

from ivr.bench.answers import WITHIN_S, Sounding, SpokenTurn, answer, soundings, spoken_turn
from ivr.bench.refusals import Refusals
from ivr.bench.site import BenchFailed
from ivr.bench.speech_site import LONG_S, NUMBER, WHAT_S
from ivr.bench.wire import Wire, watched_phone
from ivr.bench.words import menu_words, word
from ivr.caller.phone import CallerPhone, CallFailed, SipServer
from ivr.caller.word import Word
from ivr.place.runfile import RunFile

_DIAL_S = 20.0
_NEXT_SOUND_S = 20.0
_QUIET_S = 0.6  # longer than the pause between two prompts of one menu
_INTO_PROMPT_S = 1.3  # how far behind `LONG_S` a word over a prompt begins, at most
_LOOK_S = 0.1
_MISHEARD = 2  # the next time the service would give up and hand the caller over

T = TypeVar("T")


class TalkingCaller:
    """One caller who waits for prompts and says words into them or after them.

    All times are of the monotonic clock, which is the loop's too.
    """

    def __init__(
        self, phone: CallerPhone, wire: Wire, words: Iterator[tuple[str, str]], seed: int
    ) -> None:
        self.wire = wire
        self._phone = phone
        self._words = words
        self._chance = random.Random(seed)  # noqa: S311  (when to speak, no secret)
        self._misheard = 0
        self._begins_s = monotonic()
        self._answered_s = self._begins_s  # when the last answer began

    async def reaches_the_menu(self) -> None:
        """Come back when the first menu's prompt begins, behind the welcome."""
        await self._sees(lambda: len(self._heard(self._begins_s)) > 1)

    async def hears_it_out(self) -> None:
        """Come back when nothing has been audible for a while."""
        await self._sees(lambda: self._is_quiet(self._heard(monotonic() - 2 * _QUIET_S)))

    async def presses(self, key: str) -> None:
        """Press one key."""
        await self._phone.press(key)

    async def says_a_word(self) -> SpokenTurn:
        """Say one of the menu's words, wait for its answer, and see what the wire did."""
        text, voice = next(self._words)
        spoken = Word()
        await self._phone.say(word(text, voice), spoken)
        began_s, over_s = spoken.from_at, spoken.until_at
        if began_s is None or over_s is None:
            raise BenchFailed("a word never left its caller's phone")
        since_s = began_s - _INTO_PROMPT_S - LONG_S
        while monotonic() - over_s < WITHIN_S and not self._phone.ended.is_set():
            if (answered := answer(began_s, self._heard(since_s))) is not None:
                self._answered_s = answered.from_s
                break
            await asyncio.sleep(_LOOK_S)
        return spoken_turn(began_s, over_s, self._heard(since_s))

    async def converses(self, words: int) -> list[SpokenTurn]:
        """Say up to so many words, over each long prompt and behind each short one.

        Ends with a word that is not answered, with the call, and before the service gives up.
        """
        turns: list[SpokenTurn] = []
        while True:
            turns.append(await self.says_a_word())
            if len(turns) == words or turns[-1].answer_after_s is None:
                return turns
            await self._waits_for_its_turn()
            if self._misheard == _MISHEARD or self._phone.ended.is_set():
                return turns

    async def _waits_for_its_turn(self) -> None:
        """Come back well within a long prompt, or in the quiet behind a short one."""
        into_s = LONG_S + self._chance.uniform(0, _INTO_PROMPT_S)

        def it_is_now() -> bool:
            heard = self._heard(self._answered_s)
            return heard[-1].lasts_s > into_s or self._is_quiet(heard)

        await self._sees(lambda: self._phone.ended.is_set() or it_is_now())
        self._misheard += self._heard(self._answered_s)[0].lasts_s < WHAT_S

    def _heard(self, since_s: float) -> list[Sounding]:
        return soundings(self.wire.audible(since_s))

    def _is_quiet(self, heard: Sequence[Sounding]) -> bool:
        return bool(heard) and monotonic() - heard[-1].to_s > _QUIET_S

    async def _sees(self, what: Callable[[], bool]) -> None:
        async with asyncio.timeout(_NEXT_SOUND_S):
            while not what():  # noqa: ASYNC110  (a wire, not one event)
                await asyncio.sleep(_LOOK_S)


@asynccontextmanager
async def calling(
    run: RunFile,
    seed: int,
    *,
    words: Iterator[tuple[str, str]] | None = None,
    echoes: bool = False,
) -> AsyncIterator[TalkingCaller]:
    """A caller on the line, hung up afterwards; says the words of `seed`, unless others are given.

    Raises `CallFailed`.
    """
    account = run.callers[seed % len(run.callers)]
    server = SipServer(run.sip_host, run.sip_port, account.username, account.password)
    async with watched_phone(server, echoes=echoes) as (phone, wire):
        await phone.dial(NUMBER, _DIAL_S)
        yield TalkingCaller(phone, wire, words or menu_words(seed), seed)


async def words_in_menus(
    run: RunFile, *, seeds: Sequence[int], words: int, refusals: Refusals
) -> list[SpokenTurn]:
    """All these callers at once, each saying so many words.

    Who is not answered, or refused, calls again.
    """

    async def one(seed: int) -> list[SpokenTurn]:
        turns: list[SpokenTurn] = []
        to_say = menu_words(seed)
        await asyncio.sleep(0.35 * seed % 3)
        while len(turns) < words:
            with refusals.counted():
                async with calling(run, seed, words=to_say) as caller:
                    await caller.reaches_the_menu()
                    await caller.hears_it_out()
                    turns += await caller.converses(words - len(turns))
        return turns

    async with asyncio.TaskGroup() as tasks:
        callers = [tasks.create_task(one(seed)) for seed in seeds]
    return [turn for caller in callers for turn in caller.result()]


def run_callers(callers: Awaitable[T]) -> T:
    """Let callers call in a loop of their own. Raises `BenchFailed` when a call fails."""

    async def all_of_it() -> T:
        return await callers

    try:
        return asyncio.run(all_of_it())
    except (CallFailed, TimeoutError) as error:
        raise BenchFailed(_why(error)) from None
    except ExceptionGroup as group:
        if group.split((CallFailed, TimeoutError, BenchFailed))[1] is not None:
            raise
        raise BenchFailed("; ".join(sorted({_why(each) for each in _leaves(group)}))) from None


def _why(error: Exception) -> str:
    match error:
        case CallFailed():
            return f"a call was not answered: {error}"
        case TimeoutError():
            return "a caller waited too long for a prompt or for the other callers"
        case _:
            return str(error)


def _leaves(group: ExceptionGroup[Exception]) -> Iterator[Exception]:
    for each in group.exceptions:
        if isinstance(each, ExceptionGroup):
            yield from _leaves(each)
        else:
            yield each
