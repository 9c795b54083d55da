"""Callers on a real Asterisk whose sound goes through our audio server, and what they hear."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import pairwise

import numpy as np

from ivr.asterisk import wire_actions as wire
from ivr.asterisk.agi import AgiDesk
from ivr.asterisk.audiosocket.player import Samples
from ivr.asterisk.audiosocket.server import AudioServer
from ivr.asterisk.audiosocket.visit import Visit, Visits
from ivr.asterisk.wire_events import ChannelId, ChannelInAgi, ChannelListed, LinkUp
from ivr.caller import sound
from ivr.caller.phone import CallerPhone, SipServer, caller_phone
from tests.ami.running import Floor, running_floor, until
from tests.switch import Switch

WITHIN_S = 10.0
MUSIC_HZ = 330  # what `running_switch` writes
_LISTENS_S = 0.2


def tone(hz: float, for_s: float) -> Samples:
    """A tone as it is played: int16."""
    return (sound.tone(hz, for_s) * 32767).astype(np.int16)


def pitch(samples: sound.Samples) -> float:
    """The strongest frequency in Hz of sound between -1 and 1; 0 for silence."""
    if sound.loudness(samples) < 0.01:
        return 0.0
    spectrum = np.abs(np.fft.rfft(samples * np.hanning(len(samples))))
    return float(spectrum.argmax() * sound.RATE / len(samples))


class Caller:
    """A caller on the line: their phone, their channel, and all that their phone received."""

    def __init__(self, phone: CallerPhone) -> None:
        self.phone = phone
        self.channel = ChannelId("")
        self.packets: list[tuple[float, sound.Samples]] = []
        inner = phone._media.on_packet
        loop = asyncio.get_running_loop()

        def hear(source: int, stamp: int, kind: int, payload: bytes) -> None:
            if kind in sound.CODES:
                self.packets.append((loop.time(), sound.CODES[kind].decode(payload)))
            if inner is not None:
                inner(source, stamp, kind, payload)

        phone._media.on_packet = hear

    def mute(self) -> None:
        """From now on the phone sends no RTP, as phones with silence suppression do."""
        self.phone._media._send = lambda *_args, **_kept: None

    def pitch(self) -> float:
        """What the caller heard in the last 200 ms that came, in Hz; 0 for silence."""
        last = [samples for _, samples in self.packets[-round(_LISTENS_S / 0.02) :]]
        return pitch(np.concatenate(last)) if last else 0.0

    async def hears(self, hz: float) -> None:
        """Come back when the caller hears this tone; 0: silence."""
        begun = len(self.packets)
        enough = round(_LISTENS_S / 0.02)
        await until(
            lambda: len(self.packets) >= begun + enough and abs(self.pitch() - hz) < 12,
            within_s=WITHIN_S,
        )

    def longest_gap(self, since_s: float) -> float:
        """The longest time between two packets, from this time on."""
        times = [at for at, _ in self.packets]
        return max((b - a for a, b in pairwise(times) if b > since_s), default=0.0)


class Stage:
    """Client, desk, audio server and visits on one Asterisk."""

    def __init__(self, switch: Switch, floor: Floor, server: AudioServer, visits: Visits) -> None:
        self.switch, self.floor, self.server, self.visits = switch, floor, server, visits

    @asynccontextmanager
    async def caller(self) -> AsyncIterator[Caller]:
        """A caller who was answered and hears nothing yet."""
        account = self.switch.caller
        where = SipServer("127.0.0.1", self.switch.sip_port, account.username, account.password)
        async with caller_phone(where) as phone:
            caller = Caller(phone)
            known = self._arrived()
            async with asyncio.TaskGroup() as group:
                group.create_task(phone.dial("100", WITHIN_S))
                await until(lambda: len(self._arrived()) > len(known), within_s=WITHIN_S)
                caller.channel = self._arrived()[-1]
                await self.run(caller, wire.answer())
            yield caller

    def _arrived(self) -> list[ChannelId]:
        seen = self.floor.seen
        return [e.channel for e in seen if isinstance(e, ChannelInAgi) and e.why == "new"]

    async def run(self, caller: Caller, command: wire.AgiCommand) -> None:
        """Have the caller's channel do this."""
        assert (await self.floor.desk.run(caller.channel, command, deadline_s=WITHIN_S)).ok

    @asynccontextmanager
    async def visiting(self) -> AsyncIterator[tuple[Caller, Visit]]:
        """A caller in AudioSocket."""
        async with self.caller() as caller:
            yield caller, await self.visits.begin(caller.channel)

    async def break_link(self) -> None:
        """Break the AMI link, and come back when it stands again and living calls are known."""
        links = self._links()
        self.floor.client._link.drop("broken by the test")
        await until(lambda: self._links() > links, within_s=WITHIN_S)
        for entry in await self.floor.client.list(wire.core_show_channels()):
            self.floor.desk.on_event(entry)

    def _links(self) -> int:
        return sum(isinstance(event, LinkUp) for event in self.floor.seen)

    async def alive(self, caller: Caller) -> bool:
        """Asterisk still has the call, and it is up."""
        listed = await self.floor.client.list(wire.core_show_channels())
        return any(
            isinstance(entry, ChannelListed) and entry.channel == caller.channel and entry.up
            for entry in listed
        )


@asynccontextmanager
async def running_visits(desk: AgiDesk, server: AudioServer | None = None) -> AsyncIterator[Visits]:
    """Visits through an audio server, for the block; its tasks end with it."""
    server = server or AudioServer()
    await server.open()
    async with asyncio.TaskGroup() as group:
        visits = Visits(desk, server)
        tasks = [group.create_task(server.run()), group.create_task(visits.run())]
        await asyncio.sleep(0)  # both have begun
        try:
            yield visits
        finally:
            for task in tasks:
                task.cancel()


@asynccontextmanager
async def audio_stage(switch: Switch) -> AsyncIterator[Stage]:
    """A stage for the block; its tasks end with it."""
    server = AudioServer()
    async with (
        running_floor(switch.ami_port) as floor,
        running_visits(floor.desk, server) as visits,
    ):
        yield Stage(switch, floor, server, visits)
