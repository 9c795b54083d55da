"""Decides what of the calls is told on the terminal, by what the service's API says of them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection

from ivr.caller.desk import CallRow, CardEntry, Desk

LOOK_S = 0.5
_FOUND_WITHIN_S = 3.0

WAITING, TALKING = frozenset({"waiting", "offered", "connecting"}), "talking"


class Board:
    """All calls of the service, asked for twice a second for every story at once."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self.rows: dict[str, CallRow] = {}

    async def run(self) -> None:
        """Look until cancelled; what cannot be read is as it was."""
        while True:
            await self.look()
            await asyncio.sleep(LOOK_S)

    async def look(self) -> None:
        """Look once."""
        rows = await self._desk.calls()
        if rows is not None:
            self.rows = {row.id: row for row in rows}

    def on_line(self, line: str) -> set[str]:
        """The calls on a line, whosever."""
        return {call for call, row in self.rows.items() if row.line == line}

    async def newcomer(self, line: str, before: Collection[str]) -> str | None:
        """The one call that came to the line since `before`; None where that is not certain."""
        loop = asyncio.get_running_loop()
        until = loop.time() + _FOUND_WITHIN_S
        while loop.time() < until:
            await self.look()
            new = self.on_line(line) - set(before)
            if new:
                return new.pop() if len(new) == 1 else None
            await asyncio.sleep(LOOK_S / 5)
        return None


def news(before: CallRow | None, row: CallRow, name: Callable[[str | None], str]) -> str | None:
    """What is new in a call since it was looked at before; None: nothing to tell.

    `name` gives an agent's name. States of a blink are not told.
    """
    if before is not None and (before.state, before.agent) == (row.state, row.agent):
        return None
    match row.state:
        case "waiting" if before is None or before.state not in WAITING:
            return "waits for a person"
        case "offered":
            return f"is offered to {name(row.agent)}, whose phone rings"
        case "talking":
            return f"talks with {name(row.agent)}"
        case "held":
            return f"hears music while {name(row.agent)} asks a colleague"
        case "emergency":
            return "is put through to the emergency number"
    return None


def farewell(last: str | None, *, by_far_end: bool) -> str:
    """How a call ended, whose last state was `last`."""
    if by_far_end:
        return "heard the line say goodbye"
    if last in WAITING:
        return "hung up while waiting"
    return "hung up"


def shown_card(entries: tuple[CardEntry, ...]) -> str:
    """The card in one line, as the agent gets it: at which node what was pressed or said."""
    return ", ".join(
        f"{entry.node}: {entry.said} ({entry.by}) → {entry.led_to or '?'}" for entry in entries
    )
