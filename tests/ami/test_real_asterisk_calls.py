"""Calls, AGI commands and lists against a real Asterisk, with Local channels as actors."""

from __future__ import annotations

import asyncio
import itertools

import pytest

from ivr.asterisk import wire_actions as a
from ivr.asterisk.errors import ActionRefused, AgiCut, ChannelGone, HostileText
from ivr.asterisk.wire_actions import Action, AgiCommand
from ivr.asterisk.wire_events import (
    BridgeEntered,
    ChannelId,
    ChannelInAgi,
    ChannelLeftAgi,
    ChannelListed,
    ChannelName,
    DeviceListed,
    DeviceState,
    OriginateDone,
)
from ivr.phone_number import PhoneNumber
from tests.ami.running import PATIENT, Floor, running_client, running_floor, until
from tests.switch import Switch

_numbers = itertools.count(1)
WAIT = AgiCommand("EXEC Wait", "EXEC Wait 30")


async def call(floor: Floor, *, target: str = "Local/other@actors/n") -> ChannelId:
    """A channel in AGI, with somebody at its other end."""
    channel = ChannelId(f"t{next(_numbers)}-1")
    await floor.client.send(
        a.originate(
            target,
            channel_id=channel,
            context="actors",
            exten="agi",
            timeout_ms=2000,
            caller_number="0301234567",
            caller_name="Jürgen Öß",
        )
    )
    await floor.told(OriginateDone(str(channel), channel, True, 4))
    await until(lambda: floor.desk.in_agi(channel))
    return channel


async def living(floor: Floor) -> set[ChannelId]:
    entries = await floor.client.list(a.core_show_channels())
    return {entry.channel for entry in entries if isinstance(entry, ChannelListed)}


async def runs(floor: Floor, channel: ChannelId, application: str) -> None:
    """Come back when the channel runs this: a command lies up to 100 ms before it begins."""
    async with asyncio.timeout(5):
        while True:
            for entry in await floor.client.list(a.core_show_channels()):
                if (
                    isinstance(entry, ChannelListed)
                    and entry.channel == channel
                    and entry.application == application
                ):
                    return


async def end(floor: Floor, *channels: ChannelId) -> None:
    for channel in channels:
        await floor.client.send(a.hangup(channel))


async def test_a_call_comes_to_agi_is_commanded_and_ends(actors: Switch) -> None:
    async with running_floor(actors.ami_port) as floor:
        channel = await call(floor)
        told = next(each for each in floor.seen if isinstance(each, ChannelInAgi))
        assert (told.channel, told.why, told.line) == (channel, "new", "agi")
        assert told.caller_number == PhoneNumber("0301234567")
        text = "Jürgen (1) 인터넷"
        setting = AgiCommand("SET VARIABLE", f'SET VARIABLE FZ_X "{text}"')
        assert (await floor.desk.run(channel, setting, deadline_s=2)).ok
        read = await floor.desk.run(channel, a.get_variable("FZ_X"), deadline_s=2)
        assert (read.number, read.data) == (1, text)
        getvar = Action("Getvar", (("Channel", channel), ("Variable", "FZ_X")))
        assert (await floor.client.send(getvar)).value == text
        played = await floor.desk.run(channel, a.stream_file("fz/quiet", "12"), deadline_s=2)
        assert (played.number, played.key) == (0, None)
        asked = AgiCommand("GET DATA", 'GET DATA "fz/quiet" 10 1')
        assert (await floor.desk.run(channel, asked, deadline_s=2)).timed_out
        assert (await floor.desk.run(channel, a.music_on("default"), deadline_s=2)).ok
        await end(floor, channel)
        await floor.told(ChannelLeftAgi(channel))
        with pytest.raises((AgiCut, ChannelGone)):
            await floor.desk.run(channel, a.answer(), deadline_s=3)


async def test_an_unknown_command_answers_510_and_the_call_goes_on(actors: Switch) -> None:
    async with running_floor(actors.ami_port) as floor:
        channel = await call(floor)
        answer = await floor.desk.run(channel, AgiCommand("NONE", "NO SUCH"), deadline_s=2)
        assert (answer.code, answer.ok) == (510, False)
        assert (await floor.desk.run(channel, a.answer(), deadline_s=2)).ok
        await end(floor, channel)


async def test_a_missing_prompt_ends_the_call_in_stream_file_but_not_in_get_data(
    actors: Switch,
) -> None:
    async with running_floor(actors.ami_port) as floor:
        channel = await call(floor)
        asked = AgiCommand("GET DATA", 'GET DATA "fz/nowhere" 10 1')
        assert (await floor.desk.run(channel, asked, deadline_s=2)).number == -1
        assert (await floor.desk.run(channel, a.answer(), deadline_s=2)).ok
        missing = a.stream_file("fz/nowhere")
        assert (await floor.desk.run(channel, missing, deadline_s=2)).number == -1
        await floor.told(ChannelLeftAgi(channel))
        async with asyncio.timeout(5):
            while channel in await living(floor):
                pass


