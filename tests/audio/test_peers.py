"""The audio server and those who connect to it: a bad one costs its own call and nothing else."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from uuid import uuid4

import numpy as np
import pytest

from ivr.asterisk.audiosocket.frames import HANG_UP, SILENT_FRAME, Kind, message
from ivr.asterisk.audiosocket.line import Line, LineEnd, NoLine
from ivr.asterisk.audiosocket.player import Playback, PlayEnd, Samples
from ivr.asterisk.audiosocket.server import AudioServer, Refusal
from tests.ami.running import until
from tests.audio.peers import (
    SOUND,
    WITHIN_S,
    Heard,
    Peer,
    connected_line,
    ended,
    peer_of,
    running_server,
)

SPOKEN = np.arange(1, 161, dtype=np.int16)


async def still_works(line: Line, peer: Peer) -> None:
    """This line hears and is heard."""
    heard = Heard(line)
    peer.send(SOUND)
    await heard.count(1)
    playback = line.play(SPOKEN)
    while (await peer.frame())[1] != SPOKEN.tobytes():
        pass
    assert await line.played(playback, WITHIN_S) is PlayEnd.PLAYED


# --- a good peer ---------------------------------------------------------------------------------


async def test_a_peer_hears_silence_then_what_is_played_then_silence() -> None:
    async with running_server() as server, connected_line(server) as (line, peer):
        assert await peer.frame() == (Kind.AUDIO, bytes(320))
        over: list[Playback] = []
        first = line.play(SPOKEN[:100], on_end=over.append)
        second = line.play(SPOKEN, on_end=over.append)
        assert await line.played(second, WITHIN_S) is PlayEnd.PLAYED
        assert over == [first, second]
        assert not line.playing
        heard = b""
        while len(heard) < 3 * 320 or not heard.endswith(bytes(320)):
            heard = (heard + (await peer.frame())[1]).lstrip(b"\0")
        assert heard.startswith((SPOKEN[:100].tobytes() + SPOKEN.tobytes()).lstrip(b"\0"))


async def test_what_is_played_before_the_peer_comes_is_its_first_frame() -> None:
    async with running_server() as server:
        line = server.expect(uuid4())
        line.play(SPOKEN)
        async with peer_of(server, line.uuid) as peer:
            assert await peer.frame() == (Kind.AUDIO, SPOKEN.tobytes())


async def test_a_stop_is_silence_from_the_next_frame_on() -> None:
    async with running_server() as server, connected_line(server) as (line, peer):
        playback = line.play(np.ones(80_000, np.int16))
        while not any((await peer.frame())[1]):
            pass
        line.stop()
        already = playback.played // 160 - 1  # written, and not yet read by the peer
        for _ in range(already):
            await peer.frame()
        assert await peer.frame() == (Kind.AUDIO, bytes(320))
        assert await line.played(playback) is PlayEnd.STOPPED
        assert playback.played < 80_000


async def test_sound_comes_as_frames_of_20_ms_whatever_the_phone_sends() -> None:
    async with running_server() as server, connected_line(server) as (line, peer):
        heard = Heard(line)
        for size in (160, 480, 960, 320):
            peer.send(message(Kind.AUDIO, SPOKEN.tobytes()[:2] * (size // 2)))
        frames = await heard.count(6)
        assert {len(frame.samples) for frame in frames} == {160}
        assert all(frame.samples.all() for frame in frames)
        assert line.last_heard_at_s == frames[-1].at_s


async def test_keys_are_not_taken_from_here_and_harm_nothing() -> None:
    async with running_server() as server, connected_line(server) as (line, peer):
        peer.send(message(Kind.KEY, b"5"))
        await still_works(line, peer)


async def test_sound_that_nobody_watches_is_let_go_of_and_what_leaves_is_told_too() -> None:
    async with running_server() as server, connected_line(server) as (line, peer):
        peer.send(message(Kind.AUDIO, b"\1\0" * 160))
        await until(lambda: line.last_heard_at_s is not None)
        told: list[object] = []
        sent: list[Samples | None] = []
        line.watch(told.append, sent.append)
        await until(lambda: bool(sent), within_s=WITHIN_S)
        assert sent[0] is None
        line.play(SPOKEN)
        await until(lambda: any(frame is not None for frame in sent), within_s=WITHIN_S)
        assert next(f for f in sent if f is not None).tolist() == SPOKEN.tolist()
        line.unwatch()
        assert told == []


async def test_a_watcher_that_fails_costs_its_own_line_only() -> None:
    async with (
        running_server() as server,
        connected_line(server) as (line, peer),
        connected_line(server) as (other, others_peer),
    ):
        line.watch(lambda _: 1 / 0, lambda _: None)  # type: ignore[arg-type, return-value]
        peer.send(SOUND)
        await ended(line)
        assert line.cause is LineEnd.FAULT
        await still_works(other, others_peer)


async def test_a_peer_that_sends_nothing_keeps_its_line() -> None:
    async with running_server() as server, connected_line(server) as (line, peer):
        for _ in range(120):
            assert await peer.frame() == (Kind.AUDIO, bytes(320))
        assert line.cause is None
        assert line.last_heard_at_s is None


async def test_closing_hangs_up_and_lets_the_peer_go_first() -> None:
    async with running_server() as server, connected_line(server) as (line, peer):
        playback = line.play(np.ones(80_000, np.int16))
        line.close()
        assert playback.end is PlayEnd.LINE_ENDED
        assert line.play(SPOKEN).end is PlayEnd.LINE_ENDED
        while (await peer.frame())[0] != Kind.HANG_UP:
            pass
        assert not line.ended.is_set()
        peer.close()
        await ended(line)
        assert line.cause is LineEnd.CLOSED


async def test_a_peer_that_ignores_the_hang_up_is_cut_off() -> None:
    async with running_server() as server, connected_line(server) as (line, peer):
        line.close()
        await ended(line)
        assert line.cause is LineEnd.CLOSED
        await peer.closed()


@pytest.mark.parametrize("goodbye", [HANG_UP, b""])
async def test_a_peer_that_hangs_up_ends_its_line_and_what_it_waits_for(goodbye: bytes) -> None:
    async with running_server() as server, connected_line(server) as (line, peer):
        playback = line.play(np.ones(80_000, np.int16))
        peer.send(goodbye)
        if not goodbye:
            peer.close()
        assert await line.played(playback, WITHIN_S) is PlayEnd.LINE_ENDED
        await ended(line)
        assert line.cause is LineEnd.HUNG_UP
        assert server.figures.lines == 0


# --- who may connect -----------------------------------------------------------------------------


async def test_a_uuid_that_is_not_expected_is_closed_and_counted() -> None:
    async with running_server() as server, peer_of(server, uuid4()) as peer:
        await peer.closed()
        assert server.figures.refused == {Refusal.UNKNOWN: 1}


async def test_a_uuid_connects_once_and_the_second_does_the_first_no_harm() -> None:
    async with running_server() as server, connected_line(server) as (line, peer):
        async with peer_of(server, line.uuid) as second:
            await second.closed()
        assert server.figures.refused == {Refusal.REPEATED: 1}
        await still_works(line, peer)
        line.close()
        peer.close()
        await ended(line)
        async with peer_of(server, line.uuid) as third:
            await third.closed()
        assert server.figures.refused == {Refusal.REPEATED: 1, Refusal.UNKNOWN: 1}


@pytest.mark.parametrize(
    "data", [b"GET / HTTP/1.1\r\n\r\n", SILENT_FRAME, b"\x01\x00\x24", b"\x01\xff\xff"]
)
async def test_who_does_not_begin_with_a_uuid_is_closed_and_counted(data: bytes) -> None:
    async with running_server() as server, peer_of(server) as peer:
        peer.send(data)
        await peer.closed()
        assert server.figures.refused == {Refusal.MALFORMED: 1}


@pytest.mark.parametrize("data", [b"", b"\x01\x00", b"\x01\x00\x10abc"])
async def test_who_does_not_say_in_time_for_whom_it_comes_is_closed(data: bytes) -> None:
    async with running_server(identity_s=0.1) as server, peer_of(server) as peer:
        peer.send(data)
        await peer.closed()
        assert server.figures.refused == {Refusal.NAMELESS: 1}


async def test_many_who_say_nothing_do_not_keep_a_caller_out() -> None:
    async with running_server(identity_s=60.0) as server, AsyncExitStack() as stack:
        idle = [await stack.enter_async_context(peer_of(server)) for _ in range(100)]
        async with connected_line(server) as (line, peer):
            await still_works(line, peer)
            assert server.figures.refused[Refusal.NAMELESS] >= 60
        await idle[0].closed()


async def test_a_caller_who_does_not_come_in_time_has_no_line_and_may_not_come_later() -> None:
    async with running_server() as server:
        line = server.expect(uuid4())
        with pytest.raises(NoLine):
            await line.connected(0.01)
        assert line.cause is LineEnd.NEVER_CAME
        async with peer_of(server, line.uuid) as peer:
            await peer.closed()


async def test_there_are_so_many_lines_and_no_more() -> None:
    async with running_server(most_lines=1) as server:
        line = server.expect(uuid4())
        with pytest.raises(NoLine):
            server.expect(uuid4())
        line.close()
        server.expect(uuid4())


async def test_a_uuid_in_use_and_a_server_that_is_not_open_are_refused() -> None:
    with pytest.raises(NoLine):
        AudioServer().expect(uuid4())
    async with running_server() as server:
        line = server.expect(uuid4())
        with pytest.raises(ValueError, match="in use"):
            server.expect(line.uuid)


def test_sound_is_served_on_loopback_alone() -> None:
    with pytest.raises(ValueError, match="loopback"):
        AudioServer("0.0.0.0")  # noqa: S104  (that is what is refused)


# --- bad peers ------------------------------------------------------------------------------------

BAD: dict[str, tuple[bytes, LineEnd]] = {
    "garbage": (b"\x99" * 500, LineEnd.MALFORMED),
    "a huge length": (b"\x10\xff\xff", LineEnd.MALFORMED),
    "half a sample": (message(Kind.AUDIO, b"abc"), LineEnd.MALFORMED),
    "a second identity": (message(Kind.IDENTITY, bytes(16)), LineEnd.MALFORMED),
    "an error": (message(Kind.ERROR, b"\x02"), LineEnd.PEER_FAILED),
    "half a header": (b"\x10\x01", LineEnd.STALLED),
    "half a frame": (SOUND[:200], LineEnd.STALLED),
    "more than can be spoken": (SOUND * 600, LineEnd.FLOODED),
    "a hundred thousand keys": (message(Kind.KEY, b"1") * 100_000, LineEnd.FLOODED),
}


async def test_a_bad_peer_costs_its_own_call_alone() -> None:
    async with (
        running_server() as server,
        connected_line(server) as (good, good_peer),
        asyncio.TaskGroup() as group,
    ):

        async def misbehave(data: bytes, cause: LineEnd) -> None:
            async with connected_line(server) as (line, peer):
                peer.send(data)
                await ended(line)
                assert line.cause is cause
                await peer.closed()

        for data, cause in BAD.values():
            group.create_task(misbehave(data, cause))
        await still_works(good, good_peer)
    assert server.figures.ended[LineEnd.MALFORMED] == 4
    assert server.figures.ended[LineEnd.STALLED] == 2


async def test_a_peer_that_never_reads_is_given_up_with_little_kept() -> None:
    async with running_server() as server, connected_line(server) as (good, good_peer):
        async with connected_line(server) as (line, peer):
            peer.read_nothing()
            # What the sockets of a machine hold is minutes of sound: it is sent at once here.
            async with asyncio.timeout(WITHIN_S):
                now_s = asyncio.get_running_loop().time()
                while not line.ended.is_set():
                    line.beat(now_s)
                    await asyncio.sleep(0)
            assert line.cause is LineEnd.STALLED
        await still_works(good, good_peer)


async def test_a_peer_that_resets_in_the_middle_ends_its_line_alone() -> None:
    async with running_server() as server, connected_line(server) as (good, good_peer):
        async with connected_line(server) as (line, peer):
            line.play(np.ones(80_000, np.int16))
            peer.send(SOUND[:100])
            peer.reset()
            await ended(line)
            assert line.cause in (LineEnd.LOST, LineEnd.HUNG_UP)
        await still_works(good, good_peer)


async def test_a_fault_of_the_asker_at_the_end_of_a_sound_silences_nobody() -> None:
    def fail(_: Playback) -> None:
        raise RuntimeError("the asker's")

    async with running_server() as server, connected_line(server) as (line, peer):
        line.play(SPOKEN, on_end=fail)
        await still_works(line, peer)


async def test_a_fault_in_one_line_ends_that_line_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    async with running_server() as server, connected_line(server) as (good, good_peer):
        async with connected_line(server) as (line, _):

            def fail(_: float) -> None:
                raise RuntimeError("ours")

            monkeypatch.setattr(line._player, "frame", fail)
            await ended(line)
            assert line.cause is LineEnd.FAULT
        await still_works(good, good_peer)


# --- the server's own end, and the beat -----------------------------------------------------------


async def test_a_server_that_stops_hangs_every_line_up() -> None:
    async with AsyncExitStack() as outlives_the_server:
        async with running_server() as server:
            coming, line = server.expect(uuid4()), server.expect(uuid4())
            peer = await outlives_the_server.enter_async_context(peer_of(server, line.uuid))
            await line.connected(WITHIN_S)
        assert {line.cause, coming.cause} == {LineEnd.SERVER_STOPPED}
        while (await peer.frame())[0] != Kind.HANG_UP:
            pass
        await peer.closed()
        with pytest.raises(NoLine):
            server.expect(uuid4())
        with pytest.raises(ConnectionRefusedError):
            await asyncio.open_connection(server.host, server.port)


async def test_every_frame_of_every_line_is_counted_by_how_late_it_was() -> None:
    async with (
        running_server() as server,
        connected_line(server) as (_, first),
        connected_line(server) as (_, second),
    ):
        for peer in (first, second):
            for _ in range(25):
                await peer.frame()
        figures = server.figures.pacer
        assert figures.lines == 2
        assert sum(figures.by_lateness) == figures.frames >= 50
        assert figures.late <= figures.frames
        assert figures.beats >= 25
        assert figures.late_share == figures.late / figures.frames
