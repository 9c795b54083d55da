"""Journey: Asterisk is killed under sixty calls; soon after it is back nothing tells of them."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Iterator
from contextlib import AsyncExitStack
from pathlib import Path

import httpx
import pytest

from tests.audio.calls import Caller
from tests.journeys.people import AGENT_HZ, agent, caller, until
from tests.journeys.service import Service, kept_dialogues, missed_calls, running_service

CALLS = 60
AT_ONCE = 6
NO_GHOSTS_S = 3.0
SET_UP_S = 60.0


@pytest.fixture
def service(folder: Path) -> Iterator[Service]:
    with running_service(folder) as running:
        yield running


async def test_no_ghost_is_left_three_seconds_after_asterisk_is_back(service: Service) -> None:
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(agent(service))
        for _ in range(CALLS // AT_ONCE):
            coming = (stack.enter_async_context(caller(service)) for _ in range(AT_ONCE))
            callers: list[Caller] = await asyncio.gather(*coming)
            await asyncio.gather(*(each.phone.press("0") for each in callers))
        await until(lambda: _waiting(service) == CALLS - 1, SET_UP_S)
        assert service.agent("anna")["state"] == "talking"
        killed = service.asterisk_pid
        os.kill(killed, signal.SIGKILL)
        await until(lambda: service.health()[0] == 503)
        await until(lambda: service.health()[0] == 200, SET_UP_S)
        await until(lambda: not service.get("calls"), NO_GHOSTS_S)
        assert service.asterisk_pid != killed
        assert _waiting(service) == 0
        anna = service.agent("anna")
        assert (anna["state"], anna["call"]) == ("ready", None)
        await until(lambda: kept_dialogues(service) == 0)
        await until(lambda: "freizeichen_dialogues 0.0" in _metrics(service))
        missed = await until(lambda: missed_calls(service, CALLS - 1))
        assert {(each["line"], each["cause"]) for each in missed} == {("100", "gone")}
    async with agent(service, "desk2"), caller(service) as who:
        await who.phone.press("0")
        await who.hears(AGENT_HZ)
    assert "Traceback" not in service.said()


def _waiting(service: Service) -> int:
    (queue,) = service.get("queues")
    return int(queue["waiting"])


def _metrics(service: Service) -> str:
    return httpx.get(f"{service.run.address}/metrics", timeout=5).text
