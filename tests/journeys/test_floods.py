"""Journey: floods of what is no call, of guesses and of calls cost nobody a talk or a place."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Awaitable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import httpx

from ivr.caller.phone import CallFailed
from tests.asterisk.sipp import flood
from tests.audio.calls import Caller
from tests.journeys.people import AGENT_HZ, a_talk, caller, until, waits
from tests.journeys.service import Service, running_service

INVITES = 20_000
AT_MOST_S = 2.0  # until a call is answered
SOON_S = 10.0  # after the flood
GAP_S = 0.5  # without sound, in a talk
LOG_BYTES = 200_000
ONE_PHONE = 20


@asynccontextmanager
async def under_way(folder: Path) -> AsyncIterator[tuple[Service, Caller, Caller]]:
    """One caller talks with the only agent, and one waits."""
    limits = {"qualify_frequency_s": 1, "most_calls_each_phone": ONE_PHONE}
    with running_service(folder, asterisk=limits, callers=["caller1", "caller2"]) as service:
        async with AsyncExitStack() as stack:
            talks, _ = await a_talk(stack, service)
            waiting = await stack.enter_async_context(caller(service))
            await waits(service, waiting, 2)
            yield service, talks, waiting


async def nobody_is_starved(talks: Caller, flooding: Awaitable[None]) -> None:
    since_s = asyncio.get_running_loop().time()
    await flooding
    assert talks.longest_gap(since_s) < GAP_S
    await talks.hears(AGENT_HZ)


async def is_soon_answered(service: Service) -> None:
    """A call is answered in time, if not the first, then one within ten seconds."""
    loop = asyncio.get_running_loop()
    until_s = loop.time() + SOON_S
    while True:
        began_s = loop.time()
        try:
            async with caller(service):
                if loop.time() - began_s <= AT_MOST_S:
                    return
        except CallFailed:
            pass
        assert loop.time() < until_s


async def the_next_is_served(service: Service, talks: Caller, waiting: Caller) -> None:
    """Who waited all along is the one whom the agent gets."""
    await talks.phone.hang_up()
    await waiting.hears(AGENT_HZ)
    assert [call["state"] for call in service.in_queue()] == ["talking"]


def turned_away(service: Service, reason: str) -> float:
    metrics = httpx.get(f"{service.run.address}/metrics", timeout=5).text
    found = re.search(rf'calls_turned_away_total{{reason="{reason}"}} (\S+)', metrics)
    assert found, metrics
    return float(found[1])


def logged(service: Service) -> int:
    """What the logs of service and Asterisk take on the disk."""
    run = service.folder / ".freizeichen"
    return sum(
        file.stat().st_size
        for log in (run / "log", run / "asterisk/log")
        for file in log.rglob("*")
        if file.is_file()
    )


async def test_twenty_thousand_malformed_invites_starve_nobody(folder: Path) -> None:
    async with under_way(folder) as (service, talks, waiting):
        before = logged(service)
        flooding = flood(
            "malformed", service.run.sip_port, folder, calls=INVITES, a_second=INVITES // 8
        )
        await nobody_is_starved(talks, flooding)
        await is_soon_answered(service)
        assert logged(service) - before < LOG_BYTES
        assert service.health()[0] == 200
        await the_next_is_served(service, talks, waiting)


async def test_a_phone_that_calls_without_end_is_held_to_its_share(folder: Path) -> None:
    async with under_way(folder) as (service, talks, waiting):
        before = logged(service)
        phone = next(each for each in service.run.callers if each.username == "caller2")
        flooding = flood(
            "calls_of_a_phone", service.run.sip_port, folder, phone, calls=400, a_second=40
        )
        await nobody_is_starved(talks, flooding)
        refused = await until(lambda: turned_away(service, "source_limit"))
        assert refused >= 400 / 4
        assert turned_away(service, "full_house") == 0
        await is_soon_answered(service)
        assert logged(service) - before < 4 * LOG_BYTES
        await until(lambda: len(service.in_queue()) == 2)
        await the_next_is_served(service, talks, waiting)
