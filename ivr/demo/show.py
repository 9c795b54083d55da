"""Decides how the show goes on: agents at all phones, and callers at a pace, with their stories."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

from ivr.caller.agent_phone import AgentPhone
from ivr.caller.agents import Team, team
from ivr.caller.desk import CallRow, Desk
from ivr.caller.library import Library
from ivr.caller.listening import Listening
from ivr.caller.own_card import OwnCard
from ivr.caller.phone import CallerPhone, CallFailed, SipServer, caller_phone
from ivr.caller.script import AgentPlan
from ivr.caller.sound import Samples, Speech, Tone, samples_of
from ivr.caller.steps import Steps
from ivr.cli.output import say
from ivr.demo.stories import Story, name_for, told_in_turn
from ivr.demo.watching import LOOK_S, TALKING, WAITING, Board, farewell, news, shown_card
from ivr.place.runfile import Account, LineInfo, RunFile

_TALK = Tone(440.0, 14.0)
_PICKS_UP_AFTER_S = 1.5
_ASKS_AFTER_S = 2.0  # of a talk, a colleague
_COLLEAGUES_TALK_S = 4.0
_DIALS_S = 20.0
_AT_ONCE = (6, 40)  # callers, at a low pace and at any
_CALL_MINUTES = 1.5


async def run_demo(run: RunFile, pace: float, chance: random.Random) -> None:
    """Agents at all phones, and `pace` callers a minute, until cancelled."""
    desk = Desk(run.address, Path(run.token_file))
    agents = [
        AgentPlan(
            line=1,
            agent=place.agent,
            answer_after_s=_PICKS_UP_AFTER_S,
            speak=_TALK,
            hang_up_after_s=_TALK.for_s,
        )
        for place in run.places
        if place.agent is not None
    ]
    speech: dict[Speech, Samples] = {_TALK: samples_of(_TALK)}
    async with AsyncExitStack() as stack:
        where = (run.sip_host, run.sip_port)
        await stack.enter_async_context(team(where, desk, agents, run.places, speech))
        for place in run.places:
            if place.agent is None:
                await stack.enter_async_context(_standing_by(where, place, speech[_TALK]))
        say(f"demo: {len(agents)} agents are at their phones; {pace:g} made-up callers a minute")
        say(f"demo: what agents see: {run.address}/api/v1/calls/CALL/card (with the token)")
        await _Show(run, desk, chance).go_on(pace)


@asynccontextmanager
async def _standing_by(
    where: tuple[str, int], place: Account, speech: Samples
) -> AsyncIterator[None]:
    """Somebody at a phone without an agent, such as the one for emergencies."""
    plan = AgentPlan(line=1, answer_after_s=_PICKS_UP_AFTER_S, hang_up_after_s=_TALK.for_s)
    phone = AgentPhone(where, place, plan, speech)
    try:
        await asyncio.to_thread(phone.start)
        yield
    finally:
        await asyncio.to_thread(phone.stop)


class _Show:
    """The callers of a show, and what is told of them."""

    def __init__(self, run: RunFile, desk: Desk, chance: random.Random) -> None:
        self._run = run
        self._desk = desk
        self._chance = chance
        self._board = Board(desk)
        self._calling: set[str] = set()
        # One caller after the other is answered on a line, so that each finds its own call.
        self._dialling: Mapping[str, asyncio.Lock] = {
            line.number: asyncio.Lock() for line in run.lines
        }

    async def go_on(self, pace: float) -> None:
        """Callers one after the other, `pace` a minute, until cancelled."""
        least, most = _AT_ONCE
        free = asyncio.Semaphore(min(most, max(least, round(pace * _CALL_MINUTES))))
        stories = told_in_turn(self._chance)
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._board.run())
            while True:
                await free.acquire()
                line = self._chance.choice(self._run.lines)
                who = name_for(line.language, self._calling, self._chance)
                calling = tasks.create_task(self._one_call(line, who, next(stories)))
                calling.add_done_callback(lambda _: free.release())
                await asyncio.sleep(self._chance.expovariate(pace / 60))

    async def _one_call(self, line: LineInfo, who: str, story: Story) -> None:
        account, run = self._chance.choice(self._run.callers), self._run
        server = SipServer(run.sip_host, run.sip_port, account.username, account.password)
        self._calling.add(who)
        try:
            async with caller_phone(server) as phone:
                async with self._dialling[line.number]:
                    await self._board.look()
                    before = self._board.on_line(line.number)
                    await phone.dial(line.number, _DIALS_S)
                    call = await self._board.newcomer(line.number, before)
                which = "" if call is None else f", call {call}"
                say(f"demo: {who} on line {line.number} ({line.name}){which}: {story.about}")
                await self._tell(phone, line, call, who, story)
        except CallFailed as failed:
            say(f"demo: {who} was not answered on line {line.number} (SIP {failed.status})")
        finally:
            self._calling.discard(who)

    async def _tell(
        self, phone: CallerPhone, line: LineInfo, call: str | None, who: str, story: Story
    ) -> None:
        """The steps of the story on an answered call, and what becomes of it."""
        listening = Listening(phone, Library({}), ())
        steps = Steps(phone, listening, {}, OwnCard(None, line.number, Team()))
        follower = _Follower(self._board, self._desk, self._run, who, story)
        beside = [asyncio.create_task(listening.run())]
        if call is not None:
            beside.append(asyncio.create_task(follower.follow(call)))
        try:
            await steps.go(story.steps)
            await steps.hang_up()
            say(f"demo: {who} {farewell(follower.last, by_far_end=phone.hung_up_by_far_end)}")
        finally:
            for task in beside:
                task.cancel()
            await asyncio.wait(beside)


class _Follower:
    """What becomes of one call is told, and its agent asks a colleague if the story says so."""

    def __init__(self, board: Board, desk: Desk, run: RunFile, who: str, story: Story) -> None:
        self._board = board
        self._desk = desk
        self._at = {place.agent: place.username for place in run.places if place.agent}
        self._who = who
        self._asks = story.asks_colleague
        self._asked_by: str | None = None
        self._completes = False
        self._card_shown = False
        self.last: str | None = None

    async def follow(self, call: str) -> None:
        """Until cancelled."""
        seen: CallRow | None = None
        since = asyncio.get_running_loop().time()
        while True:
            row = self._board.rows.get(call)
            if row is not None:
                told = news(seen, row, self._name)
                if told is not None:
                    since = asyncio.get_running_loop().time()
                    await self._say(call, row, told)
                seen, self.last = row, row.state
                await self._ask_colleague(row, since)
            await asyncio.sleep(LOOK_S)

    async def _say(self, call: str, row: CallRow, told: str) -> None:
        say(f"demo: {self._who} {told}")
        if not self._card_shown and (row.state in WAITING or row.state == TALKING):
            card = await self._desk.card(call)
            self._card_shown = bool(card)
            if card:
                say(f"demo:   card of {self._who}: {shown_card(card)}")
        if row.state == TALKING and self._asked_by not in (None, row.agent):
            say(f"demo: {self._name(self._asked_by)} passed {self._who} on")
            self._asked_by = None

    async def _ask_colleague(self, row: CallRow, since: float) -> None:
        """Ask in the talk; when the colleagues have talked, pass the caller on."""
        lasted_s = asyncio.get_running_loop().time() - since
        if row.agent is None:
            return
        if self._asks and row.state == TALKING and lasted_s >= _ASKS_AFTER_S and row.queue:
            self._asks = False  # once, whatever comes of it
            if await self._desk.consult(row.id, row.queue, row.agent):
                self._asked_by = row.agent
            else:
                say(f"demo: {self._name(row.agent)} can ask nobody just now")
        elif not self._completes and row.consult is not None and row.consult.state == TALKING:
            self._completes = True
            asked = self._name(row.consult.agent)
            say(f"demo: {self._name(row.agent)} talks with {asked} about {self._who}")
            await asyncio.sleep(_COLLEAGUES_TALK_S)
            await self._desk.complete(row.id, row.agent)  # refused if one of them was faster

    def _name(self, agent: str | None) -> str:
        return "an agent" if agent is None else f"{agent} ({self._at.get(agent, 'no phone')})"
