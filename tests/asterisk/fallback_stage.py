"""A service that can fall silent, on an Asterisk whose dialplan notices soon, with real phones."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from pathlib import Path

from ivr.asterisk import wire_actions as wire
from ivr.asterisk.agi import AgiDesk
from ivr.asterisk.coming_back import ComingBack, MissedCall
from ivr.asterisk.config import EmergencyWay, Silence
from ivr.asterisk.fallback import FallbackMembers
from ivr.asterisk.heartbeat import Heartbeat
from ivr.asterisk.wire_events import ChannelId, ChannelInAgi, ChannelListed, LinkUp
from ivr.caller import sound
from ivr.caller.agent_phone import AgentCall, AgentPhone
from ivr.caller.phone import SipServer, caller_phone
from ivr.caller.script import AgentPlan, Answering
from queues.ids import CallId, PlaceId
from tests import switch
from tests.ami.running import Floor, running_client, until
from tests.audio.calls import MUSIC_HZ, Caller
from tests.switch import Switch, running_switch, test_settings, write_tone

# Short, so that tests are; the proportions are those of the product.
SHORT = Silence(grace_s=4, renew_s=1, music_s=2, dead_s=3, doubt_s=2, leg_s=4, queue_s=8)
WITHIN_S = 20.0
console_says = partial(switch.console_says, within_s=WITHIN_S)
NUMBER = "493077709123"  # who calls over the trunk, which no password guards
SORRY_HZ = 700
SORRY_S = 1.5
AGENT_HZ = 1000
HOLE_S = 1.0  # a tenth of it is reached, on a machine that does nothing else


@asynccontextmanager
async def fallback_switch(
    folder: Path,
    silence: Silence = SHORT,
    emergency_ways: Mapping[str, EmergencyWay] | None = None,
    **changes: object,
) -> AsyncIterator[Switch]:
    """An Asterisk whose line 100 has a prompt for when nobody can be reached; 200 has none."""
    (folder / "prompts" / "de").mkdir(parents=True)
    write_tone(folder / "prompts" / "de" / "sorry.wav", SORRY_HZ, SORRY_S)
    # The phones of callers with a number come from here, as a trunk's calls do.
    trunk = {"host": "127.0.0.1", "port": 9, "most_calls_each_number": 1000}
    values = {"trunk": trunk} | changes
    async with running_switch(
        folder,
        settings=test_settings(**values),
        when_down={"100": "de/sorry"},
        emergency_ways=emergency_ways,
        silence=silence,
    ) as switch:
        yield switch


class Service:
    """What of the service touches the fallback. `healthy` False: it hangs and says nothing."""

    def __init__(self, floor: Floor, silence: Silence, every_s: float) -> None:
        self.floor = floor
        self.healthy = True
        self.callers: set[ChannelId] = set()
        self.adopted: list[tuple[CallId, float]] = []
        self.missed: list[MissedCall] = []
        self.refuses_missed = False
        self.heart = Heartbeat(
            floor.client,
            is_healthy=lambda: self.healthy,
            callers=lambda: self.callers,
            is_ours=floor.desk.in_agi,
            silence=silence,
        )
        self.members = FallbackMembers(floor.client)
        self.back = ComingBack(
            floor.client,
            self.heart.beating,
            lambda call, lasted_s: self.adopted.append((call, lasted_s)),
            self._take,
            every_s=every_s,
        )
        self.heart.after_silence(self.back.look)

    async def _take(self, missed: MissedCall) -> None:
        self.missed.append(missed)
        if self.refuses_missed:
            raise RuntimeError("the database is locked")

    async def next_beat(self) -> None:
        """Come back when a beat was taken that was sent after now."""
        now = self.heart.beats
        await until(lambda: self.heart.beats > now, within_s=WITHIN_S)

    async def hear(self) -> None:
        """The switchboard's part."""
        client, floor = self.floor.client, self.floor
        while True:
            event = await client.inbox.get()
            floor.seen.append(event)
            floor.desk.on_event(event)
            self.members.on_event(event)
            self.heart.on_event(event)
            if isinstance(event, LinkUp):
                self.back.look()
            elif isinstance(event, ChannelInAgi) and event.why != "agent":
                self.callers.add(event.channel)

    def set_clock(self, off_s: float) -> None:
        """From now on the service reads a clock that is off by so much."""
        self.heart._clock = lambda: time.time() + off_s

    def break_link(self) -> None:
        """Break the link to Asterisk, as a network would."""
        assert self.floor.client._link is not None
        self.floor.client._link.drop("broken by the test")

    async def run(self, command: wire.AgiCommand, caller: Caller) -> None:
        """Have a caller's channel do this."""
        assert (await self.floor.desk.run(caller.channel, command, deadline_s=WITHIN_S)).ok

    async def visits(self, caller: Caller, count: int, why: str) -> None:
        """Come back when the channel came to AGI so often for this reason."""
        seen = self.floor.seen
        await until(
            lambda: (
                sum(
                    isinstance(e, ChannelInAgi) and e.channel == caller.channel and e.why == why
                    for e in seen
                )
                >= count
            ),
            within_s=WITHIN_S,
        )

    async def listed(self, channel: ChannelId) -> ChannelListed | None:
        """What Asterisk says of this channel."""
        found = await self.floor.client.list(wire.core_show_channels())
        return next(
            (e for e in found if isinstance(e, ChannelListed) and e.channel == channel), None
        )


