"""What the service takes over of what the dialplan did while nobody decided.

Rules:

1. Nothing is taken before the switch has taken a beat of ours: from then on no caller goes to the
   fallback any more, so that none can slip between the look and the beat.
2. Callers who wait in the switch's own queue are brought back, those who called first before
   others, and how long their call has lasted is told before they come. Who talks there, or hears
   that nobody can be reached, is left alone. A look ends when they have left that queue, so that
   the next one fetches nobody twice.
3. It is looked after each silence, once our calls were compared with the switch's (for which the
   notes are needed), and now and then: the dialplan also serves a caller by itself when the switch
   has run out of what a call needs.
4. A missed call is told, and its number deleted only after it was taken without error. It may be
   told twice, never lost; its channel's id says that it is the same. Whom an agent answered in the
   switch's own queue is no missed call: the note goes, and nobody is told.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

import structlog

from ivr.asterisk import wire_actions as wire
from ivr.asterisk.client import AmiClient
from ivr.asterisk.config import FALLBACK_QUEUE
from ivr.asterisk.errors import ActionRefused, AmiError
from ivr.asterisk.wire_events import (
    CallNoted,
    ChannelId,
    ChannelListed,
    ListEntry,
    MissedCallListed,
    QueueCallerListed,
    ServedCallListed,
)
from queues.ids import CallId, LineId

log = structlog.get_logger()

_EVERY_S = 30.0
_LEAVES_WITHIN_S = 2.0  # a channel obeys a Redirect some frames after it was taken
_LOOKS_AGAIN_S = 0.05


@dataclass(frozen=True, slots=True)
class MissedCall:
    """A call that ended without anybody. `number` is None if withheld; `at_s` since 1970."""

    call: CallId
    line: LineId
    at_s: float
    number: str | None = field(repr=False)


OnAdopted = Callable[[CallId, float], None]
OnMissed = Callable[[MissedCall], Awaitable[None]]


def waiting(queue: tuple[ListEntry, ...], channels: tuple[ListEntry, ...]) -> list[ChannelListed]:
    """The channels that wait in the queue and are in no talk, the oldest call first."""
    in_queue = {each.channel for each in queue if isinstance(each, QueueCallerListed)}
    found = [
        each
        for each in channels
        if isinstance(each, ChannelListed) and each.channel in in_queue and each.bridge is None
    ]
    return sorted(found, key=lambda each: -each.duration_s)


class ComingBack:
    """Takes over; `run` is a task of its owner."""

    def __init__(
        self,
        client: AmiClient,
        may_take: Callable[[], Awaitable[None]],
        on_adopted: OnAdopted,
        on_missed: OnMissed,
        *,
        every_s: float = _EVERY_S,
    ) -> None:
        """`may_take` comes back when rules 1 and 3 hold.

        `on_adopted` is told a caller and for how many seconds the call has lasted, just before the
        caller comes to AGI as one who was redirected. `on_missed` returns once the missed call is
        kept on our side.
        """
        self._client = client
        self._may_take = may_take
        self._on_adopted = on_adopted
        self._on_missed = on_missed
        self._every_s = every_s
        self._asked = asyncio.Event()
        self._taken: set[ChannelId] = set()  # and still listed when it was last looked

    def look(self) -> None:
        """Look soon; to be called after each new link and each silence."""
        self._asked.set()

    async def run(self) -> None:
        """Look when asked and now and then, until cancelled."""
        while True:
            try:
                async with asyncio.timeout(self._every_s):
                    await self._asked.wait()
            except TimeoutError:
                pass
            self._asked.clear()
            try:
                await self._may_take()
                await self._take_back()
                await self._take_missed()
            except AmiError as error:  # the next look finds what is left
                log.warning("not all was taken over from the fallback", error=error.code)
            except Exception as error:  # no traceback: it could hold a number
                log.error("taking over from the fallback failed", error=type(error).__name__)

    async def _take_back(self) -> None:
        found = await self._waiting()
        if not found:
            return
        for each in found:
            self._on_adopted(CallId(each.channel), each.duration_s)
            try:
                await self._client.send(
                    wire.redirect(each.channel, context="fz-hold", exten="back")
                )
            except ActionRefused:
                continue  # hung up meanwhile
        log.info("callers taken back from the fallback", calls=len(found))
        fetched = {each.channel for each in found}
        try:
            async with asyncio.timeout(_LEAVES_WITHIN_S):
                # Only the list tells who has left.
                while fetched & {e.channel for e in await self._waiting()}:  # noqa: ASYNC110
                    await asyncio.sleep(_LOOKS_AGAIN_S)
        except TimeoutError:  # the next look fetches them again
            log.warning("callers have not left the fallback", calls=len(fetched))

    async def _waiting(self) -> list[ChannelListed]:
        queue = await self._client.list(wire.queue_status(FALLBACK_QUEUE))
        if not any(isinstance(each, QueueCallerListed) for each in queue):
            return []
        return waiting(queue, await self._client.list(wire.core_show_channels()))

    async def _take_missed(self) -> None:
        listed = await self._client.list(wire.missed_calls())
        noted = [each for each in listed if isinstance(each, MissedCallListed | ServedCallListed)]
        self._taken &= {each.channel for each in noted}
        for each in sorted(noted, key=lambda each: each.at_s):
            if each.channel in self._taken or await self._is_taken(each):
                self._taken.add(each.channel)
                await self._client.send(wire.forget_missed_call(each.channel))

    async def _is_taken(self, each: CallNoted) -> bool:
        if isinstance(each, ServedCallListed):
            return True
        call = MissedCall(CallId(each.channel), LineId(each.line), each.at_s, each.number)
        try:
            await self._on_missed(call)
        except Exception as error:  # it stays where it is, and the others are told
            # No traceback: it could hold the number.
            log.error("missed call not taken", call=call.call, error=type(error).__name__)
            return False
        return True
