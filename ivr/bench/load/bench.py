"""Measures the load: the rival's block, ours, the rival's again; and says what holds.

The rival is the same script in an Asterisk alone: the same prompts, music, phones, passwords and
calls through Background() and Queue(), no service, nobody listening to its control port. Callers
and agents' phones run on the same machine and count for neither.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import httpx

from ivr import resources
from ivr.bench.load.calls import A_SECOND, LASTS_S, Desks, Placed, place_calls
from ivr.bench.load.readings import Counted, Held, Watch, share_within, told
from ivr.bench.load.site import House, OurHouse, our_house, processor_s, rivals_house
from ivr.bench.progress import Tell
from ivr.bench.recovery_memory import steady_slope
from ivr.bench.sip_tester import sipp
from ivr.bench.site import BenchFailed, bench_folder
from ivr.bench.table import Bar, Row
from ivr.bench.talking import run_callers

_OURS_S, _RIVALS_S, _WARM_S = 600, 150, 30
_OURS_QUICK_S, _RIVALS_QUICK_S, _WARM_QUICK_S = 40, 20, 10
_TOLD_EVERY_S: Final = 30.0
_RIVAL: Final = "Asterisk's Queue() alone"
_CALLS: Final = A_SECOND * _OURS_S


@dataclass(frozen=True, slots=True)
class Block:
    """One stretch of calls in one house: what became of them, and processor times in seconds."""

    placed: Placed
    took_s: float
    asterisk_s: float
    service_s: float

    @property
    def ms_a_call(self) -> float:
        """The processor time of all that serves, for a call."""
        return 1000 * (self.asterisk_s + self.service_s) / max(1, self.placed.went_well)


@dataclass(frozen=True, slots=True)
class Found:
    """Everything that was measured."""

    ours: Block
    rivals: tuple[Block, ...]
    before: Counted
    after: Counted
    at_rest: tuple[Held, Held]
    held: Sequence[Held]


def run_load(*, quick: bool, tell: Tell) -> list[Row]:
    """A quarter of an hour, or two minutes. Raises `BenchFailed`."""
    program = sipp(resources.cache_folder(), tell)
    with bench_folder() as folder, our_house() as ours:
        found = run_callers(_measure(ours, program, folder, tell, quick=quick))
    return rows_of(found, quick=quick)


async def _measure(
    ours: OurHouse, program: Sequence[str], folder: Path, tell: Tell, *, quick: bool
) -> Found:
    for_s, rivals_s, warm_s = (
        (_OURS_QUICK_S, _RIVALS_QUICK_S, _WARM_QUICK_S) if quick else (_OURS_S, _RIVALS_S, _WARM_S)
    )
    watch = Watch(ours)

    async def block(house: House, seconds: int) -> Block:
        return await _block(house, program, folder, seconds)

    async def rivals_block() -> Block:
        async with rivals_house(ours, tell) as rival:
            await block(rival, warm_s)
            found = await block(rival, rivals_s)
        tell(f"{_RIVAL}: {found.ms_a_call:.1f} ms of processor time a call")
        return found

    first = await rivals_block()
    await asyncio.to_thread(_agents_sign_in, ours)
    await block(ours.house, warm_s)
    rest = await watch.comes_to_rest()
    before = await asyncio.to_thread(watch.count)
    reading = asyncio.create_task(_read(watch, tell))
    try:
        our = await block(ours.house, for_s)
    finally:
        reading.cancel()
    tell(f"ours: {our.ms_a_call:.1f} ms of processor time a call")
    rest_after = await watch.comes_to_rest()
    after = await asyncio.to_thread(watch.count)
    last = await rivals_block()
    return Found(our, (first, last), before, after, (rest, rest_after), watch.held)


async def _read(watch: Watch, tell: Tell) -> None:
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(watch.run())
        while True:
            await asyncio.sleep(_TOLD_EVERY_S)
            tell(told(watch.held))


def _agents_sign_in(ours: OurHouse) -> None:
    token = Path(ours.run.token_file).read_text().strip()
    headers = {"Authorization": f"Bearer {token}"}
    with httpx.Client(base_url=ours.run.address, headers=headers) as api:
        for place in ours.run.places:
            api.post(f"/api/v1/agents/{place.agent}/ready").raise_for_status()


async def _block(house: House, program: Sequence[str], folder: Path, seconds: int) -> Block:
    """Agents at their phones, and calls for so many seconds."""
    placed = Placed()
    pids = (house.asterisk, house.service)
    async with asyncio.TaskGroup() as tasks:
        desks = Desks(house, placed, tasks)
        await desks.open()
        try:
            began_s = time.monotonic()
            before = [0.0 if pid is None else processor_s(pid) for pid in pids]
            await place_calls(house, program, folder, seconds, placed)
            after = [0.0 if pid is None else processor_s(pid) for pid in pids]
            took_s = time.monotonic() - began_s
        finally:
            await desks.close()
    if not placed.went_well:
        raise BenchFailed("no call went as written")
    asterisk_s, service_s = (b - a for a, b in zip(before, after, strict=True))
    return Block(placed, took_s, asterisk_s, service_s)


def rows_of(found: Found, *, quick: bool) -> list[Row]:
    """The rows of what was found; a quick run is too short for what calls leave behind."""
    ours, rivals = found.ours, found.rivals
    decided = {
        name: count - found.before.decided.get(name, 0.0)
        for name, count in found.after.decided.items()
    }
    calls = ours.placed.went_well + ours.placed.failed
    begun = decided.get("call_queued", 0.0)
    ended = decided.get("call_closed", 0.0) + decided.get("call_end_noted", 0.0)
    lag_s = share_within(found.before, found.after, 0.99)
    rest, rest_after = found.at_rest
    half = found.held[len(found.held) // 2 :]
    of_ours = tuple(ours.ms_a_call / each.ms_a_call for each in rivals)
    leaves = f"{calls:,} calls leave behind"
    return [
        Row(
            f"calls a second for {calls // A_SECOND} s: not set up, or not ended as written",
            (float(ours.placed.failed),),
            "calls",
            bar=0.0,
            against=_RIVAL,
            against_values=tuple(float(each.placed.failed) for each in rivals),
        ),
        Row(
            "the same: at once, in menus, queue and talks",
            (float(ours.placed.most_at_once),),
            "calls",
            Bar.AT_LEAST,
            0.95 * A_SECOND * LASTS_S,
        ),
        Row(
            "the same: talked with an agent",
            (float(ours.placed.talks),),
            "calls",
            against=_RIVAL,
            against_values=tuple(
                each.placed.talks * ours.placed.went_well / each.placed.went_well for each in rivals
            ),
        ),
        Row(
            "the same: calls that came and are not known, or did not end",
            (abs(calls - begun) + abs(begun - ended),),
            "calls",
            bar=0.0,
        ),
        Row("Asterisk tells an event → it is read, p99: within", (1000 * lag_s,), "ms", bar=100.0),
        Row("the service's share of a core", (100 * ours.service_s / ours.took_s,), "%", bar=25.0),
        Row("processor time a call, of the rival's", of_ours, "times", bar=1.3),
        Row(
            "the same: service and Asterisk",
            (ours.ms_a_call,),
            "ms",
            against=_RIVAL,
            against_values=tuple(each.ms_a_call for each in rivals),
        ),
        Row("the same: Asterisk", (1000 * ours.asterisk_s / ours.placed.went_well,), "ms"),
        Row(
            f"{leaves}: memory of the service, second half",
            (
                steady_slope(
                    [
                        (round(A_SECOND * (each.at_s - half[0].at_s)), each.resident_kb)
                        for each in half
                    ]
                ),
            ),
            "kB a call",
            bar=None if quick else 1.0,
        ),
        Row(
            "the same: memory of Asterisk",
            (
                steady_slope(
                    [
                        (round(A_SECOND * (each.at_s - half[0].at_s)), each.switch_kb)
                        for each in half
                    ]
                ),
            ),
            "kB a call",
            bar=None if quick else 1.0,
        ),
        Row(
            "the same: descriptors of the service, at rest",
            (float(rest_after.files - rest.files),),
            "files",
            bar=0.0,
        ),
        Row(
            "the same: descriptors of Asterisk, at rest",
            (float(rest_after.switch_files - rest.switch_files),),
            "files",
            bar=0.0,
        ),
        Row("the same: tasks, at rest", (float(rest_after.tasks - rest.tasks),), "tasks", bar=0.0),
    ]