@asynccontextmanager
async def running_service(
    switch: Switch, silence: Silence = SHORT, *, every_s: float = 60.0
) -> AsyncIterator[Service]:
    """A service on this Asterisk; afterwards it is gone as if killed: no word of farewell."""
    async with running_client(switch.ami_port, secret=switch.secrets.ami) as client:
        service = Service(Floor(client, AgiDesk(client)), silence, every_s)
        tasks = [
            asyncio.create_task(each)
            for each in (
                service.hear(),
                service.heart.run(),
                service.members.run(),
                service.back.run(),
            )
        ]
        try:
            await service.heart.beating()
            yield service
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.wait(tasks)
            failed = [t for t in tasks if not t.cancelled() and t.exception() is not None]
            assert not failed, failed[0].exception()


def server(switch: Switch, *, withheld: bool = False) -> SipServer:
    """Where callers call: with their number over the trunk, or an account that has none."""
    if withheld:
        return SipServer(
            "127.0.0.1", switch.sip_port, switch.caller.username, switch.caller.password
        )
    return SipServer("127.0.0.1", switch.sip_port, NUMBER, "")


@asynccontextmanager
async def on_the_line(
    service: Service, switch: Switch, *, music: bool = True, line: str = "100"
) -> AsyncIterator[Caller]:
    """A caller whom the service has answered, and who has music."""
    async with caller_phone(server(switch)) as phone:
        caller = Caller(phone)
        await dialled(service, caller, music=music, line=line)
        yield caller


async def dialled(
    service: Service, caller: Caller, *, music: bool = True, line: str = "100"
) -> None:
    """Have this caller call, be answered by the service, and have music."""
    known = set(service.callers)
    async with asyncio.TaskGroup() as group:
        group.create_task(caller.phone.dial(line, WITHIN_S))
        await until(lambda: service.callers > known, within_s=WITHIN_S)
        (caller.channel,) = service.callers - known
        await service.run(wire.answer(), caller)
    if music:
        await service.run(wire.music_on("default"), caller)
        await caller.hears(MUSIC_HZ)


@asynccontextmanager
async def stranger(
    switch: Switch, *, withheld: bool = False, line: str = "100"
) -> AsyncIterator[Caller]:
    """A caller whom nobody but the dialplan answers."""
    async with caller_phone(server(switch, withheld=withheld)) as phone:
        caller = Caller(phone)
        await phone.dial(line, WITHIN_S)
        yield caller


@asynccontextmanager
async def agent_at(
    switch: Switch, place: str, answering: Answering = Answering.ANSWERS
) -> AsyncIterator[AgentPhone]:
    """An agent's phone that is registered, and free as Asterisk sees it."""
    plan = AgentPlan(line=1, answering=answering, answer_after_s=0.05)
    speech = sound.tone(AGENT_HZ, 30)
    phone = AgentPhone(("127.0.0.1", switch.sip_port), switch.place(place), plan, speech)
    async with AsyncExitStack() as stack:
        stack.push_async_callback(asyncio.to_thread, phone.stop)
        await asyncio.to_thread(phone.start)
        await console_says(
            switch, f"pjsip show contacts like {place}", lambda shown: "Avail" in shown
        )
        yield phone


