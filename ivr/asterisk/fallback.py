"""Which phones the switch's own queue would ring, should the service fall silent now.

That queue's members are kept equal to the phones of the agents who work. They lie in the switch, so
they are there when the service is gone, and after a restart of the switch as well. After each new
link the switch's own list counts, not what we remember of it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

import structlog

from ivr.asterisk import wire_actions as wire
from ivr.asterisk.client import AmiClient
from ivr.asterisk.config import FALLBACK_QUEUE
from ivr.asterisk.errors import ActionRefused, AmiError
from ivr.asterisk.wire_actions import Action
from ivr.asterisk.wire_events import LinkUp, QueueMemberListed, WireEvent
from queues.ids import PlaceId

log = structlog.get_logger()

_AGAIN_S = 1.0


def changes(members: frozenset[PlaceId], wanted: frozenset[PlaceId]) -> tuple[Action, ...]:
    """What makes the members those that are wanted; who comes, comes before others go."""
    added = [wire.queue_add(FALLBACK_QUEUE, place) for place in sorted(wanted - members)]
    removed = [wire.queue_remove(FALLBACK_QUEUE, place) for place in sorted(members - wanted)]
    return (*added, *removed)


class FallbackMembers:
    """Keeps the queue's members; `run` is a task of its owner. Feed it every event."""

    def __init__(self, client: AmiClient) -> None:
        self._client = client
        self._wanted: frozenset[PlaceId] | None = None  # until told, what is there stays
        self._members: frozenset[PlaceId] | None = None  # None: to be asked for
        self._stirred = asyncio.Event()

    def want(self, places: Iterable[PlaceId]) -> None:
        """From now on these phones shall ring; call it whenever an agent comes, goes or pauses."""
        wanted = frozenset(places)
        if wanted != self._wanted:
            self._wanted = wanted
            self._stirred.set()

    def on_event(self, event: WireEvent) -> None:
        """Hear that a link stands: the switch may be another one than before."""
        if isinstance(event, LinkUp):
            self._members = None
            self._stirred.set()

    async def run(self) -> None:
        """Keep the members until cancelled."""
        while True:
            await self._stirred.wait()
            self._stirred.clear()
            if self._wanted is None or not self._client.up:
                continue  # the next link stirs again
            try:
                await self._bring_in_line(self._wanted)
            except AmiError as error:
                log.warning("fallback queue not kept", error=error.code)
                self._members = None
                await asyncio.sleep(_AGAIN_S)
                self._stirred.set()

    async def _bring_in_line(self, wanted: frozenset[PlaceId]) -> None:
        members = self._members
        if members is None:
            listed = await self._client.list(wire.queue_status(FALLBACK_QUEUE))
            found = (each for each in listed if isinstance(each, QueueMemberListed))
            members = frozenset(PlaceId(each.endpoint) for each in found)
        self._members = None  # while it changes, and for good if that fails
        for action in changes(members, wanted):
            try:
                await self._client.send(action)
            except ActionRefused:  # somebody else did it already
                self._stirred.set()
                return
        self._members = wanted
