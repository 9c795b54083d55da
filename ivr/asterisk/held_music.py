"""Music for those who are held: a caller, and the agent who waits for another one."""

from __future__ import annotations

import asyncio

import structlog

from ivr.asterisk import wire_actions as wire
from ivr.asterisk.agi import AgiDesk
from ivr.asterisk.config import MUSIC
from ivr.asterisk.errors import AgiTimedOut, AmiError
from ivr.asterisk.wire_events import ChannelId

log = structlog.get_logger()

_TRIES = 3
_WITHIN_S = 6.0


class HeldMusic:
    """Takes channels at any time; they hear music while `run` runs."""

    def __init__(self, desk: AgiDesk) -> None:
        self._desk = desk
        self._wanted: asyncio.Queue[ChannelId] = asyncio.Queue()

    def want(self, channel: ChannelId) -> None:
        """This channel is ours to command, and is to hear music until it is joined."""
        self._wanted.put_nowait(channel)

    async def run(self) -> None:
        """Let all hear music until cancelled; nobody waits for another one's."""
        async with asyncio.TaskGroup() as tasks:
            while True:
                tasks.create_task(self._play(await self._wanted.get()))

    async def _play(self, channel: ChannelId) -> None:
        for _ in range(_TRIES):
            try:
                await self._desk.run(channel, wire.music_on(MUSIC), deadline_s=_WITHIN_S)
            except AgiTimedOut as error:
                log.warning("no music for one who is held", channel=channel, error=error.code)
            except AmiError:  # joined again, or gone; or no link: the look-up comes by here
                return
            else:
                return
