"""Bytes in every order and shape: what the inbox and the askers get of them."""

from __future__ import annotations

import asyncio

import pytest
import structlog

from ivr.asterisk import wire_actions
from ivr.asterisk.client import Timing
from ivr.asterisk.errors import ActionRefused, ActionTimedOut, LinkLost
from ivr.asterisk.wire_events import (
    ChannelId,
    ChannelInAgi,
    DeviceListed,
    DeviceState,
    KeyReleased,
    LinkDown,
    LinkUp,
    OriginateDone,
)
from ivr.phone_number import PhoneNumber
from tests.ami.misbehaving_server import Peer, block, key_event, misbehaving
from tests.ami.running import next_of, running_client, until

# A flood delays the answer to a ping: the test is of the flood.
_PATIENT = Timing(pong_within_s=20)

GETVAR = wire_actions.Action("Getvar", (("Variable", "FZ_X"),))


async def test_a_name_with_umlauts_survives_one_byte_at_a_time() -> None:
    event = block(
        "Event: AsyncAGIStart",
        "Channel: PJSIP/caller1-00000001",
        "CallerIDNum: 030123",
        "CallerIDName: Jürgen 인터넷",
        "Uniqueid: 1.2",
        "Env: agi_arg_1%3A%20new%0Aagi_arg_2%3A%20Jürgen%0A%0A",
    )

    async def slowly(peer: Peer) -> None:
        await peer.login()
        for at in range(len(event)):
            await peer.write(event[at : at + 1])
            await asyncio.sleep(0)
        await peer.serve()

    async with misbehaving(slowly) as server, running_client(server.port) as client:
        found = await next_of(client, ChannelInAgi)
        assert (found.channel, found.endpoint) == ("1.2", "caller1")
        assert found.caller_number == PhoneNumber("030123")
        assert (found.why, found.line) == ("new", "Jürgen")


@pytest.mark.parametrize("cut", range(10, 60, 7))
async def test_a_message_split_at_any_place_is_read_once(cut: int) -> None:
    data = key_event("1") + key_event("2")

    async def split(peer: Peer) -> None:
        await peer.login()
        await peer.write(data[:cut])
        await peer.action()
        await peer.write(data[cut:])
        await peer.serve()

    async with misbehaving(split) as server, running_client(server.port) as client:
        assert [(await next_of(client, KeyReleased)).key for _ in range(2)] == ["1", "2"]


async def test_garbage_between_messages_costs_only_itself() -> None:
    async def garbage(peer: Peer) -> None:
        await peer.login()
        await peer.write(key_event("1"))
        await peer.write(b"\xff\xfe\x00 nonsense \r\n\r\n\r\n\r\n: : :\r\n\r\n" + b"Event:\r\n\r\n")
        await peer.write(block("Event: DTMFEnd", "Digit: 77", "Direction: Received"))
        await peer.write(block("Response: Success", "ActionID: nobody-1"))
        await peer.write(key_event("2"))
        await peer.serve()

    async with misbehaving(garbage) as server, running_client(server.port) as client:
        assert [(await next_of(client, KeyReleased)).key for _ in range(2)] == ["1", "2"]
        assert client.up
        assert client.dropped_events == 1


async def test_a_message_without_end_breaks_the_link_instead_of_eating_the_memory() -> None:
    async def endless(peer: Peer) -> None:
        await peer.login()
        while True:
            await peer.write(b"Event: X" + b"y" * 65536)

    async with (
        misbehaving(endless) as server,
        running_client(server.port, timing=_PATIENT) as client,
    ):
        await next_of(client, LinkDown)


async def test_a_link_cut_in_the_middle_of_a_message_tells_nothing_of_it() -> None:
    async def cut(peer: Peer) -> None:
        await peer.login()
        await peer.write(key_event("1") + key_event("2")[:-1])

    async with misbehaving(cut) as server, running_client(server.port) as client:
        seen = [await client.inbox.get() for _ in range(3)]
        assert [type(event) for event in seen] == [LinkUp, KeyReleased, LinkDown]


async def test_fifty_thousand_events_arrive_in_order_and_the_loop_goes_on_meanwhile() -> None:
    async def flood(peer: Peer) -> None:
        await peer.login()
        await peer.write(b"".join(key_event("1", f"c-{n}") for n in range(50_000)))
        await peer.serve()

    async with misbehaving(flood) as server, running_client(server.port, timing=_PATIENT) as client:
        most, before = 0, 0
        while (there := client.inbox.qsize()) < 50_001:
            most, before = max(most, there - before), there
            await asyncio.sleep(0)
        client.inbox.get_nowait()
        found = [client.inbox.get_nowait() for _ in range(50_000)]
        assert found == [KeyReleased(ChannelId(f"c-{n}"), "1") for n in range(50_000)]
        assert client.up
        assert most < 1_000  # events in one turn of the loop, between which all else has its own


async def test_an_inbox_that_nobody_reads_counts_as_a_lost_link_and_is_told_so() -> None:
    async def flood(peer: Peer) -> None:
        await peer.login()
        await peer.write(b"".join(key_event("1", f"c-{n}") for n in range(200)))
        await peer.serve()

    async def ordinary(peer: Peer) -> None:
        await peer.login()
        await peer.serve()

    async with (
        misbehaving(flood, ordinary) as server,
        running_client(server.port, inbox_size=100, wait_up=False) as client,
    ):
        await until(lambda: server.connections == 2 and client.up)
        # Also the LinkUp was thrown away: the next one still says that it is the first.
        assert await client.inbox.get() == LinkDown()
        assert await client.inbox.get() == LinkUp(restarted=False, first=True)