async def test_a_bridge_cuts_the_running_command_which_then_fails_as_cut(actors: Switch) -> None:
    async with running_floor(actors.ami_port) as floor:
        caller, agent = await call(floor), await call(floor)
        task = asyncio.ensure_future(floor.desk.run(caller, WAIT, deadline_s=20))
        behind = asyncio.ensure_future(floor.desk.run(caller, a.answer(), deadline_s=20))
        await runs(floor, caller, "Wait")
        await floor.desk.bridge(caller, agent)
        for each in (task, behind):
            with pytest.raises(AgiCut):
                await asyncio.wait_for(each, 2)
        assert any(
            isinstance(event, BridgeEntered) and event.channel == caller for event in floor.seen
        )
        waits = asyncio.ensure_future(floor.desk.run(caller, a.answer(), deadline_s=5))
        await floor.client.send(a.redirect(caller, context="actors", exten="agi"))
        assert (await waits).ok
        await end(floor, caller, agent)


async def test_one_command_is_in_flight_and_the_others_follow_in_order(actors: Switch) -> None:
    async with running_floor(actors.ami_port) as floor:
        channel = await call(floor)
        ended: list[int] = []

        async def one(number: int) -> None:
            command = AgiCommand("EXEC Wait", "EXEC Wait 0.1")
            assert (await floor.desk.run(channel, command, deadline_s=5)).number == 0
            ended.append(number)

        await asyncio.gather(*(one(number) for number in range(5)))
        assert ended == list(range(5))
        await end(floor, channel)


async def test_a_redirect_out_of_a_running_command_gives_its_answer_and_brings_it_back(
    actors: Switch,
) -> None:
    async with running_floor(actors.ami_port) as floor:
        channel = await call(floor)
        task = asyncio.ensure_future(floor.desk.run(channel, WAIT, deadline_s=20))
        await runs(floor, channel, "Wait")
        await floor.client.send(a.redirect(channel, context="actors", exten="agi"))
        assert (await asyncio.wait_for(task, 2)).number == -1
        # Between the answer and the return lies the end of the old visit, which cuts what is sent.
        await until(lambda: floor.visits(channel) == 2)
        assert (await floor.desk.run(channel, a.answer(), deadline_s=2)).ok
        await end(floor, channel)


async def test_a_hostile_number_is_refused_before_anything_is_sent(actors: Switch) -> None:
    async with running_floor(actors.ami_port) as floor:
        for name in ("x\r\nChannel: Local/never@actors", "x\nVariable: A=1", "a\u2028b"):
            with pytest.raises(HostileText):
                a.originate(
                    "Local/other@actors/n",
                    channel_id=ChannelId("hostile-1"),
                    context="actors",
                    exten="agi",
                    timeout_ms=1000,
                    caller_number="030",
                    caller_name=name,
                )
        assert "hostile-1" not in await living(floor)


async def test_a_second_dial_with_a_living_id_is_refused_and_the_call_is_untouched(
    actors: Switch,
) -> None:
    async with running_floor(actors.ami_port) as floor:
        channel = await call(floor)
        again = a.originate(
            "Local/other@actors/n",
            channel_id=channel,
            context="actors",
            exten="agi",
            timeout_ms=1000,
        )
        await floor.client.send(again)
        await floor.refused_dial(channel)
        assert (await floor.desk.run(channel, a.answer(), deadline_s=2)).ok
        await end(floor, channel)


async def test_a_phone_that_nobody_answers_ends_its_dial_and_a_missing_one_fails_at_once(
    actors: Switch,
) -> None:
    async with running_floor(actors.ami_port) as floor:
        for target in ("Local/never@actors/n", "PJSIP/desk1"):
            channel = ChannelId(f"t{next(_numbers)}-1")
            dial = a.originate(
                target, channel_id=channel, context="actors", exten="agi", timeout_ms=200
            )
            await floor.client.send(dial)
            await floor.refused_dial(channel)
        with pytest.raises(ActionRefused):
            await floor.client.send(a.hangup(channel))


async def test_a_controller_that_comes_after_another_finds_the_call_and_commands_it(
    actors: Switch,
) -> None:
    async with running_floor(actors.ami_port) as floor:
        channel = await call(floor)
    async with running_floor(actors.ami_port) as floor:
        for entry in await floor.client.list(a.core_show_channels()):
            floor.desk.on_event(entry)
        assert floor.desk.in_agi(channel)
        assert (await floor.desk.run(channel, a.answer(), deadline_s=2)).ok
        await end(floor, channel)


async def test_a_bridge_by_id_takes_a_stranger_whose_id_begins_alike_and_so_is_never_sent(
    actors: Switch,
) -> None:
    async with running_floor(actors.ami_port) as floor:
        caller, agent = await call(floor), await call(floor)
        begins_alike = (caller[:-1], agent[:-1])
        unsafe = Action("Bridge", (("Channel1", begins_alike[0]), ("Channel2", begins_alike[1])))
        assert "bridged" in (await floor.client.send(unsafe)).message
        with pytest.raises(HostileText):
            a.bridge(*map(ChannelName, begins_alike))
        await end(floor, caller, agent)


async def test_the_phones_of_the_place_are_listed(actors: Switch) -> None:
    async with running_client(actors.ami_port, timing=PATIENT) as client:
        listed = await client.list(a.device_state_list())
        assert DeviceListed("desk1", DeviceState.UNAVAILABLE) in listed
