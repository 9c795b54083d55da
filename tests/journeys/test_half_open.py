"""Journey: Asterisk stands still, so that the link is half-open; then everything goes on, once."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Iterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from tests.journeys.people import AGENT_HZ, agent, caller, order, ready, until, waits
from tests.journeys.service import Service, console, kept_dialogues, running_service

STOPPED_S = 8.0  # longer than the link's deadlines


@pytest.fixture
def service(folder: Path) -> Iterator[Service]:
    with running_service(folder) as running:
        yield running


async def test_a_link_that_is_half_open_keeps_everybody_and_rings_nobody_twice(
    service: Service,
) -> None:
    async with AsyncExitStack() as stack:
        anna = await stack.enter_async_context(agent(service))
        talks = await stack.enter_async_context(caller(service))
        await talks.phone.press("0")
        await talks.hears(AGENT_HZ)
        who = await stack.enter_async_context(caller(service))
        await waits(service, who, 2)
        in_menu = await stack.enter_async_context(caller(service))
        await in_menu.phone.press("1")
        await until(lambda: kept_dialogues(service, "tenancy") == 1)
        jiwoo = await stack.enter_async_context(agent(service, "desk2"))
        await who.hears(AGENT_HZ)
        await until(lambda: _states(service) == ["talking", "talking"])
        last = await stack.enter_async_context(caller(service))
        await waits(service, last, 3)
        before = order(service)

        os.kill(service.asterisk_pid, signal.SIGSTOP)
        try:
            stopped_s = asyncio.get_running_loop().time()
            await until(lambda: service.health()[0] == 503, 6)
            await asyncio.to_thread(ready, service, "jiwoo")  # something to ring, and no link
            await asyncio.sleep(STOPPED_S - (asyncio.get_running_loop().time() - stopped_s))
        finally:
            os.kill(service.asterisk_pid, signal.SIGCONT)

        await until(lambda: service.health()[0] == 200)
        assert order(service) == before
        for each in (talks, who):
            await each.hears(AGENT_HZ)
        await who.phone.hang_up()  # jiwoo is free after wrap-up, and takes who waits
        await last.hears(AGENT_HZ)
        assert (len(anna.calls), len(jiwoo.calls)) == (1, 2)
        assert [each[0] for each in order(service)] == [before[0][0], before[2][0]]
        assert kept_dialogues(service, "tenancy") == 1
        assert _channels(service) == 5
        await in_menu.phone.press("0")
        await until(lambda: len(order(service)) == 3)
    assert "Traceback" not in service.said()


def _states(service: Service) -> list[str]:
    return [state for _, _, state in order(service)]


def _channels(service: Service) -> int:
    listed = console(service, "core show channels concise").split()
    return len([line for line in listed if line.startswith("PJSIP/")])
