"""Journey: who calls again gets the agent of the last talk first, and waits for nobody who left."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.journeys.people import AGENT_HZ, WITHIN_S, agent, caller, until
from tests.journeys.service import Service, command, running_service

JIWOO_HZ = 700


@pytest.fixture
def service(folder: Path) -> Iterator[Service]:
    last = {"within_h": 1, "for_s": 600}
    queue = {"id": "service", "ring_timeout_s": 9, "wrap_up_s": 0, "prefer_last_agent": last}
    with running_service(folder, queues=[queue]) as running:
        yield running


async def talks(service: Service, hums_hz: float) -> str:
    """Call, be joined with the agent who hums so, and hang up; the call's id."""
    async with caller(service) as who:
        await who.phone.press("0")
        await who.hears(hums_hz)
        (row,) = await asyncio.to_thread(service.in_queue)
    await until(lambda: not service.in_queue())
    return str(row["id"])


async def test_the_last_agent_comes_first_and_only_while_at_work(service: Service) -> None:
    async with agent(service), asyncio.timeout(6 * WITHIN_S):
        await talks(service, AGENT_HZ)
        async with agent(service, "desk2", hums_hz=JIWOO_HZ):
            await until(lambda: service.agent("jiwoo")["place_state"] == "free")
            await talks(service, AGENT_HZ)
            # Anna talked last, so Jiwoo is idle longer: by the order alone it would be Jiwoo's.
            again = await talks(service, AGENT_HZ)
            said = await asyncio.to_thread(command, service, "explain", again)
            assert said[0] == 0, said
            assert "for 600.0 s it waits for anna alone, the last one who had the matter" in said[1]
            await asyncio.to_thread(command, service, "agents", "sign-out", "anna")
            third = await talks(service, JIWOO_HZ)
            status, told = await asyncio.to_thread(command, service, "explain", third)
            assert status == 0
            assert "alone" not in told
