"""Callers on a real Asterisk through AudioSocket: heard, spoken to, and never lost."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack

import numpy as np
import pytest

from ivr.asterisk import wire_actions as wire
from ivr.asterisk.audiosocket.line import Line, LineEnd, NoLine
from ivr.asterisk.audiosocket.player import PlayEnd
from ivr.asterisk.audiosocket.visit import VisitEnd
from ivr.asterisk.errors import AgiCut
from ivr.caller import sound
from tests.ami.running import until
from tests.audio.calls import MUSIC_HZ, WITHIN_S, Caller, Stage, audio_stage, pitch, tone
from tests.audio.peers import Heard
from tests.switch import Switch

HOLE_S = 0.6  # what is reached is a tenth of it, on a machine that does nothing else


async def line_hears(line: Line, hz: float) -> None:
    """Come back when the line has heard 200 ms of this tone."""
    heard = Heard(line)

    def in_tune() -> bool:
        last = [frame.samples.astype(np.float32) / 32768 for frame in heard.frames[-10:]]
        return len(last) == 10 and abs(pitch(np.concatenate(last)) - hz) < 12

    await until(in_tune, within_s=WITHIN_S)


async def goes_on(stage: Stage, caller: Caller) -> None:
    """The call lives, and its channel takes commands: music comes."""
    await stage.run(caller, wire.music_on("default"))
    await caller.hears(MUSIC_HZ)
    assert await stage.alive(caller)


async def test_a_caller_hears_what_is_played_until_it_is_stopped(switch: Switch) -> None:
    async with audio_stage(switch) as stage, stage.visiting() as (caller, visit):
        playback = visit.line.play(tone(1000, 30))
        await caller.hears(1000)
        before = len(caller.packets)
        visit.line.stop()
        await caller.hears(0)
        assert playback.end is PlayEnd.STOPPED
        after = [sound.loudness(samples) > 0.01 for _, samples in caller.packets[before:]]
        # None on an idle machine; on a busy one what lay in the sockets at that moment.
        assert sum(after) <= 15, after
        visit.line.play(tone(600, 30))
        await caller.hears(600)


async def test_we_hear_the_caller(switch: Switch) -> None:
    async with audio_stage(switch) as stage, stage.visiting() as (caller, visit):
        caller.phone.say(sound.tone(700, 5))
        await line_hears(visit.line, 700)


async def test_music_ends_for_the_line_and_comes_again_after_it_without_a_hole(
    switch: Switch,
) -> None:
    async with audio_stage(switch) as stage, stage.caller() as caller:
        await stage.run(caller, wire.music_on("default"))
        await caller.hears(MUSIC_HZ)
        begun_s = asyncio.get_running_loop().time()
        visit = await stage.visits.begin(caller.channel)
        visit.line.play(tone(1000, 30))
        await caller.hears(1000)
        assert await visit.leave() is VisitEnd.LEFT
        assert await visit.leave() is VisitEnd.LEFT
        assert visit.line.cause is LineEnd.CLOSED
        await goes_on(stage, caller)
        again = await stage.visits.begin(caller.channel)
        again.line.play(tone(600, 30))
        await caller.hears(600)
        assert caller.longest_gap(begun_s) < HOLE_S


@pytest.mark.parametrize("muted", [False, True], ids=["a phone", "a phone that sends nothing"])
async def test_silence_keeps_the_line_for_over_three_seconds(switch: Switch, muted: bool) -> None:
    async with audio_stage(switch) as stage, stage.visiting() as (caller, visit):
        if muted:
            caller.mute()
        have = len(caller.packets)
        await until(lambda: len(caller.packets) >= have + 160, within_s=WITHIN_S)
        assert visit.end is None
        visit.line.play(tone(1000, 30))
        await caller.hears(1000)


async def test_a_bridge_cuts_in_and_the_visit_ends_quietly(switch: Switch) -> None:
    async with (
        audio_stage(switch) as stage,
        stage.visiting() as (caller, visit),
        stage.caller() as other,
    ):
        playback = visit.line.play(tone(1000, 30))
        await caller.hears(1000)
        begun_s = asyncio.get_running_loop().time()
        await stage.floor.desk.bridge(caller.channel, other.channel)
        other.phone.say(sound.tone(500, 20))
        await caller.hears(500)
        assert caller.longest_gap(begun_s) < HOLE_S
        assert await visit.leave() is VisitEnd.CUT
        assert visit.line.cause is LineEnd.HUNG_UP
        assert playback.end is PlayEnd.LINE_ENDED
        with pytest.raises(AgiCut):
            await stage.visits.begin(caller.channel, within_s=1)
        await other.phone.hang_up()
        await until(lambda: stage.floor.desk.in_agi(caller.channel))
        again = await stage.visits.begin(caller.channel)
        again.line.play(tone(600, 30))
        await caller.hears(600)


async def test_a_caller_who_hangs_up_ends_the_visit(switch: Switch) -> None:
    async with audio_stage(switch) as stage, stage.visiting() as (caller, visit):
        await caller.phone.hang_up()
        async with asyncio.timeout(WITHIN_S):
            await visit.ended.wait()
        assert visit.end in {VisitEnd.GONE, VisitEnd.CUT}
        assert visit.line.cause is LineEnd.HUNG_UP


async def test_a_socket_that_is_killed_costs_no_call_and_the_switch_plays_music_by_itself(
    switch: Switch,
) -> None:
    async with audio_stage(switch) as stage, stage.visiting() as (caller, visit):
        visit.line.play(tone(1000, 30))
        await caller.hears(1000)
        begun_s = asyncio.get_running_loop().time()
        visit.line.end(LineEnd.FAULT)  # aborts the connection under it
        await caller.hears(MUSIC_HZ)
        assert caller.longest_gap(begun_s) < HOLE_S
        async with asyncio.timeout(WITHIN_S):
            await visit.ended.wait()
        assert visit.end is VisitEnd.LOST
        await goes_on(stage, caller)


async def test_between_two_visits_hardly_any_music_is_heard(switch: Switch) -> None:
    async with audio_stage(switch) as stage, stage.visiting() as (caller, visit):
        visit.line.play(tone(1000, 30))
        await caller.hears(1000)
        visit.line.stop()
        await caller.hears(0)
        before = len(caller.packets)
        assert await visit.leave() is VisitEnd.LEFT
        again = await stage.visits.begin(caller.channel)
        again.line.play(tone(600, 30))
        await caller.hears(600)
        music = [pitch(samples) for _, samples in caller.packets[before:]]
        assert sum(abs(each - MUSIC_HZ) < 25 for each in music) <= 5


async def test_a_server_that_is_gone_costs_no_call(switch: Switch) -> None:
    async with audio_stage(switch) as stage, stage.visiting() as (caller, visit):
        stage.server.port = await closed_port()
        assert await visit.leave() is VisitEnd.LEFT
        with pytest.raises(NoLine):
            await stage.visits.begin(caller.channel)
        await goes_on(stage, caller)


async def test_a_server_that_stalls_costs_no_call(switch: Switch) -> None:
    async def stall(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        held.append(writer)

    held: list[asyncio.StreamWriter] = []
    stalled = await asyncio.start_server(stall, "127.0.0.1", 0)
    async with audio_stage(switch) as stage, stage.caller() as caller, stalled:
        stage.server.port = stalled.sockets[0].getsockname()[1]
        caller.mute()  # else Asterisk waits until what it has to say fills its socket
        with pytest.raises(NoLine):
            await stage.visits.begin(caller.channel, within_s=0.5)
        await goes_on(stage, caller)
        for writer in held:
            writer.close()


async def test_the_sound_goes_on_when_the_link_to_asterisk_breaks(switch: Switch) -> None:
    async with audio_stage(switch) as stage, stage.visiting() as (caller, visit):
        visit.line.play(tone(1000, 30))
        await caller.hears(1000)
        await stage.break_link()
        visit.line.stop()
        visit.line.play(tone(600, 30))
        await caller.hears(600)
        assert await visit.leave() is VisitEnd.UNKNOWN
        await goes_on(stage, caller)


async def test_twenty_callers_at_once_are_heard_and_spoken_to(switch: Switch) -> None:
    async with audio_stage(switch) as stage, AsyncExitStack() as stack:
        visiting = [await stack.enter_async_context(stage.visiting()) for _ in range(20)]
        async with asyncio.TaskGroup() as group:
            for number, (caller, visit) in enumerate(visiting):
                visit.line.play(tone(400 + 40 * number, 30))
                caller.phone.say(sound.tone(1300 + 40 * number, 10))
                group.create_task(caller.hears(400 + 40 * number))
                group.create_task(line_hears(visit.line, 1300 + 40 * number))
        assert stage.server.figures.pacer.lines == 20
        assert all(visit.end is None for _, visit in visiting)


async def closed_port() -> int:
    """A port on which nobody listens."""
    server = await asyncio.start_server(lambda _r, _w: None, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    server.close()
    await server.wait_closed()
    return int(port)
