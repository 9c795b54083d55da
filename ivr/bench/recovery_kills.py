"""What a service that is killed again and again costs its callers: nothing, or it is counted."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from ivr.bench.progress import Tell
from ivr.bench.recovery_crowd import IN_MENUS, TALKING, WAITING, Crowd
from ivr.bench.recovery_judging import (
    Rung,
    begun_anew,
    displaced,
    left_without_talk,
    listed,
    longest_gap,
    rung_twice,
)
from ivr.bench.recovery_site import HELD, TALKS, KillableSite
from ivr.bench.table import Bar, Row
from ivr.bench.talking import run_callers
from ivr.bench.wire import Wire, watched_phone
from ivr.caller.phone import CallerPhone, SipServer
from ivr.keeping.journal import as_rows
from queues.centre.facts.fact import Fact
from queues.centre.journal.codec import read_fact
from queues.centre.lives.call import CallState
from queues.store import Kind, StoreView

_REAL = 4
_BAR_ADOPTED_S = 5.0
_GIVE_UP_S = 60.0
_DIAL_S = 20.0
_LIVES_S = (1.5, 6.0)  # from the adoption to the next kill
_KILLED_STARTING = 0.25  # of the kills a second one follows, while the service is starting
_STARTING_S = (0.3, 2.5)
_AROUND_S = 0.5  # a gap that began just before the kill counts as well


@dataclass(frozen=True, slots=True)
class Killed:
    """What one kill came to."""

    adopted_after_s: float
    displaced: int
    begun_anew: int
    gap_s: float
    waiting: int


@dataclass(frozen=True, slots=True)
class Outcome:
    """What all of them came to."""

    kills: tuple[Killed, ...]
    came: int
    dropped: int  # phones that were told the call is over, and talks that neither side ended
    left: int  # calls that left the queue by the journal, and no agent had talked with them
    refused: int
    rung: int
    rung_twice: int


def kill_rows(site: KillableSite, *, quick: bool, tell: Tell) -> list[Row]:
    """Kill the service at random moments under a crowd. Raises `BenchFailed`."""
    seeds = range(1, 5 if quick else 21)
    return rows_of(run_callers(_under_a_crowd(site, seeds, tell)))


def rows_of(found: Outcome) -> list[Row]:
    """The rows of the table."""
    under = f"{len(found.kills)} kills, {WAITING} waiting, {IN_MENUS} in menus, {TALKING} talking"
    adopted = tuple(kill.adopted_after_s for kill in found.kills)
    return [
        Row(f"{under}: dropped of {found.came + _REAL} calls", (found.dropped,), "calls", bar=0),
        Row("the same: left the queue without a talk", (found.left,), "calls", bar=0),
        Row("the same: new calls that were not answered", (found.refused,), "calls", bar=0),
        Row(
            "the same: calls whose waiting time or place in the order changed",
            (float(sum(kill.displaced for kill in found.kills)),),
            "calls",
            bar=0,
        ),
        Row(
            "the same: callers in menus who lost what they had answered",
            (float(sum(kill.begun_anew for kill in found.kills)),),
            "calls",
            bar=0,
        ),
        Row("the same: command → last call adopted", adopted, "s", bar=_BAR_ADOPTED_S),
        Row("the same: slowest of all kills", (max(adopted),), "s", bar=_BAR_ADOPTED_S),
        Row(
            "the same: fewest waiting at a kill",
            (float(min(kill.waiting for kill in found.kills)),),
            "calls",
            kind=Bar.AT_LEAST,
            bar=WAITING,
        ),
        Row(
            f"the same: rung twice for one call, of {found.rung} rings",
            (found.rung_twice,),
            "rings",
            bar=0,
        ),
        Row(
            f"the same: longest gap in the sound of {_REAL} real callers",
            tuple(kill.gap_s for kill in found.kills),
            "s",
            bar=0.2,
        ),
    ]


async def _under_a_crowd(site: KillableSite, seeds: Sequence[int], tell: Tell) -> Outcome:
    wall_ahead_s = time.time() - time.monotonic()
    async with AsyncExitStack() as stack:
        tasks = await stack.enter_async_context(asyncio.TaskGroup())
        real = [await stack.enter_async_context(_real(site, line)) for line in _lines()]
        crowd = Crowd(site.run, tasks)
        await crowd.opens(site.ready)
        tell(f"{crowd.on_the_line} plain callers and {len(real)} real ones on the line")
        always = [
            tasks.create_task(crowd.keeps_coming()),
            tasks.create_task(crowd.keeps_choosing()),
        ]
        kills = []
        for seed in seeds:
            chance = random.Random(seed)  # noqa: S311  (when to kill, no secret)
            await asyncio.sleep(chance.uniform(*_LIVES_S))
            kill = await _kill(site, chance, [wire for _, wire in real])
            kills.append(kill)
            tell(
                f"kill {seed}: adopted after {kill.adopted_after_s:.2f} s, {kill.displaced} out of "
                f"place, {kill.begun_anew} begun anew, gap {kill.gap_s:.3f} s, "
                f"{kill.waiting} waited, {crowd.dropped} dropped"
            )
        for task in always:
            task.cancel()
        await asyncio.sleep(_LIVES_S[1])  # what a kill brought about shows itself until then
        facts = await asyncio.to_thread(_facts, site)
        lost = sum(phone.ended.is_set() for phone, _ in real)
        await crowd.leaves()
    rings = [Rung(agent, at_s + wall_ahead_s) for agent, at_s in crowd.rings]
    return Outcome(
        tuple(kills),
        crowd.came,
        crowd.dropped + lost + crowd.cut,
        left_without_talk(facts),
        crowd.refused,
        len(rings),
        rung_twice(rings, facts),
    )


def _lines() -> list[str]:
    """The real callers: one talks, the others wait where nobody serves, and hear music."""
    return [TALKS, *[HELD] * (_REAL - 1)]


@asynccontextmanager
async def _real(site: KillableSite, line: str) -> AsyncIterator[tuple[CallerPhone, Wire]]:
    run = site.run
    account = run.callers[0]
    server = SipServer(run.sip_host, run.sip_port, account.username, account.password)
    async with watched_phone(server) as (phone, wire):
        await phone.dial(line, _DIAL_S)
        yield phone, wire


async def _kill(site: KillableSite, chance: random.Random, wires: Sequence[Wire]) -> Killed:
    rows = await asyncio.to_thread(site.calls)
    answers = await asyncio.to_thread(site.answers_in_menus, rows)
    killed_s = time.monotonic()
    await asyncio.to_thread(site.kill)
    if chance.random() < _KILLED_STARTING:
        await asyncio.to_thread(site.start)
        await asyncio.sleep(chance.uniform(*_STARTING_S))
        await asyncio.to_thread(site.kill)
    began_s = time.monotonic()
    await asyncio.to_thread(site.start)
    adopted_after_s = await asyncio.to_thread(site.wait_adopted, began_s, _GIVE_UP_S)
    rows_after = await asyncio.to_thread(site.calls)
    answers_after = await asyncio.to_thread(site.answers_in_menus, rows_after)
    await asyncio.to_thread(site.wait_ready)
    await asyncio.sleep(_AROUND_S)
    until_s = time.monotonic() - 0.1  # what came in the last moment may not have been read yet
    gaps = [
        longest_gap([packet.at_s for packet in wire.packets], killed_s - _AROUND_S, until_s)
        for wire in wires
    ]
    before, after = listed(rows), listed(rows_after)
    waiting = sum(each.state == CallState.WAITING for each in before)
    return Killed(
        adopted_after_s,
        displaced(before, after),
        begun_anew(answers, answers_after),
        max(gaps),
        waiting,
    )


def _facts(site: KillableSite) -> list[Fact]:
    view = StoreView(site.store_url, days_folder=Path(site.days_folder))
    try:
        return [read_fact(row) for row in as_rows(view.journal.rows(kinds=(Kind.FACT,)))]
    finally:
        view.close()
