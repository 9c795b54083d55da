"""How a service ends under living calls without a caller noticing, in bounded time.

Rules:

1. What rings is taken back, nobody is rung any more: the phones count as unreachable to the centre,
   and what Asterisk still reports of them is not told.
2. Who had picked up is joined: waited for, `JOIN_S` at most. The API is still there.
3. Nobody hears of events any more, no dialogue goes on; then each caller who heard nothing but us
   is sent to the dialplan's music (`MUSIC_S` at most). Who waits has music, who talks has a talk.
4. What was noted of dialogues is handed to the journal's writer, which the store's end flushes.

The next start goes on with all of them (`starting/adoption.py`); until it does, the dialplan looks
after them as it does when a service was killed.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Sequence
from typing import Final

import structlog

from ivr.asterisk import wire_actions as wire
from ivr.asterisk.client import AmiClient
from ivr.asterisk.errors import AmiError
from ivr.asterisk.wire_events import ChannelId
from queues.centre.facts.fact import Fact
from queues.centre.inputs.house import PlaceChanged, ServiceEnding
from queues.centre.inputs.input import Input
from queues.ids import CallId
from queues.view import View

log = structlog.get_logger()

JOIN_S: Final = 3.0
MUSIC_S: Final = 2.0
WRITTEN_S: Final = 2.0
_LOOK_S: Final = 0.02
_UNDER_WAY: Final = frozenset({"offered", "connecting", "rejoining"})


class WindingDown:
    """The end of one service; `submit` stands between the switch and the centre from the start."""

    def __init__(
        self,
        submit: Callable[[Input], tuple[Fact, ...]],
        view: Callable[[], View],
        client: AmiClient,
        *,
        spoken_with: Callable[[], Collection[CallId]],
        unsettled: Callable[[], int],
        is_ours: Callable[[ChannelId], bool],
        is_written: Callable[[], bool],
    ) -> None:
        """`spoken_with`: callers who hear the dialogue alone.

        `unsettled` counts agents' legs that neither talk nor are gone; `is_ours` says of a caller
        that it is in nobody's bridge, nor about to be; `is_written`: nothing noted of dialogues
        waits to be handed to the journal.
        """
        self._submit = submit
        self._view = view
        self._client = client
        self._spoken_with = spoken_with
        self._unsettled = unsettled
        self._is_ours = is_ours
        self._is_written = is_written
        self._has_begun = False

    def submit(self, what: Input) -> tuple[Fact, ...]:
        """Hand an input to the centre; once the end has begun no phone is reported any more."""
        if self._has_begun and isinstance(what, PlaceChanged):
            return ()
        return self._submit(what)

    async def end_offers(self) -> None:
        """Take back what rings, and let what was picked up come to a talk."""
        self._submit(ServiceEnding())
        self._has_begun = True
        if not await _within(JOIN_S, self._is_settled):
            log.warning("offers were left for the next start", within_s=JOIN_S)

    async def let_go(self, hands: Sequence[asyncio.Task[None]]) -> None:
        """Leave the callers to the dialplan. `hands` are the tasks that speak with them."""
        spoken_with = tuple(self._spoken_with())
        for task in hands:
            task.cancel()
        await asyncio.wait(hands, timeout=MUSIC_S)
        async with asyncio.TaskGroup() as tasks:
            for call in spoken_with:
                tasks.create_task(self._give_music(call))
        if not await _within(WRITTEN_S, self._is_written):
            log.warning("not all of the dialogues was written", within_s=WRITTEN_S)
        log.info("callers were left to the dialplan", with_music=len(spoken_with))

    def _is_settled(self) -> bool:
        is_under_way = any(row.state in _UNDER_WAY for row in self._view().calls)
        return not is_under_way and self._unsettled() == 0

    async def _give_music(self, call: CallId) -> None:
        if not self._is_ours(ChannelId(call)):
            return
        # As when the caller's timeout runs out, which is how the next start knows the caller again.
        action = wire.redirect(ChannelId(call), context="fz-hold", exten="T")
        try:
            await self._client.send(action, deadline_s=MUSIC_S)
        except AmiError as error:  # it ended, or there is no link: the dialplan's timeout helps
            log.info("no music for a caller", call=call, error=error.code)


async def _within(limit_s: float, is_so: Callable[[], bool]) -> bool:
    try:
        async with asyncio.timeout(limit_s):
            while not is_so():  # noqa: ASYNC110  (many things together set no event)
                await asyncio.sleep(_LOOK_S)
    except TimeoutError:
        return False
    return True
