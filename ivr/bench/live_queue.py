"""Asterisk's real `Queue()` on callers of the day that the router meets, beside the rival's model.

The model is what the router is compared with; this says whether it may be. SIPp places the calls,
the agents' phones are real SIP, no sound is listened to, and the switch is an Asterisk of its own.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from ivr import resources
from ivr.bench.desks import close_phones, open_phones, stays_reachable
from ivr.bench.live_queue_callers import LiveCallers
from ivr.bench.live_queue_day import LiveDay, live_day
from ivr.bench.live_queue_desks import Desk
from ivr.bench.live_queue_rows import rows_of
from ivr.bench.live_queue_seen import Met, Seen
from ivr.bench.live_queue_switch import queue_switch
from ivr.bench.progress import Tell
from ivr.bench.sip_tester import sipp
from ivr.bench.site import bench_folder
from ivr.bench.table import Row
from ivr.bench.talking import run_callers
from queues.simulation.read_day import read_day

_DAY: Final = "day-60x6.yaml"
_LEAD_S: Final = 3.0  # for SIPp to start
_LAST_WAITS_S: Final = 600.0


def run_live_queue(*, quick: bool, tell: Tell) -> list[Row]:
    """Twenty minutes of calls, or three. Raises `BenchFailed`."""
    day = live_day(read_day((resources.days() / _DAY).read_text("utf-8")), quick=quick)
    program = sipp(resources.cache_folder(), tell)
    with bench_folder() as folder:
        seen = run_callers(play_live(folder, program, day, tell))
    return rows_of(seen, day)


async def play_live(folder: Path, program: Sequence[str], day: LiveDay, tell: Tell) -> Seen:
    """Let the callers of this day call a real `Queue()`, and give what was seen.

    Comes back when nobody waits any more. Raises `BenchFailed`.
    """
    seen = Seen(0.0, [Met() for _ in range(len(day.callers))])
    talks_s = day.callers.service.tolist()
    async with queue_switch(folder, day.house, day.app_queue, tell) as switch:
        try:
            async with asyncio.TaskGroup() as tasks:
                desks = [
                    Desk(switch, agent, day.app_queue.ring_s, talks_s, seen, tasks)
                    for agent in range(len(switch.phones))
                ]
                callers = LiveCallers(folder, seen)
                try:
                    await open_phones([desk.phone for desk in desks])
                    await switch.wait_reachable()
                    for desk in desks:
                        tasks.create_task(stays_reachable(desk.phone))
                    tell(f"{len(day.callers)} callers, {len(desks)} agents")
                    seen.began = time.time() + _LEAD_S
                    callers.begin(program, switch.port, day.house, day.callers)
                    await callers.all_waits_end(day.callers.arrived[-1] + _LAST_WAITS_S, tell)
                    raise _NobodyWaits
                finally:
                    callers.end()
                    await close_phones([desk.phone for desk in desks])
        except* _NobodyWaits:
            pass
    return seen


class _NobodyWaits(Exception):
    """What is left, talks and phones, ends."""