async def test_an_answer_given_twice_or_with_a_wrong_id_resolves_nothing_else() -> None:
    async def confused(peer: Peer) -> None:
        await peer.login()
        first = await peer.until("Getvar")
        wrong = {**first, "ActionID": first["ActionID"] + "9"}
        await peer.say(wrong, "Response: Success", "Value: wrong")
        own = f"ActionID: {first['ActionID']}"
        await peer.write(
            block("Response: Success", own, "Value: right")
            + block("Response: Error", own, "Message: twice")
        )
        second = await peer.until("Getvar")
        await peer.say(second, "Response: Error", "Message: No such thing")
        await peer.serve()

    async with misbehaving(confused) as server, running_client(server.port) as client:
        with structlog.testing.capture_logs() as logs:
            assert (await client.send(GETVAR)).value == "right"
        assert not logs
        with pytest.raises(ActionRefused, match="No such thing"):
            await client.send(GETVAR)


async def test_a_list_is_gathered_while_events_in_its_midst_go_to_the_inbox() -> None:
    async def mixed(peer: Peer) -> None:
        await peer.login()
        action = await peer.until("DeviceStateList")
        own = f"ActionID: {action['ActionID']}"
        await peer.say(action, "Response: Success", "EventList: start")
        for name, state in (("desk1", "NOT_INUSE"), ("desk2", "RINGING")):
            await peer.write(
                block("Event: DeviceStateChange", own, f"Device: PJSIP/{name}", f"State: {state}")
            )
            await peer.write(key_event("5"))
        await peer.write(block("Event: DeviceStateListComplete", own, "EventList: Complete"))
        await peer.serve()

    async with misbehaving(mixed) as server, running_client(server.port) as client:
        assert await client.list(wire_actions.device_state_list()) == (
            DeviceListed("desk1", DeviceState.NOT_INUSE),
            DeviceListed("desk2", DeviceState.RINGING),
        )
        assert (await next_of(client, KeyReleased)).key == "5"


async def test_a_list_that_is_refused_or_never_completed_ends_all_the_same() -> None:
    async def lists(peer: Peer) -> None:
        await peer.login()
        first = await peer.until("CoreShowChannels")
        await peer.say(first, "Response: Error", "Message: Permission denied")
        second = await peer.until("CoreShowChannels")
        await peer.say(second, "Response: Success", "EventList: start")
        await peer.serve()

    async with misbehaving(lists) as server, running_client(server.port) as client:
        with pytest.raises(ActionRefused, match="Permission denied"):
            await client.list(wire_actions.core_show_channels())
        with pytest.raises(ActionTimedOut):
            await client.list(wire_actions.core_show_channels(), deadline_s=0.1)
        assert client.up


async def test_the_end_of_a_dial_is_an_event_also_when_it_comes_before_the_response() -> None:
    async def early(peer: Peer) -> None:
        await peer.login()
        action = await peer.until("Originate")
        await peer.write(
            block(
                "Event: OriginateResponse",
                f"ActionID: {action['ActionID']}",
                "Response: Failure",
                "Reason: 0",
                "Uniqueid: <null>",
            )
        )
        await peer.say(action, "Response: Success", "Message: Originate successfully queued")
        await peer.serve()

    dial = wire_actions.originate(
        "PJSIP/desk1",
        channel_id=ChannelId("o-1"),
        context="fz-agent",
        exten="wait",
        timeout_ms=1000,
    )
    async with misbehaving(early) as server, running_client(server.port) as client:
        await client.send(dial)
        assert await next_of(client, OriginateDone) == OriginateDone("o-1", None, False, 0)


async def test_two_dials_of_one_id_at_once_are_not_both_sent() -> None:
    async def slow(peer: Peer) -> None:
        await peer.login()
        await peer.until("Originate")
        await peer.until("Originate")

    dial = wire_actions.originate(
        "PJSIP/desk1",
        channel_id=ChannelId("o-1"),
        context="fz-agent",
        exten="wait",
        timeout_ms=1000,
    )
    async with misbehaving(slow) as server, running_client(server.port) as client:
        first = asyncio.ensure_future(client.send(dial, deadline_s=0.2))
        await asyncio.sleep(0)
        with pytest.raises(ActionRefused, match="on its way"):
            await client.send(dial)
        with pytest.raises(ActionTimedOut):
            await first
        assert server.names() == ["Login", "Originate"]


async def test_a_whole_life_with_hostile_values_leaves_none_of_them_in_the_log() -> None:
    sentinel = "0301234567"

    async def personal(peer: Peer) -> None:
        await peer.login()
        await peer.write(
            block("Event: AsyncAGIStart", f"CallerIDNum: {sentinel}", "Uniqueid: 1")
            + block("Event: Hangup", f"CallerIDName: {sentinel}")
            + block(f"Response: {sentinel}")
            + f"{sentinel}\r\n\r\n".encode()
        )
        action = await peer.until("Originate")
        await peer.say(action, "Response: Error", f"Message: {sentinel}")

    with structlog.testing.capture_logs() as logs:
        async with misbehaving(personal) as server, running_client(server.port) as client:
            dial = wire_actions.originate(
                wire_actions.phone(sentinel),
                channel_id=ChannelId("o-1"),
                context="fz-cb",
                exten="s",
                timeout_ms=1000,
            )
            with pytest.raises((ActionRefused, LinkLost)):
                await client.send(dial)
            assert sentinel not in repr(dial)
    assert logs
    assert sentinel not in repr(logs)
    assert "ami-secret" not in repr(logs)
