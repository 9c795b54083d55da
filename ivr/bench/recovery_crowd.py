"""The people of the bench of recovery: callers who wait, choose or talk, and agents who serve.

Nobody but an agent who served ends a call. So whoever's phone is told that the call is over, and
was not served, was dropped.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from typing import Any

from ivr.bench.plain_phone import NoAnswer, PlainPhone
from ivr.bench.recovery_site import MENUS, QUEUE, SERVERS, TALKERS, TALKS
from ivr.bench.site import BenchFailed
from ivr.place.runfile import Account, RunFile

WAITING, IN_MENUS, TALKING = 100, 10, 10
_NUMBER_SOUNDS_S = 0.5
_DESK_SOUNDS_S = 5.0
_HUMS_S = 0.02
_PICKS_UP_S = 0.3
_SHORT_TALK_S, _LONG_TALK_S = 0.6, 8.0
_SPARE = 12  # wait beyond those who shall wait at each kill
_KEY_EVERY_S = 12.0
_AT_ONCE = 10  # dials
_SETTLED_S = 60.0


class Desk:
    """An agent's phone; the agent picks up, and ends each talk, or none at all."""

    def __init__(self, crowd: Crowd, account: Account, *, ends_talks: bool, hums: bool) -> None:
        self._crowd = crowd
        self._ends_talks = ends_talks
        self._sounds_s = _HUMS_S if hums else _DESK_SOUNDS_S
        self.agent = str(account.agent)
        self.phone = PlainPhone(crowd.server, account, 2**31 - 1)
        self.phone.on_invite = self._rung
        self.phone.on_over = self._over
        self.joined = False

    def _rung(self, at_s: float) -> None:
        self._crowd.rings.append((self.agent, at_s))
        self.phone.ring()
        self._crowd.does(self._picks_up())

    async def _picks_up(self) -> None:
        await asyncio.sleep(_PICKS_UP_S)
        if self.phone.answer():
            self.phone.sounds(self._sounds_s)
            self.phone.watch_sound(self._talks)

    def _talks(self, caller: int) -> None:
        self.joined = True
        if self._ends_talks:
            self._crowd.does(self._ends_talk(caller))

    async def _ends_talk(self, caller: int) -> None:
        await asyncio.sleep(self._crowd.talk_s)
        if self.joined:
            self.joined = False
            self._crowd.served.add(caller)
            await self.phone.hang_up()

    def _over(self) -> None:
        if self.joined and not self._crowd.leaving:
            self._crowd.cut += 1
        self.joined = False


class Crowd:
    """Everybody; `does` runs what somebody does, in the task group of the bench."""

    def __init__(self, run: RunFile, tasks: asyncio.TaskGroup) -> None:
        self.server = run.sip_host, run.sip_port
        self.rings: list[tuple[str, float]] = []  # agent, monotonic
        self.served: set[int] = set()
        self.cut = 0  # talks that neither side ended
        self.dropped = 0
        self.refused = 0  # calls that were not answered at all
        self.came = 0
        self.leaving = False
        self._accounts = run.callers
        self._tasks = tasks
        self._callers: dict[int, PlainPhone] = {}
        self._waiting: set[int] = set()
        self._in_menus: list[PlainPhone] = []
        places = {place.agent: place for place in run.places}
        self._talkers = [
            Desk(self, places[name], ends_talks=False, hums=name == TALKERS[0]) for name in TALKERS
        ]
        self._servers = [Desk(self, places[name], ends_talks=True, hums=False) for name in SERVERS]

    def does(self, what: Coroutine[Any, Any, None]) -> None:
        """Have somebody do this beside all others."""
        self._tasks.create_task(what)

    @property
    def waiting(self) -> int:
        """How many wait for one of those who serve, or talk with them."""
        return len(self._waiting)

    @property
    def on_the_line(self) -> int:
        """How many of the plain callers have a call now."""
        return len(self._callers)

    @property
    def talk_s(self) -> float:
        """How long a talk lasts, so that about as many go as come."""
        return _SHORT_TALK_S if self.waiting >= WAITING + _SPARE else _LONG_TALK_S

    async def opens(self, ready: Callable[[Sequence[str]], None]) -> None:
        """Have all phones there, the talkers talking, the menus chosen from, and the queue full.

        The first talker's caller has called already. Raises `BenchFailed`.
        """
        desks = [*self._talkers, *self._servers]
        await asyncio.gather(*(desk.phone.open() for desk in desks))
        await asyncio.gather(*(desk.phone.register() for desk in desks))
        await self._all_arrive([TALKS] * TALKING + [MENUS] * IN_MENUS)
        # Who called first gets the one who hums; phones become reachable in any order.
        await asyncio.to_thread(ready, TALKERS[:1])
        await self._until(lambda: self._talkers[0].joined, "talk")
        await asyncio.to_thread(ready, TALKERS[1:])
        await self._until(lambda: all(desk.joined for desk in self._talkers), "talk")
        await self._all_arrive([QUEUE] * (WAITING + _SPARE))
        await asyncio.to_thread(ready, SERVERS)
        await self._until(lambda: len(self.served) > 0, "are served")

    async def _all_arrive(self, lines: Sequence[str]) -> None:
        for at in range(0, len(lines), _AT_ONCE):
            await asyncio.gather(*(self.arrives(line) for line in lines[at : at + _AT_ONCE]))

    async def _until(self, true: Callable[[], bool], what: str) -> None:
        try:
            async with asyncio.timeout(_SETTLED_S):
                while not true():  # noqa: ASYNC110  (many phones, not one event)
                    await asyncio.sleep(0.05)
        except TimeoutError:
            raise BenchFailed(f"not all {what} after {_SETTLED_S:g} s") from None

    async def arrives(self, line: str) -> None:
        """One more caller on this line."""
        self.came += 1
        number = self.came
        account = self._accounts[number % len(self._accounts)]
        phone = PlainPhone(self.server, account, number)
        phone.on_over = lambda: self._goes(number)
        await phone.open()
        self._callers[number] = phone
        if line == QUEUE:
            self._waiting.add(number)
        try:
            await phone.dial(line)
        except NoAnswer:
            self.refused += 1
            self._forget(number)
            await phone.close()
            return
        phone.sounds(_NUMBER_SOUNDS_S)
        if line == MENUS:
            self._in_menus.append(phone)

    def _goes(self, number: int) -> None:
        if self.leaving:
            return
        if number not in self.served:
            self.dropped += 1
        phone = self._callers[number]
        self._forget(number)
        self.does(phone.close())

    def _forget(self, number: int) -> None:
        self._callers.pop(number, None)
        self._waiting.discard(number)

    async def keeps_coming(self) -> None:
        """A new caller each second, until cancelled."""
        while True:
            await asyncio.sleep(1.0)
            self.does(self.arrives(QUEUE))

    async def keeps_choosing(self) -> None:
        """Those in menus press a key now and then, or the menu would give them up."""
        while True:
            for phone in self._in_menus:
                await asyncio.sleep(_KEY_EVERY_S / len(self._in_menus))
                phone.press("1")

    async def leaves(self) -> None:
        """Everybody hangs up."""
        self.leaving = True
        desks = [desk.phone for desk in (*self._talkers, *self._servers)]
        phones = [*self._callers.values(), *desks]
        await asyncio.gather(*(phone.close() for phone in phones), return_exceptions=True)
