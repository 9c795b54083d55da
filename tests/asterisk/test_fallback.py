"""Real Asterisk and a service that falls silent: who waits has music, is rung through, or noted."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from uuid import uuid4

import pytest_asyncio

from ivr.asterisk import wire_actions as wire
from ivr.asterisk.wire_events import ChannelLeftAgi
from tests.ami.running import until
from tests.asterisk.fallback_stage import (
    AGENT_HZ,
    HOLE_S,
    NUMBER,
    SHORT,
    SORRY_HZ,
    WITHIN_S,
    agent_at,
    are_at,
    dial,
    ends,
    fallback_switch,
    hangs_up_on,
    join,
    kept,
    kept_are,
    nobody_watches,
    nobody_works,
    nothing_is_kept,
    on_the_line,
    rings,
    running_service,
    stranger,
    works,
)
from tests.audio.calls import MUSIC_HZ, running_visits, tone
from tests.folders import open_folder
from tests.switch import Switch

OURS_HZ = 600  # what the service plays
RESCUED_S = SHORT.grace_s + SHORT.doubt_s  # at the latest, after the last renewal


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def house() -> AsyncIterator[Switch]:
    with open_folder() as folder:
        async with fallback_switch(folder) as switch:
            yield switch


def now() -> float:
    return asyncio.get_running_loop().time()


async def test_a_waiting_caller_is_rung_through_to_an_agent(house: Switch) -> None:
    async with agent_at(house, "desk1") as agent, running_service(house) as service:
        async with on_the_line(service, house) as caller:
            await works(service, house, "desk1")
            service.healthy = False
            silent_s = now()
            await rings(agent)
            await caller.hears(AGENT_HZ)
            assert caller.longest_gap(silent_s) < HOLE_S
            await works(service, house)
        await kept_are(house, 1)
        service.healthy = True
        await nothing_is_kept(house)
        assert service.missed == []


async def test_without_agents_a_waiting_caller_is_told_and_the_number_kept(house: Switch) -> None:
    async with running_service(house) as service, on_the_line(service, house) as caller:
        service.healthy = False
        silent_s = now()
        await caller.hears(SORRY_HZ)
        await hangs_up_on(caller)
        assert caller.longest_gap(silent_s) < HOLE_S
        (row,) = await kept(house)
        number, line, at = row.split("|")
        assert (number, line) == (NUMBER, "100")
        assert abs(int(at) - time.time()) < WITHIN_S
        service.healthy = True
        await until(lambda: len(service.missed) == 1, within_s=WITHIN_S)
        (missed,) = service.missed
        assert missed.call == caller.channel
        assert (missed.number, missed.line, missed.at_s) == (NUMBER, "100", int(at))
        assert NUMBER not in repr(missed)
        await nothing_is_kept(house)


async def test_who_calls_while_nobody_decides_is_answered_told_and_noted(house: Switch) -> None:
    async with stranger(house) as caller:
        await caller.hears(MUSIC_HZ)
        await caller.hears(SORRY_HZ)
        await hangs_up_on(caller)
    (row,) = await kept(house)
    assert row.startswith(f"{NUMBER}|100|")
    async with running_service(house) as service:
        await until(lambda: [each.number for each in service.missed] == [NUMBER])
        await nothing_is_kept(house)


async def test_a_withheld_number_is_kept_as_none_and_a_line_may_say_nothing(
    house: Switch,
) -> None:
    async with stranger(house, withheld=True, line="200") as caller:
        await hangs_up_on(caller)
        assert abs(caller.pitch() - SORRY_HZ) > 12
    (row,) = await kept(house)
    assert row.startswith("|200|")
    async with running_service(house) as service:
        await until(lambda: [each.number for each in service.missed] == [None])
        await nothing_is_kept(house)


async def test_an_agent_is_rung_for_who_calls_while_nobody_decides(house: Switch) -> None:
    async with agent_at(house, "desk1") as agent:
        async with running_service(house) as service:
            await works(service, house, "desk1")
        async with stranger(house) as caller:
            await rings(agent)
            await caller.hears(AGENT_HZ)
        await nobody_works(house)


async def test_a_short_silence_is_noticed_by_no_waiting_caller(house: Switch) -> None:
    async with running_service(house) as service, on_the_line(service, house) as caller:
        begun_s = now()
        for taken in (1, 2):
            service.healthy = False
            await are_at(house, "fz-wait", 1)
            service.healthy = True
            await service.visits(caller, taken, "timeout")
        assert caller.longest_gap(begun_s) < HOLE_S
        assert abs(caller.pitch() - MUSIC_HZ) < 12
        assert await kept(house) == []


async def test_where_nobody_watches_a_short_silence_is_noticed_by_no_waiting_caller(
    house: Switch,
) -> None:
    async with running_service(house) as service, on_the_line(service, house) as caller:
        begun_s, told = now(), len(service.floor.seen)
        for _ in range(2):
            await nobody_watches(house)
            service.healthy = False
            await asyncio.sleep(SHORT.grace_s - SHORT.renew_s - 1.2)
            service.healthy = True
            await service.next_beat()
            await asyncio.sleep(1.2 * SHORT.renew_s)  # each has had its turn
        assert caller.longest_gap(begun_s) < HOLE_S
        assert abs(caller.pitch() - MUSIC_HZ) < 12
        assert not any(isinstance(e, ChannelLeftAgi) for e in service.floor.seen[told:])


async def test_where_nobody_watches_a_callers_own_timeout_leads_to_help(house: Switch) -> None:
    async with running_service(house) as service, on_the_line(service, house) as caller:
        await nobody_watches(house)
        service.healthy = False
        silent_s = now()
        await caller.hears(SORRY_HZ)
        await hangs_up_on(caller)
        assert caller.longest_gap(silent_s) < HOLE_S
        service.healthy = True
        await until(lambda: len(service.missed) == 1, within_s=WITHIN_S)
        await nothing_is_kept(house)


async def test_who_runs_out_of_time_in_a_short_silence_hears_music_until_it_is_over_and_then_us(
    house: Switch,
) -> None:
    async with (
        running_service(house) as service,
        on_the_line(service, house, music=False) as fed,
        running_visits(service.floor.desk) as visits,
    ):
        await service.floor.client.send(wire.absolute_timeout(fed.channel, 1))
        service.healthy = False
        await fed.hears(MUSIC_HZ)
        begun_s = now()
        service.healthy = True
        await service.visits(fed, 1, "timeout")
        await asyncio.sleep(RESCUED_S)  # by when a rescue would have come
        assert fed.longest_gap(begun_s) < HOLE_S
        assert abs(fed.pitch() - MUSIC_HZ) < 12
        visit = await visits.begin(fed.channel)
        visit.line.play(tone(OURS_HZ, WITHIN_S))
        await fed.hears(OURS_HZ)


async def test_callers_in_audiosocket_whose_other_end_stands_still_are_rescued(
    house: Switch,
) -> None:
    held: list[asyncio.StreamWriter] = []

    async def stand_still(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.transport.pause_reading()  # type: ignore[attr-defined]
        held.append(writer)

    async with AsyncExitStack() as stack:
        stalled = await asyncio.start_server(stand_still, "127.0.0.1", 0)
        await stack.enter_async_context(stalled)
        service = await stack.enter_async_context(running_service(house))
        talks, mute = [
            await stack.enter_async_context(on_the_line(service, house, music=False))
            for _ in range(2)
        ]
        mute.mute()
        port = stalled.sockets[0].getsockname()[1]
        listening = []
        for caller in (talks, mute):
            command = wire.exec_audiosocket(uuid4(), "127.0.0.1", port)
            run = service.floor.desk.run(caller.channel, command, deadline_s=60)
            listening.append(asyncio.create_task(run))
        await until(lambda: len(held) == 2)
        service.healthy = False
        for caller in (talks, mute):
            await caller.hears(MUSIC_HZ)
        for caller in (talks, mute):
            await caller.hears(SORRY_HZ)
        for caller in (talks, mute):
            await hangs_up_on(caller)
        await asyncio.wait(listening)
        for writer in held:
            writer.close()
        service.healthy = True
        await until(lambda: len(service.missed) == 2, within_s=WITHIN_S)
        await nothing_is_kept(house)


async def test_a_talk_outlives_the_service_and_its_caller_is_not_lost_after_it(
    house: Switch,
) -> None:
    async with agent_at(house, "desk1") as agent, running_service(house) as service:
        async with on_the_line(service, house) as caller:
            leg = await join(service, caller, "offer-talk-1")
            await caller.hears(AGENT_HZ)
            await asyncio.sleep(1.5 * SHORT.renew_s)  # the turn of every caller who is renewed
            service.healthy = False
            silent_s = now()
            await asyncio.sleep(RESCUED_S + 2.0)  # longer than any of the dialplan's times
            assert abs(caller.pitch() - AGENT_HZ) < 12
            assert caller.longest_gap(silent_s) < HOLE_S
            await asyncio.to_thread(agent.stop)
            await caller.hears(MUSIC_HZ)
            await caller.hears(SORRY_HZ)
            assert await service.listed(leg) is None
        service.healthy = True
        await until(lambda: len(service.missed) == 1, within_s=WITHIN_S)
        await nothing_is_kept(house)


async def test_an_agents_leg_that_waits_does_not_stay_up_without_a_service(house: Switch) -> None:
    async with agent_at(house, "desk1") as agent, running_service(house) as service:
        leg = await dial(service, "offer-leg-1")
        service.healthy = False
        await ends(agent)
        assert await service.listed(leg) is None


async def test_an_agents_leg_whose_caller_hangs_up_without_a_service_ends(house: Switch) -> None:
    async with agent_at(house, "desk1") as agent, running_service(house) as service:
        async with on_the_line(service, house) as caller:
            await join(service, caller, "offer-leg-2")
            await caller.hears(AGENT_HZ)
            service.healthy = False
            await asyncio.sleep(SHORT.dead_s + 1.5)
        await ends(agent)


async def test_an_asterisk_that_stood_still_loses_no_caller(house: Switch) -> None:
    async with running_service(house) as service, on_the_line(service, house) as caller:
        house.freeze()
        try:
            await asyncio.sleep(RESCUED_S + 3.0)  # longer than any of the dialplan's times
        finally:
            house.thaw()
        begun_s = now()
        await service.visits(caller, 1, "timeout")
        await service.next_beat()
        assert caller.longest_gap(begun_s + 0.1) < HOLE_S
        assert abs(caller.pitch() - MUSIC_HZ) < 12
    assert await kept(house) == []


async def test_a_living_service_keeps_its_callers_when_the_clock_is_set(house: Switch) -> None:
    """All timeouts run out at once, and the beat is from the past, or from the future."""
    async with running_service(house) as service, on_the_line(service, house) as caller:
        for visit, off_s in enumerate((-7200.0, 7200.0), start=1):
            service.set_clock(off_s)
            await service.next_beat()
            begun_s = now()
            service.callers.discard(caller.channel)  # else it would be renewed before
            await service.floor.client.send(wire.absolute_timeout(caller.channel, 1))
            await service.visits(caller, visit, "timeout")
            assert caller.longest_gap(begun_s) < HOLE_S
            assert abs(caller.pitch() - MUSIC_HZ) < 12
            assert service.floor.desk.in_agi(caller.channel)
