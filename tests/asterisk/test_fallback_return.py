"""Real Asterisk and a service that comes back: who waited is taken back, what was kept is told."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import pytest_asyncio

from ivr.asterisk import wire_actions as wire
from ivr.asterisk.wire_events import ChannelId
from ivr.caller.script import Answering
from tests.ami.running import until
from tests.asterisk.fallback_stage import (
    AGENT_HZ,
    HOLE_S,
    NUMBER,
    SHORT,
    SORRY_HZ,
    WITHIN_S,
    Service,
    agent_at,
    ends,
    fallback_switch,
    hangs_up_on,
    in_queue,
    kept,
    kept_are,
    members,
    members_are,
    nobody_watches,
    nobody_works,
    nothing_is_kept,
    on_the_line,
    rings,
    running_service,
    stranger,
    works,
)
from tests.audio.calls import Caller
from tests.folders import open_folder
from tests.switch import Switch


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def house() -> AsyncIterator[Switch]:
    with open_folder() as folder:
        async with fallback_switch(folder) as switch:
            yield switch


async def test_who_waits_in_asterisks_queue_is_taken_back_with_the_true_start(
    house: Switch,
) -> None:
    async with agent_at(house, "desk1", Answering.NEVER) as agent, AsyncExitStack() as stack:
        async with running_service(house) as service:
            await works(service, house, "desk1")
        began: list[float] = []
        callers: list[Caller] = []
        for number in (1, 2):
            began.append(time.time())
            callers.append(await stack.enter_async_context(stranger(house)))
            await in_queue(house, number)
        await rings(agent)
        async with running_service(house) as service:
            await until(lambda: len(service.callers) == 2, within_s=WITHIN_S)
            for (_, lasted_s), start_s in zip(service.adopted, began, strict=True):
                assert abs(time.time() - lasted_s - start_s) < 2
            for caller, (call, _) in zip(callers, service.adopted, strict=True):
                caller.channel = ChannelId(call)
                await service.visits(caller, 1, "redirect")
                assert service.floor.desk.in_agi(caller.channel)
            await ends(agent)
            for caller in callers:
                await caller.phone.hang_up()
        await nobody_works(house)
    assert await kept(house) == []


async def test_a_talk_under_asterisks_queue_is_left_alone(house: Switch) -> None:
    async with agent_at(house, "desk1") as agent:
        async with running_service(house) as service:
            await works(service, house, "desk1")
        async with stranger(house) as caller:
            await caller.hears(AGENT_HZ)
            begun_s = asyncio.get_running_loop().time()
            async with running_service(house, every_s=0.3) as service:
                await works(service, house)
                for _ in range(3):
                    await service.next_beat()
                assert (service.adopted, service.callers) == ([], set())
                assert abs(caller.pitch() - AGENT_HZ) < 12
                assert caller.longest_gap(begun_s) < HOLE_S
                await asyncio.to_thread(agent.stop)
                await hangs_up_on(caller)
                await nothing_is_kept(house)
                assert service.missed == []


async def test_who_called_first_is_served_first(house: Switch) -> None:
    """Also when another one came to Asterisk's queue before, whose time ran out earlier."""
    async with running_service(house) as service, AsyncExitStack() as stack:
        first = await stack.enter_async_context(on_the_line(service, house))
        await asyncio.sleep(1.1)  # the start is known to the second
        second = await stack.enter_async_context(on_the_line(service, house))
        agent = await stack.enter_async_context(agent_at(house, "desk1", Answering.NEVER))
        await works(service, house, "desk1")
        await nobody_watches(house)
        service.healthy = False
        await service.floor.client.send(wire.absolute_timeout(first.channel, SHORT.grace_s + 3))
        await rings(agent)
        assert await _waiting(house) == [await _name(service, second)]
        await in_queue(house, 2)
        assert await _waiting(house) == [await _name(service, each) for each in (first, second)]
        await works(service, house)
        for caller in (first, second):
            await caller.phone.hang_up()
        await kept_are(house, 2)
        service.healthy = True
        await nothing_is_kept(house)
        assert {each.call for each in service.missed} == {first.channel, second.channel}


async def test_a_missed_call_stays_until_it_was_taken(house: Switch) -> None:
    async with stranger(house) as caller:
        await caller.hears(SORRY_HZ)
    async with running_service(house, every_s=0.3) as service:
        service.refuses_missed = True
        await until(lambda: len(service.missed) >= 3, within_s=WITHIN_S)
        assert len(await kept(house)) == 1
        service.refuses_missed = False
        await nothing_is_kept(house)
        assert len({each.call for each in service.missed}) == 1
        assert {each.number for each in service.missed} == {NUMBER}


async def test_a_service_that_does_not_decide_takes_nothing_over(house: Switch) -> None:
    async with running_service(house, every_s=0.1) as service:
        service.healthy = False
        async with stranger(house) as caller:
            await caller.hears(SORRY_HZ)
        before = service.heart.beats
        await asyncio.sleep(1.0)
        assert (service.missed, service.heart.beats) == ([], before)
        service.healthy = True
        await nothing_is_kept(house)
        assert len(service.missed) == 1  # and not again while its deletion is under way


async def test_the_phones_of_those_who_work_are_rung_whatever_happens_to_the_link(
    house: Switch,
) -> None:
    async with running_service(house) as service:
        await works(service, house, "desk1", "desk2")
        await works(service, house, "desk2")
        # Somebody else changes it: the next link puts it right.
        await house.console("queue add member PJSIP/desk1 to fallback")
        await house.console("queue remove member PJSIP/desk2 from fallback")
        assert await members(house) == {"desk1"}
        service.break_link()
        await members_are(house, "desk2")
    async with running_service(house) as service:
        await service.next_beat()
        assert await members(house) == {"desk2"}  # nobody has said yet who works
        await works(service, house)


async def test_members_outlive_a_restart_of_asterisk(house: Switch) -> None:
    async with running_service(house) as service:
        await works(service, house, "desk1")
    await asyncio.sleep(1.5)  # Asterisk writes its database each second
    house.kill()
    await house.stop()
    await house.start()
    assert await members(house) == {"desk1"}
    await nobody_works(house)


async def _waiting(switch: Switch) -> list[str]:
    """The channels in Asterisk's queue, in its order."""
    shown = await switch.console("queue show fallback")
    return [line.split()[1] for line in shown.splitlines() if "(wait:" in line]


async def _name(service: Service, caller: Caller) -> str:
    entry = await service.listed(caller.channel)
    assert entry is not None
    return str(entry.name)
