"""A link that breaks, hangs, lies or never stands: against a server that misbehaves."""

from __future__ import annotations

import asyncio
import time

import pytest
import structlog

from ivr.asterisk import wire_actions
from ivr.asterisk.client import AmiClient, Timing
from ivr.asterisk.errors import ActionTimedOut, LinkLost, LoginRefused
from ivr.asterisk.wire_events import ChannelId, KeyReleased, LinkDown, LinkUp
from tests.ami.misbehaving_server import BANNER, Peer, booted, key_event, misbehaving
from tests.ami.running import QUICK, next_of, running_client, until
from tests.switch import free_ports


async def ordinary(peer: Peer) -> None:
    await peer.login()
    await peer.serve()


async def half_open(peer: Peer) -> None:
    await peer.login()
    await peer.silence()


async def test_the_first_link_is_told_as_first() -> None:
    async with misbehaving(ordinary) as server, running_client(server.port) as client:
        assert await next_of(client, LinkUp) == LinkUp(restarted=False, first=True)


async def test_a_half_open_link_is_noticed_within_six_seconds_by_the_default_timing() -> None:
    async with (
        misbehaving(half_open) as server,
        running_client(server.port, timing=Timing()) as client,
    ):
        began = time.monotonic()
        await next_of(client, LinkDown, within_s=6)
        assert 3 <= time.monotonic() - began < 6


async def test_what_is_pending_on_a_half_open_link_fails_and_the_link_is_made_anew() -> None:
    async with misbehaving(half_open, ordinary) as server, running_client(server.port) as client:
        with pytest.raises(LinkLost) as lost:
            await client.send(wire_actions.setvar_global("FZ_BEAT", "1"))
        assert lost.value.sent
        await next_of(client, LinkDown)
        assert await next_of(client, LinkUp) == LinkUp(restarted=False, first=False)


async def test_a_switch_that_talks_but_does_not_answer_pings_is_dead() -> None:
    async def talks(peer: Peer) -> None:
        await peer.login()
        while True:
            await peer.write(key_event("1"))
            await asyncio.sleep(0.02)

    async with misbehaving(talks) as server, running_client(server.port) as client:
        await next_of(client, LinkDown, within_s=2)


async def test_a_switch_that_stops_reading_is_noticed_although_the_send_buffer_fills() -> None:
    wish = wire_actions.setvar_global("FZ_BEAT", "x" * 900)
    async with (
        misbehaving(half_open) as server,
        running_client(server.port, timing=Timing()) as client,
    ):
        sends = [asyncio.ensure_future(client.send(wish)) for _ in range(9000)]
        await next_of(client, LinkDown, within_s=6)
        ends = await asyncio.gather(*sends, return_exceptions=True)
        assert {type(end) for end in ends} == {LinkLost}


async def test_nothing_is_sent_again_after_a_reconnect_and_an_originate_least_of_all() -> None:
    async def closes_on_originate(peer: Peer) -> None:
        await peer.login()
        await peer.until("Originate")
        peer.close()

    dial = wire_actions.originate(
        wire_actions.phone("desk1"),
        channel_id=ChannelId("p1-1"),
        context="fz-agent",
        exten="wait",
        timeout_ms=1000,
    )
    async with (
        misbehaving(closes_on_originate, ordinary) as server,
        running_client(server.port) as client,
    ):
        await next_of(client, LinkUp)
        with pytest.raises(LinkLost) as lost:
            await client.send(dial)
        assert lost.value.sent
        await next_of(client, LinkUp)
        await client.send(wire_actions.setvar_global("FZ_BEAT", "2"))
        assert server.names() == ["Login", "Originate", "Login", "Setvar"]


async def test_what_is_sent_without_a_link_surely_never_left_us() -> None:
    (port,) = free_ports(1)
    async with running_client(port, wait_up=False) as client:
        with pytest.raises(LinkLost) as lost:
            await client.send(wire_actions.ping())
        assert not lost.value.sent


async def test_a_smaller_uptime_after_a_reconnect_means_that_the_switch_restarted() -> None:
    async def once(peer: Peer) -> None:
        await peer.login(uptime_s=1000)
        await peer.until("Setvar")

    async def reborn(peer: Peer) -> None:
        await peer.login(uptime_s=0)
        await peer.serve()

    async with misbehaving(once, reborn) as server, running_client(server.port) as client:
        await next_of(client, LinkUp)
        with pytest.raises(LinkLost):
            await client.send(wire_actions.setvar_global("FZ_BEAT", "1"))
        assert await next_of(client, LinkUp) == LinkUp(restarted=True, first=False)


async def test_a_switch_whose_clock_was_set_back_an_hour_did_not_restart() -> None:
    async def once(peer: Peer) -> None:
        await peer.login(uptime_s=90_000)
        await peer.until("Setvar")

    async def set_back(peer: Peer) -> None:
        await peer.login(uptime_s=86_400)
        await peer.serve()

    async with misbehaving(once, set_back) as server, running_client(server.port) as client:
        await next_of(client, LinkUp)
        with pytest.raises(LinkLost):
            await client.send(wire_actions.setvar_global("FZ_BEAT", "1"))
        assert await next_of(client, LinkUp) == LinkUp(restarted=False, first=False)


async def refuses(peer: Peer) -> None:
    await peer.write(BANNER)
    action = await peer.action()
    await peer.say(action, "Response: Error", "Message: Authentication failed")


