"""Which agent a caller who calls again waits for first: the last one who had the matter.

Rules:

1. A talk is noted under the caller's contact, for its queue, in queues whose settings ask for it,
   and in no others. A withheld number is a contact that nobody finds again.
2. The contact's last talks are read when the contact becomes known, by the thread that finds it
   out; nobody waits for that. What is not known yet when the caller comes to wait is no preference.
3. A number alone is not a person: nothing is said, shown or moved by it. All that follows is whose
   phone rings first.
4. A talk counts for `within_h` hours of its queue, and is deleted then.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

import structlog

from queues.centre.lives.call import CallState
from queues.ids import AgentId, CallId, ContactId, QueueId
from queues.store import LastTalk, Store, StoreError
from queues.view import Change

log = structlog.get_logger()

_HOUR_S: Final = 3600.0
_FORGET_EVERY_S: Final = 6 * _HOUR_S


@dataclass(frozen=True, slots=True)
class PreferLast:
    """Of a queue: talks of the last `within_s` seconds count, and are waited for `for_s`."""

    within_s: float
    for_s: float


@dataclass(frozen=True, slots=True)
class Preferred:
    """The agent whom a call waits for alone at first, for `for_s` seconds at most."""

    agent: AgentId
    for_s: float


class LastAgents:
    """Knows of the living calls whom they talked with before; `run` is a task of its owner."""

    def __init__(
        self,
        store: Store,
        contact: Callable[[CallId], ContactId | None],
        wall: Callable[[], float],
        queues: Mapping[QueueId, PreferLast],
    ) -> None:
        """`contact` gives that of a living call, as far as it is known; `wall` Unix seconds.

        `queues` are those whose settings ask for it.
        """
        self._store = store
        self._contact = contact
        self._wall = wall
        self._queues = queues
        self._talks: dict[CallId, tuple[LastTalk, ...]] = {}
        self._with: dict[CallId, str] = {}  # who talks with a caller now, noted already
        self._to_note: list[tuple[ContactId, LastTalk]] = []
        self._stirred = asyncio.Event()

    def look_up(self, call: CallId, contact: str | None) -> None:
        """Read with whom a caller talked last, for the thread that found the contact out.

        None: the call is over.
        """
        if contact is None:
            self._talks.pop(call, None)
            return
        if not self._queues:
            return
        try:
            talks = self._store.last_talks.of(contact)
        except StoreError as error:  # a preference is no reason to keep a call from anything
            log.warning("last talks are not known just now", error=error.code)
            return
        if talks:
            self._talks[call] = talks

    def of(self, call: CallId, queue: QueueId) -> Preferred | None:
        """Give whom a call waits for first in this queue, if anybody."""
        asked = self._queues.get(queue)
        if asked is None:
            return None
        for talk in self._talks.get(call, ()):
            if talk.queue == queue and self._wall() - talk.at <= asked.within_s:
                return Preferred(AgentId(talk.agent), asked.for_s)
        return None

    def on_change(self, change: Change) -> None:
        """Hear of what was decided: a talk that began is noted."""
        for name, row in change.calls.items():
            call = CallId(name)
            if row is None or row.state != CallState.TALKING.value or row.agent is None:
                if row is None:
                    self._with.pop(call, None)
                continue
            if QueueId(row.queue) not in self._queues or self._with.get(call) == row.agent:
                continue
            self._with[call] = row.agent
            if (contact := self._contact(call)) is not None:
                self._to_note.append((contact, LastTalk(row.queue, row.agent, change.at)))
                self._stirred.set()

    async def run(self) -> None:
        """Write down talks, and forget old ones, until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._note_talks(), name="last talks")
            tasks.create_task(self._forget_old_ones(), name="old talks")

    async def _note_talks(self) -> None:
        while True:
            await self._stirred.wait()
            self._stirred.clear()
            noted, self._to_note = self._to_note, []
            for contact, talk in noted:
                try:
                    await asyncio.to_thread(self._store.last_talks.note, contact, talk)
                except StoreError as error:  # then nobody is preferred: no call is lost by it
                    log.warning("a last talk is not noted", error=error.code)

    async def _forget_old_ones(self) -> None:
        while True:
            now = self._wall()
            since = {str(queue): now - asked.within_s for queue, asked in self._queues.items()}
            try:
                await asyncio.to_thread(self._store.last_talks.forget, since)
            except StoreError as error:
                log.warning("old talks are not forgotten just now", error=error.code)
            await asyncio.sleep(_FORGET_EVERY_S)
