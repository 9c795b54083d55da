"""Real Asterisk whose service dies: one channel sees it for all callers, and their key counts."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
import pytest_asyncio

from ivr.asterisk import config
from ivr.asterisk import wire_actions as wire
from ivr.asterisk.config import Silence
from ivr.asterisk.wire_events import ChannelId
from ivr.caller.phone import caller_phone
from ivr.caller.script import Answering
from ivr.starting.preparation import load_plans
from ivr.starting.rendered import emergency_ways
from tests.ami.running import until
from tests.asterisk.fallback_stage import (
    AGENT_HZ,
    HOLE_S,
    WITHIN_S,
    agent_at,
    are_at,
    console_says,
    dialled,
    fallback_switch,
    join,
    kept,
    on_the_line,
    rings,
    running_service,
    server,
    stranger,
)
from tests.audio.calls import MUSIC_HZ, Caller, running_visits
from tests.folders import open_folder
from tests.switch import Switch, test_settings

# Nothing but the watch can be the one who helps within these tests' patience.
LONG = Silence(grace_s=120, renew_s=40, music_s=2, dead_s=60, doubt_s=20)
PLACES = {
    "places": ["desk1", "desk2", "caretaker"],
    "emergency": {"place": "caretaker", "ring_s": 5},
}
MANY = 18  # so that their channels' names end in every way


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def house() -> AsyncIterator[Switch]:
    """Lines with the keys of the dialplans that ship, and a phone for emergencies."""
    settings = test_settings(**PLACES)
    ways = emergency_ways(settings, load_plans(settings))
    with open_folder() as folder:
        async with fallback_switch(folder, LONG, ways, **PLACES) as switch:
            yield switch


async def press_and_talk(house: Switch, caller: Caller) -> None:
    await are_at(house, "fz-wait", 1)
    await caller.phone.press("8")
    await caller.hears(AGENT_HZ)


@pytest.mark.parametrize("line", ["100", "200", "300"], ids=["de", "en", "ko"])
async def test_soon_after_the_service_died_the_key_leads_to_the_emergency_phone_and_stays_there(
    house: Switch, line: str
) -> None:
    async with AsyncExitStack() as stack:
        caretaker = await stack.enter_async_context(agent_at(house, "caretaker"))
        caller = Caller(await stack.enter_async_context(caller_phone(server(house))))
        async with running_service(house, LONG) as service:
            await dialled(service, caller, line=line)
        await press_and_talk(house, caller)
        assert len(caretaker.calls) == 1
        async with running_service(house, LONG, every_s=0.3) as service:
            for _ in range(3):
                await service.next_beat()
            assert (service.adopted, service.callers) == ([], set())
            await caller.hears(AGENT_HZ)
        assert await kept(house) == []


async def test_who_is_listened_to_when_the_service_dies_has_the_key_too(house: Switch) -> None:
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(agent_at(house, "caretaker"))
        caller = Caller(await stack.enter_async_context(caller_phone(server(house))))
        async with (
            running_service(house, LONG) as service,
            running_visits(service.floor.desk) as visits,
        ):
            await dialled(service, caller, music=False)
            await visits.begin(caller.channel)
        await press_and_talk(house, caller)


async def test_who_calls_when_the_service_has_just_died_has_the_key_too(house: Switch) -> None:
    async with agent_at(house, "caretaker"):
        async with running_service(house, LONG):
            pass
        async with stranger(house) as caller:
            await press_and_talk(house, caller)


async def test_any_other_key_waits_on_and_the_next_beat_gives_the_caller_back(
    house: Switch,
) -> None:
    async with (
        agent_at(house, "caretaker") as caretaker,
        running_service(house, LONG) as service,
        on_the_line(service, house) as caller,
    ):
        begun_s = asyncio.get_running_loop().time()
        service.healthy = False
        await are_at(house, "fz-wait", 1)
        for key in "19*#":
            await caller.phone.press(key)
        await caller.hears(MUSIC_HZ)
        await are_at(house, "fz-wait", 1)
        service.healthy = True
        await service.visits(caller, 1, "timeout")
        assert service.floor.desk.in_agi(caller.channel)
        assert caller.longest_gap(begun_s) < HOLE_S
        assert caretaker.calls == []


async def test_a_talk_a_ringing_phone_and_an_agents_leg_are_left_alone(house: Switch) -> None:
    async with AsyncExitStack() as stack:
        enter = stack.enter_async_context
        rung = await enter(agent_at(house, "desk2", Answering.NEVER))
        await enter(agent_at(house, "desk1"))
        service = await enter(running_service(house, LONG))
        talks, waits = [await enter(on_the_line(service, house)) for _ in range(2)]
        await join(service, talks, "offer-watch-1")
        await talks.hears(AGENT_HZ)
        await service.floor.client.send(
            wire.originate(
                wire.phone("desk2"),
                channel_id=ChannelId("offer-watch-2"),
                context="fz-agent",
                exten="wait",
                timeout_ms=30_000,
            )
        )
        await rings(rung)
        begun_s = asyncio.get_running_loop().time()
        service.healthy = False
        await are_at(house, "fz-wait", 1)
        await are_at(house, "fz-watch", 0)  # it has gone round for all it will
        await talks.hears(AGENT_HZ)
        assert talks.longest_gap(begun_s) < HOLE_S
        assert rung.calls[0].ended_at is None
        assert abs(waits.pitch() - MUSIC_HZ) < 12


async def test_all_of_many_callers_are_taken_and_given_back(house: Switch) -> None:
    async with AsyncExitStack() as stack:
        service = await stack.enter_async_context(running_service(house, LONG))
        callers = [
            await stack.enter_async_context(on_the_line(service, house)) for _ in range(MANY)
        ]
        service.healthy = False
        await are_at(house, "fz-wait", MANY)
        service.healthy = True
        for caller in callers:
            await service.visits(caller, 1, "timeout")


async def test_there_is_one_watch_whatever_happens_to_link_and_dialplan_and_none_after_a_silence(
    house: Switch,
) -> None:
    async with running_service(house, LONG) as service, on_the_line(service, house) as caller:
        for _ in range(3):
            before = service.heart.beats
            service.break_link()
            await until(lambda: service.heart.beats > before, within_s=WITHIN_S)  # noqa: B023
        await are_at(house, "fz-watch", 2)  # the two ends of one
        await house.console("dialplan reload")  # forgets all global variables
        for _ in range(3):
            await service.next_beat()
        await are_at(house, "fz-watch", 2)
        service.healthy = False
        await are_at(house, "fz-wait", 1)
        await are_at(house, "fz-watch", 0)
        service.healthy = True
        await service.visits(caller, 1, "timeout")
        await are_at(house, "fz-watch", 2)
    await are_at(house, "fz-watch", 0)


async def test_a_watch_that_is_never_relieved_ends_by_itself(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(config, "WATCH_ROUNDS", 3)
    async with fallback_switch(folder) as switch, running_service(switch, LONG) as service:
        await are_at(switch, "fz-watch", 2)
        await are_at(switch, "fz-watch", 0)
        await service.next_beat()


async def test_asterisk_ends_as_it_does_without_a_watch(folder: Path) -> None:
    async with fallback_switch(folder) as switch:
        async with running_service(switch, LONG):
            await are_at(switch, "fz-watch", 2)
            await switch.stop()
            assert switch.process.has_ended()
        await switch.start()
        await console_says(
            switch, "core show channels count", lambda shown: "0 active channels" in shown
        )
