"""Real Asterisk: callers reach the standing emergency number, with the service and without it."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

import numpy as np
import pytest
import pytest_asyncio

from ivr.asterisk.config import EmergencyWay, Silence
from ivr.caller.agent_phone import AgentPhone
from ivr.caller.phone import caller_phone
from ivr.caller.script import Answering
from ivr.dialplan import load_plan
from queues.centre.inputs.calls import QueueEntered, QueueLeft
from queues.ids import LineId
from tests.ami.running import until
from tests.asterisk.fallback_stage import (
    AGENT_HZ,
    SORRY_HZ,
    agent_at,
    are_at,
    console_says,
    kept,
    kept_are,
    nothing_is_kept,
    rings,
    server,
)
from tests.asterisk.small_service import WITHIN_S, SmallService, small_service
from tests.audio.calls import MUSIC_HZ, Caller, pitch
from tests.contract.link import link_to
from tests.folders import open_folder
from tests.switch import Switch, running_switch, test_settings, write_tone

NOTICE_HZ, PROMPT_HZ = 1900, 500
# Short, so that tests are; the proportions are those of the product.
SOON = Silence(grace_s=3, renew_s=1, music_s=2, dead_s=2, doubt_s=1, leg_s=3, queue_s=8)
PLAN = load_plan(
    """
language: de
start: welcome
human: human
emergency: alarm
emergency_key: "8"
emergency_notice: eight
defaults: {wait_s: 20, tries: 2, no_input: menu, wrong_key: menu, then: main, refused: bye}
prompts: {welcome: Hello., menu: Choose., alarm: One moment., eight: Press 8., bye: Goodbye.}
nodes:
  welcome: {say: welcome, goto: main}
  main: {menu: menu, keys: {1: main}, when_silent: bye}
  alarm: {emergency: alarm, refused: human}
  human: {queue: service}
  bye: {goodbye: bye}
""",
    file="alarm.yaml",
    queues=["service"],
)

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def house() -> AsyncIterator[Switch]:
    """A phone for emergencies, and a dialplan that notices soon that nobody decides."""
    with open_folder() as folder:
        (folder / "prompts" / "de").mkdir(parents=True)
        for prompt in PLAN.prompts:
            hz = NOTICE_HZ if prompt == "eight" else PROMPT_HZ
            write_tone(folder / "prompts" / "de" / f"{prompt}.wav", hz, 0.3)
        write_tone(folder / "prompts" / "de" / "eight.wav", NOTICE_HZ, 1.0)
        write_tone(folder / "prompts" / "de" / "sorry.wav", SORRY_HZ, 1.5)
        settings = test_settings(
            places=["desk1", "desk2", "caretaker"],
            emergency={"place": "caretaker", "ring_s": 5},
            trunk={"host": "127.0.0.1", "port": 9},
        )
        async with running_switch(
            folder,
            settings=settings,
            when_down={"100": "de/sorry"},
            emergency_ways={"100": EmergencyWay("8", "de/eight")},
            silence=SOON,
        ) as switch:
            yield switch


@asynccontextmanager
async def service_of(switch: Switch) -> AsyncIterator[SmallService]:
    async with small_service(switch, {LineId("100"): PLAN}, SOON) as service:
        yield service


@asynccontextmanager
async def on_the_phone(switch: Switch) -> AsyncIterator[Caller]:
    """A caller on line 100, answered by whoever does."""
    async with caller_phone(server(switch)) as phone:
        caller = Caller(phone)
        await phone.dial("100", WITHIN_S)
        yield caller


async def talked_for(phone: AgentPhone, seconds: float) -> None:
    """Come back when the phone's last call has gone on for so long since its answer."""
    begun_s = phone.calls[-1].answered_at
    assert begun_s is not None
    await until(lambda: time.monotonic() - begun_s > seconds, within_s=WITHIN_S)


async def test_a_key_leads_a_caller_to_the_emergency_phone_and_back(house: Switch) -> None:
    async with AsyncExitStack() as stack:
        service = await stack.enter_async_context(service_of(house))
        caller = await stack.enter_async_context(on_the_phone(house))
        call, _ = await service.next_caller(0)
        async with agent_at(house, "caretaker") as caretaker:
            await caller.phone.press("8")
            await rings(caretaker)
            await caller.hears(AGENT_HZ)
            # Longer than any timeout that the service might still have set.
            await talked_for(caretaker, SOON.grace_s + 1)
            await caller.hears(AGENT_HZ)
        await caller.phone.press("1")
        await until(lambda: len(service.card(call)) == 2, within_s=WITHIN_S)
        assert [entry.said for entry in service.card(call)] == ["8", "1"]
        assert service.inputs_of(QueueEntered) == []
    await nothing_is_kept(house)


