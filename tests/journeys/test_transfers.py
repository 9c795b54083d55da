"""Journeys: calls are passed on between real phones; the service is killed in the midst of it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.journeys.passing_on import (
    HOLE_S,
    NEXT_HZ,
    OTHER_HZ,
    card,
    hears_music,
    hops,
    only_call,
    three_desks,
)
from tests.journeys.people import (
    AGENT_HZ,
    a_talk,
    agent,
    kill,
    settled,
    start_again,
    until,
)
from tests.journeys.service import Service, command


@pytest.fixture
def service(folder: Path) -> Iterator[Service]:
    with three_desks(folder, repairs_ring_s=3) as running:
        yield running


async def pass_on(service: Service, call: str, **where: object) -> dict[str, Any]:
    def ask() -> dict[str, Any]:
        with service.api as api:
            answer = api.post(f"/api/v1/calls/{call}/transfer", json=where)
            found: dict[str, Any] = answer.raise_for_status().json()
            return found

    return await asyncio.to_thread(ask)


async def test_a_caller_who_is_passed_on_hears_music_at_once_and_then_the_next_agent(
    service: Service,
) -> None:
    async with AsyncExitStack() as stack:
        who, phone = await a_talk(stack, service)
        following = await stack.enter_async_context(
            agent(service, "desk2", answers_after_s=1.5, hums_hz=NEXT_HZ)
        )
        await until(lambda: service.agent("jiwoo")["place_state"] == "free")
        before = await only_call(service)
        said = await asyncio.to_thread(card, service, before["id"])
        assert said["entries"]
        began_s = asyncio.get_running_loop().time()
        answer = await pass_on(service, before["id"], queue="repairs", asked_by="anna")
        assert answer["outcome"] == "waits"
        await until(lambda: hears_music(who), 1.4)  # before the next agent answers
        assert (await asyncio.to_thread(service.agent, "anna"))["state"] == "wrap_up"
        await who.hears(NEXT_HZ)
        assert who.longest_gap(began_s) < HOLE_S
        assert await asyncio.to_thread(phone.wait_idle, 5)
        assert (len(phone.calls), len(following.calls)) == (1, 1)
        after = await until(lambda: (row := service.in_queue()[0])["state"] == "talking" and row)
        assert (after["id"], after["since"]) == (before["id"], before["since"])
        assert (after["agent"], after["queue"], after["hops"]) == ("jiwoo", "repairs", 1)
        assert await asyncio.to_thread(card, service, before["id"]) == said

        # Nobody else at work may take it now: it stays, and is owed.
        answer = await pass_on(service, before["id"], queue="repairs")
        assert (answer["outcome"], answer["call"]["owner"]) == ("owed", "jiwoo")
        assert abs(who.pitch() - NEXT_HZ) < 12
        await who.phone.hang_up()
        await until(lambda: hops(service) == 2)
        status, told = await asyncio.to_thread(command, service, "explain", before["id"], "--json")
        assert status == 0, told
        whats = [entry["what"] for entry in json.loads(told)["entries"]]
        assert {"call_transferred", "call_owed"} <= set(whats)
        status, told = await asyncio.to_thread(command, service, "replay", "--json")
        assert status == 0, told


async def test_an_agent_who_is_named_is_rung_alone_and_if_not_answering_anybody(
    service: Service,
) -> None:
    async with AsyncExitStack() as stack:
        who, _ = await a_talk(stack, service)
        named = await stack.enter_async_context(agent(service, "desk2", answers_after_s=60))
        other = await stack.enter_async_context(agent(service, "desk3", hums_hz=OTHER_HZ))
        await until(lambda: service.agent("cem")["place_state"] == "free")
        await until(lambda: service.agent("jiwoo")["place_state"] == "free")
        call = (await only_call(service))["id"]
        await pass_on(service, call, agent="jiwoo", alone_s=60)
        await until(lambda: named.calls)
        assert not other.calls
        await who.hears(OTHER_HZ)
        assert (len(named.calls), len(other.calls)) == (1, 1)


async def test_a_kill_while_a_call_is_passed_on_loses_nobody(service: Service) -> None:
    """The kills fall around the decision: before its rows, before the Redirect, or behind it."""
    for after_s in (0.0, 0.01, 0.1):
        async with AsyncExitStack() as stack:
            who, phone = await a_talk(stack, service)
            following = await stack.enter_async_context(agent(service, "desk2", hums_hz=NEXT_HZ))
            await until(lambda: service.agent("jiwoo")["place_state"] == "free")
            before = await only_call(service)
            asked = asyncio.create_task(pass_on(service, before["id"], queue="repairs"))
            await asyncio.sleep(after_s)
            await asyncio.to_thread(kill, service)
            await asyncio.wait({asked})
            assert asked.exception() is None or isinstance(asked.exception(), httpx.HTTPError)
            await asyncio.to_thread(start_again, service)
            await until(lambda: settled(service))
            after = await until(
                lambda: (row := service.in_queue()[0])["state"] == "talking" and row
            )
            assert (after["id"], after["since"]) == (before["id"], before["since"])
            passed_on = after["agent"] == "jiwoo"
            await who.hears(NEXT_HZ if passed_on else AGENT_HZ)
            assert not who.phone.ended.is_set()
            assert (len(phone.calls), len(following.calls)) == (1, 1 if passed_on else 0)
            await who.phone.hang_up()
            await until(lambda: not service.get("calls"))
            await asyncio.to_thread(ready_again, service)


def ready_again(service: Service) -> None:
    with service.api as api:
        api.post("/api/v1/agents/anna/ready").raise_for_status()
