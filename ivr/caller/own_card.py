"""Decides which of the service's calls is our own, and what the service understood in it.

The service knows our caller by no name of ours, so our call is
1. the one that talked with one of our agents while our own RTP had that agent's sound;
2. where no agent of ours was heard, the one that talked with one of them when we hung up, else the
   only one that waited on our line; but only if it was gone right after we had hung up.
Else nothing is told: what another caller said would be worse than nothing.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass

from ivr.caller.agent_phone import AgentCall
from ivr.caller.agents import Team
from ivr.caller.desk import CallRow, CardEntry, Desk

_EVERY_S = 0.5
_LEAVING_S = 2.0
_GONE_WITHIN_S = 2.0
_TALKS = "talking"
_WAITS = frozenset({"waiting", "offered", "connecting"})

_Entries = tuple[CardEntry, ...]


@dataclass(slots=True)
class _Seen:
    """A call, the talk at one of our phones in which it was seen, and its card so far."""

    call: str
    talk: AgentCall | None = None
    entries: _Entries | None = None


class OwnCard:
    """What the service understood in the call that goes on; without a desk nothing is known."""

    def __init__(self, desk: Desk | None, line: str, agents: Team) -> None:
        self._desk = desk
        self._line = line
        self._agents = agents
        self._talked: list[_Seen] = []
        self._guess: _Seen | None = None

    async def follow(self) -> None:
        """Read the cards of the calls in which our agents talk, until cancelled.

        A card is there only while its call is, and the far end may hang up at any time.
        """
        while self._desk is not None:
            await self._look(self._desk)
            await asyncio.sleep(_EVERY_S)

    async def leave(self) -> None:
        """Read what is understood up to now; for just before we hang up. Takes 2 s at most."""
        if self._desk is None:
            return
        with suppress(TimeoutError):
            async with asyncio.timeout(_LEAVING_S):
                await self._look(self._desk)
                await self._guess_own(self._desk)

    async def told(self, bridged: tuple[str, float] | None) -> _Entries | None:
        """The card of our own call; None if it cannot be told which it was, or was not given.

        For after the call. `bridged` is the agent whom we heard, and when (monotonic seconds).
        """
        if self._desk is None:
            return None
        talk = self._agents.heard_talking(*bridged) if bridged is not None else None
        for seen in self._talked:
            if talk is not None and seen.talk is talk:
                return seen.entries
        guess = self._guess
        if guess is None or not await self._goes(self._desk, guess.call):
            return None
        return guess.entries

    async def _look(self, desk: Desk) -> None:
        now = asyncio.get_running_loop().time()
        for agent, talk in self._agents.talking_at(now).items():
            if any(seen.talk is talk for seen in self._talked):
                continue
            row = _only(
                row
                for row in await self._on_our_line(desk)
                if row.state == _TALKS and row.agent == agent
            )
            if row is not None and talk.ended_at is None:
                self._talked.append(_Seen(row.id, talk))
        for seen in self._talked:
            entries = await desk.card(seen.call)
            seen.entries = seen.entries if entries is None else entries

    async def _guess_own(self, desk: Desk) -> None:
        rows = await self._on_our_line(desk)
        names = {phone.name for phone in self._agents.phones}
        talking = [row for row in rows if row.state == _TALKS and row.agent in names]
        row = _only(talking or [row for row in rows if row.state in _WAITS])
        self._guess = None if row is None else _Seen(row.id, None, await desk.card(row.id))

    async def _goes(self, desk: Desk, call: str) -> bool:
        """Whether a call is gone now, or soon."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + _GONE_WITHIN_S
        while loop.time() < deadline:
            rows = await desk.calls()
            if rows is not None and call not in {row.id for row in rows}:
                return True
            await asyncio.sleep(0.1)
        return False

    async def _on_our_line(self, desk: Desk) -> list[CallRow]:
        return [row for row in await desk.calls() or () if row.line == self._line]


def _only(rows: Iterable[CallRow]) -> CallRow | None:
    """The one there is; None of several as of none."""
    found = list(rows)
    return found[0] if len(found) == 1 else None