async def test_a_waiting_caller_is_let_go_by_the_queue(house: Switch) -> None:
    async with AsyncExitStack() as stack:
        service = await stack.enter_async_context(service_of(house))
        caretaker = await stack.enter_async_context(agent_at(house, "caretaker"))
        caller = await stack.enter_async_context(on_the_phone(house))
        call, _ = await service.next_caller(0)
        await caller.phone.press("0")
        await caller.hears(MUSIC_HZ)
        await caller.phone.press("8")
        await rings(caretaker)
        await caller.hears(AGENT_HZ)
        assert QueueLeft(call) in service.inputs


async def test_where_nobody_answers_a_human_helps(house: Switch) -> None:
    async with AsyncExitStack() as stack:
        service = await stack.enter_async_context(service_of(house))
        busy = await stack.enter_async_context(agent_at(house, "caretaker", Answering.DECLINES))
        caller = await stack.enter_async_context(on_the_phone(house))
        await service.next_caller(0)
        await caller.phone.press("8")
        await rings(busy)
        await caller.hears(MUSIC_HZ)
        assert len(service.inputs_of(QueueEntered)) == 1


async def test_who_comes_back_from_the_emergency_phone_while_there_is_no_link_is_helped(
    house: Switch,
) -> None:
    async with AsyncExitStack() as stack:
        link = await stack.enter_async_context(link_to(house.ami_port))
        plans = {LineId("100"): PLAN}
        service = await stack.enter_async_context(
            small_service(house, plans, SOON, ami_port=link.port)
        )
        caretaker = await stack.enter_async_context(agent_at(house, "caretaker", Answering.NEVER))
        caller = await stack.enter_async_context(on_the_phone(house))
        await service.next_caller(0)
        await caller.phone.press("8")
        await rings(caretaker)
        shown = await house.console("core show channels concise")
        name = next(row.split("!")[0] for row in shown.split() if "/caretaker-" in row)
        link.cut()
        await house.console(f"channel request hangup {name}")
        await console_says(house, "core show channels concise", lambda text: "agi:async" in text)
        link.mend()
        await until(lambda: service.inputs_of(QueueEntered), within_s=WITHIN_S)
        await caller.hears(MUSIC_HZ)


async def test_a_service_that_is_killed_takes_no_caller_from_the_emergency_phone(
    house: Switch,
) -> None:
    async with caller_phone(server(house)) as phone, agent_at(house, "caretaker") as caretaker:
        caller = Caller(phone)
        async with service_of(house) as service:
            await phone.dial("100", WITHIN_S)
            await service.next_caller(0)
            await caller.phone.press("8")
            await rings(caretaker)
        await caller.hears(AGENT_HZ)
        async with service_of(house):  # another one, which never saw this caller
            await talked_for(caretaker, SOON.grace_s + 1)
            await caller.hears(AGENT_HZ)


async def test_without_a_service_a_caller_is_told_the_key_and_it_works(house: Switch) -> None:
    async with agent_at(house, "caretaker") as caretaker, on_the_phone(house) as caller:
        await caller.hears(NOTICE_HZ)
        await caller.phone.press("8")
        await rings(caretaker)
        await caller.hears(AGENT_HZ)
        assert await kept(house) == []
    (row,) = await kept_are(house, 1)
    assert row.endswith("|served")


async def test_in_the_last_message_too_the_key_works(house: Switch) -> None:
    async with agent_at(house, "caretaker") as caretaker, on_the_phone(house) as caller:
        await caller.hears(SORRY_HZ)
        await caller.phone.press("8")
        await rings(caretaker)
        await caller.hears(AGENT_HZ)


def _heard(caller: Caller, since: int, hz: float) -> bool:
    """Whether a short tone was among the packets from this one on."""
    sounds = [samples for _, samples in caller.packets[since:]]
    windows = (sounds[first : first + 10] for first in range(0, len(sounds) - 9, 3))
    return any(abs(pitch(np.concatenate(each)) - hz) < 12 for each in windows)


async def test_a_service_that_stood_still_leaves_the_call_alone_and_goes_on_behind_it(
    house: Switch,
) -> None:
    """It hears later of the key that the dialplan took, and of the caller's coming back."""
    async with AsyncExitStack() as stack:
        service = await stack.enter_async_context(service_of(house))
        caller = await stack.enter_async_context(on_the_phone(house))
        call, _ = await service.next_caller(0)
        async with agent_at(house, "caretaker") as caretaker:
            service.healthy = False
            await are_at(house, "fz-wait", 1)
            await caller.phone.press("8")
            await rings(caretaker)
            service.healthy = True
            await caller.hears(AGENT_HZ)
            await talked_for(caretaker, SOON.grace_s + 1)
            await caller.hears(AGENT_HZ)
            assert len(caretaker.calls) == 1
            assert service.card(call) == ()
            talked = len(caller.packets)
        await until(lambda: _heard(caller, talked, PROMPT_HZ), within_s=WITHIN_S)  # the menu again
        await caller.phone.press("1")
        await until(lambda: [entry.said for entry in service.card(call)] == ["1"])
