"""Real Asterisk and a silent service: who hangs up meanwhile is noted once, unless answered."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest_asyncio

from ivr.caller.script import Answering
from tests.asterisk.fallback_stage import (
    AGENT_HZ,
    NUMBER,
    SHORT,
    WITHIN_S,
    agent_at,
    are_at,
    console_says,
    dial,
    fallback_switch,
    hangs_up_on,
    in_queue,
    kept,
    kept_are,
    nobody_watches,
    nothing_is_kept,
    on_the_line,
    running_service,
    stranger,
    works,
)
from tests.audio.calls import MUSIC_HZ
from tests.folders import open_folder
from tests.switch import Switch


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def house() -> AsyncIterator[Switch]:
    with open_folder() as folder:
        async with fallback_switch(folder) as switch:
            yield switch


async def test_who_hangs_up_in_asterisks_queue_or_before_it_is_a_missed_call_once(
    house: Switch,
) -> None:
    async with agent_at(house, "desk1", Answering.NEVER):
        async with running_service(house) as service:
            await works(service, house, "desk1")
        async with stranger(house):
            await in_queue(house, 1)
        async with stranger(house, line="200") as in_doubt:
            await in_doubt.hears(MUSIC_HZ)
        await kept_are(house, 2)
    async with running_service(house, every_s=0.3) as service:
        await works(service, house)
        await nothing_is_kept(house)
        told = [(each.line, each.number) for each in service.missed]
        assert told == [("100", NUMBER), ("200", NUMBER)]
        assert len({each.call for each in service.missed}) == 2


async def test_who_hangs_up_on_a_service_that_is_silent_is_a_missed_call_once(
    house: Switch,
) -> None:
    async with running_service(house, every_s=0.3) as service:
        async with on_the_line(service, house) as caller:
            service.healthy = False
            await are_at(house, "fz-wait", 1)
        await kept_are(house, 1)
        service.healthy = True
        await nothing_is_kept(house)
        assert [(each.call, each.number) for each in service.missed] == [(caller.channel, NUMBER)]


async def test_who_hangs_up_on_a_living_service_is_its_own_business(house: Switch) -> None:
    async with running_service(house) as service:
        async with on_the_line(service, house) as caller:
            pass
        async with asyncio.timeout(WITHIN_S):
            while await service.listed(caller.channel):  # noqa: ASYNC110  (no event tells it)
                await asyncio.sleep(0.02)
        assert (await kept(house), service.missed) == ([], [])


async def test_who_is_joined_before_the_first_beat_is_no_missed_call(house: Switch) -> None:
    """A join leaves an empty channel behind, which ends in the caller's dialplan."""
    async with (
        agent_at(house, "desk1"),
        running_service(house) as service,
        on_the_line(service, house) as caller,
    ):
        leg = await dial(service, "offer-1")
        await nobody_watches(house)
        service.healthy = False
        await asyncio.sleep(SHORT.music_s + 0.8)  # until the beat counts as late
        await service.floor.desk.bridge(caller.channel, leg)
        await caller.hears(AGENT_HZ)
        await console_says(house, "core show channels concise", _only_callers_and_phones)
        assert await kept(house) == []
        service.healthy = True
        await service.next_beat()


def _only_callers_and_phones(shown: str) -> bool:
    return not any(line.startswith("Surrogate") for line in shown.splitlines())


async def test_whom_an_agent_answered_in_asterisks_queue_is_no_missed_call(house: Switch) -> None:
    async with agent_at(house, "desk1") as agent:
        async with running_service(house) as service:
            await works(service, house, "desk1")
        async with stranger(house) as caller:
            await caller.hears(AGENT_HZ)
        await kept_are(house, 1)
        async with stranger(house) as caller:
            await caller.hears(AGENT_HZ)
            await asyncio.to_thread(agent.stop)
            await hangs_up_on(caller)
    rows = await kept_are(house, 2)
    assert [row.rpartition("|")[2] for row in rows] == ["served", "served"]
    assert not any(NUMBER in row for row in rows)
    async with running_service(house, every_s=0.3) as service:
        await works(service, house)
        await nothing_is_kept(house)
        assert service.missed == []
