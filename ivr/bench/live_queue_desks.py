"""The agents of the live queue: phones that pick up after the model's ring, and talk as drawn."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from typing import Final

from ivr.bench.desks import SOUNDS_S
from ivr.bench.live_queue_seen import PickedUp, Seen
from ivr.bench.live_queue_switch import HOST, QueueSwitch
from ivr.bench.plain_phone import PlainPhone

_HARMLESS: Final = 2**31 - 1  # the number that a phone's sound says


class Desk:
    """One agent. Whom the phone rings for, the call's number says."""

    def __init__(
        self,
        switch: QueueSwitch,
        agent: int,
        ring_s: float,
        talks_s: Sequence[float],
        seen: Seen,
        tasks: asyncio.TaskGroup,
    ) -> None:
        self.phone = PlainPhone((HOST, switch.port), switch.phones[agent], _HARMLESS)
        self.phone.on_invite = self._rung
        self._agent = agent
        self._ring_s = ring_s
        self._talks_s = talks_s
        self._seen = seen
        self._tasks = tasks
        self._rings = 0

    def _rung(self, _at_s: float) -> None:
        rang = time.time()
        self._rings += 1
        self.phone.ring()
        self._tasks.create_task(self._serves(self._rings, int(self.phone.rung_by), rang))

    async def _serves(self, ring: int, caller: int, rang: float) -> None:
        await asyncio.sleep(self._ring_s)
        if ring != self._rings or not self.phone.answer():
            self._seen.rung_in_vain += 1
            return
        self._seen.picked_up.append(PickedUp(self._agent, caller, rang, time.time()))
        self.phone.sounds(SOUNDS_S)
        try:
            async with asyncio.timeout(self._talks_s[caller]):
                await self.phone.ended.wait()
            self._seen.cut += self.phone.ended_by_far_end
        except TimeoutError:
            await self.phone.hang_up()