async def test_a_wrong_password_ends_at_once_with_one_clear_message_and_without_the_secret() -> (
    None
):
    async with misbehaving(refuses) as server:
        client = AmiClient("127.0.0.1", server.port, "fz", "no-such-secret", timing=QUICK)
        with structlog.testing.capture_logs() as logs, pytest.raises(LoginRefused) as refused:
            await asyncio.wait_for(client.run(), 2)
        assert f"127.0.0.1:{server.port} refuses the AMI user 'fz'" in str(refused.value)
        assert "no-such-secret" not in str(refused.value) + repr(logs)
        with pytest.raises(LoginRefused):
            await client.wait_up(1)
        assert server.connections == 1


async def test_a_link_closed_before_the_login_is_answered_says_where_to_look_and_backs_off() -> (
    None
):
    async def acl(peer: Peer) -> None:
        await peer.write(BANNER)

    async with misbehaving(acl) as server, running_client(server.port, wait_up=False) as client:
        await until(lambda: server.connections >= 2)
        with pytest.raises(LinkLost, match=r"permit="):
            await client.wait_up(0.3)
        assert server.connections < 15


async def test_a_user_whose_old_session_is_still_open_is_tried_again() -> None:
    async def in_use(peer: Peer) -> None:
        await peer.write(BANNER)
        action = await peer.action()
        await peer.say(action, "Response: Error", "Message: Login Already In Use")

    async with misbehaving(in_use, ordinary) as server, running_client(server.port) as client:
        assert client.up
        assert server.connections == 2


async def test_a_login_that_is_never_answered_is_given_up_and_tried_again() -> None:
    async def slow(peer: Peer) -> None:
        await peer.write(BANNER)
        await peer.silence()

    async with misbehaving(slow, ordinary) as server, running_client(server.port):
        assert server.connections == 2


async def test_a_switch_that_boots_for_a_while_counts_as_up_only_when_it_is_booted() -> None:
    go_on = asyncio.Event()

    async def boots(peer: Peer) -> None:
        await peer.write(BANNER)
        await peer.say(await peer.action(), "Response: Success", "Message: Accepted")
        await peer.write(key_event("1"))
        for _ in range(3):
            await peer.say(await peer.action(), "Response: Success", "Ping: Pong")
        await go_on.wait()
        await peer.write(booted(0) + key_event("2"))
        await peer.serve()

    async with misbehaving(boots) as server, running_client(server.port, wait_up=False) as client:
        await until(lambda: len(server.actions) > 3)
        assert not client.up
        go_on.set()
        assert await client.inbox.get() == LinkUp(restarted=False, first=True)
        assert await client.inbox.get() == KeyReleased(ChannelId("c-1"), "2")


async def test_a_user_without_the_right_to_see_fullybooted_is_told_so() -> None:
    async def never(peer: Peer) -> None:
        await peer.write(BANNER)
        await peer.serve()

    timing = Timing(boot_s=0.1, ping_every_s=0.05)
    async with (
        misbehaving(never) as server,
        running_client(server.port, timing=timing, wait_up=False) as client,
    ):
        await until(lambda: server.connections >= 2)
        with pytest.raises(LinkLost, match="read=system"):
            await client.wait_up(0.01)


async def test_a_refused_connection_is_tried_again_until_the_deadline_of_the_caller() -> None:
    (port,) = free_ports(1)
    async with running_client(port, wait_up=False) as client:
        with pytest.raises(LinkLost, match="cannot connect"):
            await client.wait_up(0.2)


async def test_what_answers_but_is_no_asterisk_is_named_and_not_read_for_ever() -> None:
    async def web(peer: Peer) -> None:
        await peer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        await peer.silence()

    async def huge(peer: Peer) -> None:
        while True:
            await peer.write(b"A" * 65536)

    for script in (web, huge):
        async with (
            misbehaving(script) as server,
            running_client(server.port, wait_up=False) as client,
        ):
            await until(lambda: server.connections >= 2)
            with pytest.raises(LinkLost, match="no Asterisk manager"):
                await client.wait_up(0.01)


async def test_a_switch_that_ends_each_link_at_once_is_not_asked_in_a_hot_loop() -> None:
    async def ends(peer: Peer) -> None:
        await peer.login()

    async with misbehaving(ends) as server, running_client(server.port, wait_up=False):
        began = time.monotonic()
        await until(lambda: server.connections >= 6)
        # 10, 20, 40, 80, 100 ms, each at least halved
        assert time.monotonic() - began > 0.125


async def test_close_really_closes_in_the_middle_of_a_connect_a_login_and_a_pause() -> None:
    async def slow(peer: Peer) -> None:
        await peer.silence()

    timing = Timing(backoff_first_s=30, backoff_most_s=30)
    (closed_port,) = free_ports(1)
    async with misbehaving(slow) as server:
        for port in (server.port, closed_port):
            client = AmiClient("127.0.0.1", port, "fz", "x", timing=timing)
            task = asyncio.ensure_future(client.run())
            with pytest.raises(LinkLost):
                await client.wait_up(0.05)
            await client.close()
            await client.close()
            assert task.done()
            assert not task.cancelled()
        assert server.connections == 1


async def test_cancelling_run_ends_the_link() -> None:
    async with misbehaving(ordinary) as server:
        client = AmiClient("127.0.0.1", server.port, "fz", "x", timing=QUICK)
        task = asyncio.ensure_future(client.run())
        await client.wait_up(2)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert not client.up
        with pytest.raises(LinkLost):
            await client.send(wire_actions.ping())


async def test_an_action_that_is_not_answered_times_out_while_the_link_lives_on() -> None:
    async def forgetful(peer: Peer) -> None:
        await peer.login()
        await peer.until("Setvar")
        await peer.until("Setvar")

    async with misbehaving(forgetful) as server, running_client(server.port) as client:
        with pytest.raises(ActionTimedOut):
            await client.send(wire_actions.setvar_global("FZ_BEAT", "1"), deadline_s=0.1)
        assert client.up
