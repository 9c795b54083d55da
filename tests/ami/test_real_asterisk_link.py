"""The link to a real Asterisk: frozen, killed, started again, and closed to us."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

import pytest

from ivr.asterisk import wire_actions as a
from ivr.asterisk.client import AmiClient
from ivr.asterisk.errors import LinkLost, LoginRefused
from ivr.asterisk.wire_events import ChannelId, ChannelInAgi, LinkDown, LinkUp
from tests.ami.running import PATIENT, SECRET, next_of, running_client, until
from tests.switch import Switch


def call(channel: str, exten: str = "other") -> a.Action:
    return a.originate(
        f"Local/{exten}@actors/n",
        channel_id=ChannelId(channel),
        context="actors",
        exten="agi",
        timeout_ms=20_000,
    )


async def test_a_frozen_asterisk_is_noticed_within_six_seconds_and_taken_up_again(
    actors: Switch,
) -> None:
    async with running_client(actors.ami_port, timing=PATIENT) as client:
        await client.send(call("frozen-1"))
        await next_of(client, ChannelInAgi)
        actors.freeze()
        await until(lambda: _stands_still(actors))
        began = time.monotonic()
        try:
            with pytest.raises(LinkLost) as lost:
                await client.send(a.setvar_global("FZ_BEAT", "1"), deadline_s=20)
            assert time.monotonic() - began < 6
            assert lost.value.sent
            await next_of(client, LinkDown)
        finally:
            actors.thaw()
        assert await next_of(client, LinkUp, within_s=10) == LinkUp(restarted=False, first=False)
        channels = await client.list(a.core_show_channels())
        assert "frozen-1" in {entry.channel for entry in channels}
        await client.send(a.hangup(ChannelId("frozen-1")))


async def test_a_killed_and_restarted_asterisk_is_told_as_such_and_nothing_is_repeated(
    actors: Switch,
) -> None:
    async with running_client(actors.ami_port, timing=PATIENT) as client:
        await _lived_for_a_while(actors)
        await client.send(call("killed-1"))
        await next_of(client, ChannelInAgi)
        await client.send(call("killed-2", "never"))
        actors.freeze()  # so that the action surely was sent and surely is not answered
        await until(lambda: _stands_still(actors))
        wish = asyncio.ensure_future(client.send(call("killed-3"), deadline_s=20))
        await asyncio.sleep(0)
        actors.kill()
        with pytest.raises(LinkLost) as lost:
            await wish
        assert lost.value.sent
        await next_of(client, LinkDown)
        await until(actors.process.has_ended)
        await actors.start()
        assert await next_of(client, LinkUp, within_s=10) == LinkUp(restarted=True, first=False)
        assert await client.list(a.core_show_channels()) == ()


async def test_a_wrong_password_is_one_clear_message_at_once(actors: Switch) -> None:
    client = AmiClient("127.0.0.1", actors.ami_port, "freizeichen", "wrong-one", timing=PATIENT)
    with pytest.raises(LoginRefused, match="refuses the AMI user 'freizeichen'") as refused:
        await asyncio.wait_for(client.run(), 4)
    assert "wrong-one" not in str(refused.value)


async def test_a_second_controller_waits_until_the_first_has_gone(actors: Switch) -> None:
    first, second = (
        AmiClient("127.0.0.1", actors.ami_port, "freizeichen", SECRET, timing=PATIENT)
        for _ in range(2)
    )
    async with asyncio.TaskGroup() as group:
        group.create_task(first.run())
        await first.wait_up(5)
        group.create_task(second.run())
        with pytest.raises(LinkLost, match="another session"):
            await second.wait_up(1.5)
        await first.close()
        await second.wait_up(5)
        await second.close()


def _stands_still(switch: Switch) -> bool:
    """Every thread has taken the signal."""
    threads = Path(f"/proc/{switch.process.pid}/task").glob("*/stat")
    return all(stat.read_text().rsplit(")", 1)[1].split()[0] == "T" for stat in threads)


async def _lived_for_a_while(switch: Switch) -> None:
    """A switch younger than this is not told from the one after it; it had no calls either."""
    async with asyncio.timeout(10):
        while "uptime: 0" in (said := (await switch.console("core show uptime seconds")).lower()):
            assert "uptime" in said
        while int(said.split("uptime: ")[1].split()[0]) < 3:
            said = (await switch.console("core show uptime seconds")).lower()