async def rings(phone: AgentPhone) -> AgentCall:
    """The phone's first call, once it rings."""
    await until(lambda: bool(phone.calls), within_s=WITHIN_S)
    return phone.calls[0]


async def ends(phone: AgentPhone) -> None:
    """Come back when the phone's last call is over."""
    await until(lambda: phone.calls[-1].ended_at is not None, within_s=WITHIN_S)


async def hangs_up_on(caller: Caller) -> None:
    """Come back when Asterisk has ended the call."""
    async with asyncio.timeout(WITHIN_S):
        await caller.phone.ended.wait()
    assert caller.phone.hung_up_by_far_end


async def dial(service: Service, offer: str) -> ChannelId:
    """Ring desk1 for this offer, and come back when its leg waits in AGI."""
    leg = ChannelId(offer)
    await service.floor.client.send(
        wire.originate(
            wire.phone("desk1"),
            channel_id=leg,
            context="fz-agent",
            exten="wait",
            timeout_ms=5000,
            caller_number="100",
        )
    )
    await until(lambda: service.floor.desk.in_agi(leg), within_s=WITHIN_S)
    return leg


async def join(service: Service, caller: Caller, offer: str) -> ChannelId:
    """Ring desk1 and join it with the caller."""
    leg = await dial(service, offer)
    await service.floor.desk.bridge(caller.channel, leg)
    return leg


def _members(shown: str) -> set[str]:
    words = [line.split()[0] for line in shown.splitlines() if line.strip()]
    return {word.removeprefix("PJSIP/") for word in words if word.startswith("PJSIP/")}


async def members(switch: Switch) -> set[str]:
    """The phones that Asterisk's own queue rings, as Asterisk says."""
    return _members(await switch.console("queue show fallback"))


async def members_are(switch: Switch, *places: str) -> None:
    """Come back when Asterisk's queue rings just these."""
    await console_says(switch, "queue show fallback", lambda shown: _members(shown) == set(places))


async def works(service: Service, switch: Switch, *places: str) -> None:
    """At just these phones somebody works, and Asterisk knows it."""
    service.members.want([PlaceId(place) for place in places])
    await members_are(switch, *places)


async def nobody_works(switch: Switch) -> None:
    """Leave an Asterisk whose own queue rings nobody."""
    async with running_service(switch) as service:
        await works(service, switch)


async def in_queue(switch: Switch, count: int) -> None:
    """Come back when so many callers wait in Asterisk's own queue."""
    await console_says(switch, "queue show fallback", lambda shown: shown.count("(wait:") == count)


def _count_at(shown: str, context: str) -> int:
    return sum(line.split("!")[1:2] == [context] for line in shown.splitlines())


async def are_at(switch: Switch, context: str, count: int) -> None:
    """Come back when so many channels are in this context of the dialplan."""
    await console_says(
        switch, "core show channels concise", lambda shown: _count_at(shown, context) == count
    )


async def nobody_watches(switch: Switch) -> None:
    """Leave an Asterisk whose callers have nothing but their own timeouts, for some seconds."""
    await switch.console("dialplan set global FZ_WATCH nobody")
    await are_at(switch, "fz-watch", 0)


def _kept(shown: str) -> list[str]:
    rows = [line for line in shown.splitlines() if line.startswith("/fz-missed/")]
    return [row.partition(": ")[2].strip() for row in rows]


async def kept(switch: Switch) -> list[str]:
    """What Asterisk keeps of calls that ended: number|line|time, or |line|time|served."""
    return _kept(await switch.console("database show fz-missed"))


async def kept_are(switch: Switch, count: int) -> list[str]:
    """Come back when Asterisk keeps notes of so many calls, with them."""
    await console_says(switch, "database show fz-missed", lambda shown: len(_kept(shown)) == count)
    return await kept(switch)


async def nothing_is_kept(switch: Switch) -> None:
    """Come back when Asterisk keeps no note of a call."""
    await console_says(switch, "database show fz-missed", lambda shown: not _kept(shown))
