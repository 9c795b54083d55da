"""Journeys: an agent's phone is killed, ringing or in the talk; the caller keeps the place."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from contextlib import AsyncExitStack
from typing import Any

import pytest

from tests.folders import open_folder
from tests.journeys.people import AGENT_HZ, agent, caller, ready, until, waits
from tests.journeys.phone_process import phone_process, vanish
from tests.journeys.service import Service, running_service

HUM_HZ = 700
QUALIFY_S = 1.0 + 2.0  # until the next OPTIONS, and until nobody has answered it
NO_SOUND_S = 2
HEAD_WITHIN_S = 1.0
LOOK_S = 0.5  # at most, between what happened and our seeing it


@pytest.fixture(scope="module")
def service() -> Iterator[Service]:
    """Agents' phones that send no sound for 2 s are lost."""
    queue = {"id": "service", "ring_timeout_s": 20, "wrap_up_s": 30}
    asterisk = {"qualify_frequency_s": 1, "phone_lost_after_s": NO_SOUND_S}
    with (
        open_folder() as folder,
        running_service(folder, queues=[queue], asterisk=asterisk) as running,
    ):
        yield running


def row(service: Service) -> Any:
    (only,) = service.in_queue()
    return only


async def test_a_phone_killed_while_it_rings_costs_the_caller_neither_place_nor_agent(
    service: Service,
) -> None:
    async with AsyncExitStack() as stack:
        rings = stack.enter_context(phone_process(service, "desk1", answers_after_s=60))
        await asyncio.to_thread(ready, service, "anna")
        who = await stack.enter_async_context(caller(service))
        await waits(service, who, 1)
        before = await until(lambda: row(service) if row(service)["agent"] == "anna" else None)
        other = await stack.enter_async_context(agent(service, "desk2"))
        gone = await asyncio.to_thread(vanish, rings)
        await until(lambda: other.calls)
        assert other.calls[0].rang_at - gone <= QUALIFY_S + HEAD_WITHIN_S
        await who.hears(AGENT_HZ)
        after = row(service)
        assert (after["id"], after["since"], after["agent"]) == (
            before["id"],
            before["since"],
            "jiwoo",
        )
        anna = service.agent("anna")
        assert (anna["state"], anna["place_state"]) == ("ready", "unreachable")


async def test_a_phone_killed_in_the_talk_puts_its_caller_back_at_the_head(
    service: Service,
) -> None:
    async with AsyncExitStack() as stack:
        talks = stack.enter_context(phone_process(service, "desk1", answers_after_s=0.05))
        await asyncio.to_thread(ready, service, "anna")
        first = await stack.enter_async_context(caller(service))
        await waits(service, first, 1)
        await first.hears(HUM_HZ)
        before = row(service)
        second = await stack.enter_async_context(caller(service))
        await waits(service, second, 2)
        gone = await asyncio.to_thread(vanish, talks)
        await until(lambda: states(service) == ["waiting", "waiting"])
        took_s = time.monotonic() - gone
        assert took_s <= NO_SOUND_S + HEAD_WITHIN_S + LOOK_S
        head = service.in_queue()[0]
        assert (head["id"], head["since"]) == (before["id"], before["since"])
        assert service.agent("anna")["state"] == "wrap_up"
        await until(lambda: abs(first.pitch() - second.pitch()) < 12)  # both hear music
        await stack.enter_async_context(agent(service, "desk2"))
        await first.hears(AGENT_HZ)
        assert states(service) == ["talking", "waiting"]


def states(service: Service) -> list[str]:
    return [each["state"] for each in service.in_queue()]
