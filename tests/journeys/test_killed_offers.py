"""Journeys: the service is killed while an agent's phone rings, and while the two are joined."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from ivr.caller.agent_phone import AgentPhone
from tests.journeys.people import (
    AGENT_HZ,
    WITHIN_S,
    agent,
    caller,
    kill,
    settled,
    start_again,
    until,
    waits,
)
from tests.journeys.service import Service, running_service

RINGS_S = 8.0  # longer than a kill and a start take


@pytest.fixture
def service(folder: Path) -> Iterator[Service]:
    queue = {"id": "service", "ring_timeout_s": 20, "wrap_up_s": 1}
    with running_service(folder, queues=[queue]) as running:
        yield running


async def test_a_phone_that_rings_when_the_service_is_killed_rings_on_and_its_agent_is_joined(
    service: Service,
) -> None:
    async with AsyncExitStack() as stack:
        who = await stack.enter_async_context(caller(service))
        await waits(service, who, 1)
        phone = await stack.enter_async_context(agent(service, answers_after_s=RINGS_S))
        await until(lambda: phone.calls)
        before = (await asyncio.to_thread(service.get, "calls"))[0]
        await asyncio.to_thread(kill, service)
        following = await asyncio.to_thread(start_again, service)
        await until(lambda: settled(following))
        assert phone.calls[0].answered_at is None, "the service was back too late for this test"
        after = (await asyncio.to_thread(following.get, "calls"))[0]
        assert (after["id"], after["since"]) == (before["id"], before["since"])
        assert (await asyncio.to_thread(following.agent, "anna"))["state"] == "ringing"
        await who.hears(AGENT_HZ)
        assert len(phone.calls) == 1
        await until(lambda: following.in_queue()[0]["state"] == "talking")
        assert following.agent("anna")["state"] == "talking"


async def test_a_kill_while_the_two_are_joined_leaves_one_talk_and_one_ring(
    service: Service,
) -> None:
    """The kills fall around the answer: before the Bridge, under it or behind it."""
    async with agent(service) as phone:
        for rung, after_s in enumerate((0.0, 0.02, 0.1), 1):
            await until(lambda: is_free(service))
            async with caller(service) as who:
                await who.phone.press("0")
                await asyncio.to_thread(wait_answered, phone, rung)
                await asyncio.sleep(after_s)
                await asyncio.to_thread(kill, service)
                await asyncio.to_thread(start_again, service)
                await until(lambda: settled(service))
                await who.hears(AGENT_HZ)
                assert len(phone.calls) == rung
                await until(lambda: service.in_queue()[0]["state"] == "talking")
                assert len(service.in_queue()) == 1
                assert service.agent("anna")["state"] == "talking"
                await who.phone.hang_up()
            await until(lambda: not service.get("calls"))


def wait_answered(phone: AgentPhone, rung: int) -> None:
    until_s = time.monotonic() + WITHIN_S
    while len(phone.calls) < rung or phone.calls[-1].answered_at is None:
        assert time.monotonic() < until_s, "the phone did not ring"
        time.sleep(0.001)  # the kill shall fall into the moments after the answer


def is_free(service: Service) -> bool:
    agent = service.agent("anna")
    return (agent["state"], agent["place_state"]) == ("ready", "free")
