"""The service's part that speaks with callers, on a real Asterisk: dialogues by keys, no queue."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import cast

from ivr.asterisk.agi import AgiDesk
from ivr.asterisk.calls import Calls
from ivr.asterisk.config import Silence
from ivr.asterisk.heartbeat import Heartbeat
from ivr.asterisk.offers import Offers
from ivr.asterisk.switchboard import NobodyLeft, Switchboard, Told
from ivr.asterisk.wire_events import ChannelId, ChannelInAgi, WireEvent
from ivr.dialogues.dialogue import Surroundings
from ivr.dialogues.driver import Driver
from ivr.dialogues.ports import CallControl
from ivr.dialplan import Plan
from ivr.phone_number import PhoneNumber
from queues.cards import CardEntry
from queues.centre.inputs.input import Input
from queues.ids import CallId, LineId, QueueId
from tests.ami.running import PATIENT, running_client, until
from tests.switch import Switch

WITHIN_S = 10.0


@dataclass(slots=True)
class SmallService:
    """Who called, on which line, with which number; what the dialogues wished of a queue."""

    driver: Driver
    healthy: bool = True  # False: it does what it is told, and gives no sign of life
    callers: list[tuple[CallId, LineId]] = field(default_factory=list)
    numbers: dict[CallId, str | None] = field(default_factory=dict)
    inputs: list[Input] = field(default_factory=list)
    seen: list[WireEvent] = field(default_factory=list)

    def inputs_of(self, kind: type[Input]) -> list[Input]:
        """What the dialogues wished of a queue, of this kind."""
        return [each for each in self.inputs if isinstance(each, kind)]

    def on_event(self, event: WireEvent) -> None:
        self.seen.append(event)

    def on_caller(self, call: CallId, number: PhoneNumber | None) -> None:
        self.numbers[call] = None if number is None else number.digits

    async def next_caller(self, known: int) -> tuple[CallId, LineId]:
        """The caller who comes after so many, once a menu is open."""
        await until(lambda: len(self.numbers) > known, within_s=WITHIN_S)
        call = list(self.numbers)[known]
        line = next(e.line for e in self.seen if isinstance(e, ChannelInAgi) and e.channel == call)
        return call, LineId(line)

    def card(self, call: CallId) -> tuple[CardEntry, ...]:
        """What this caller answered so far."""
        return self.driver.card(call) or ()


class _Dialogues(NobodyLeft):
    """A caller whom the dialplan gives back goes on in the dialogue."""

    def __init__(self, driver: Driver) -> None:
        self._driver = driver

    def given_back(self, call: CallId) -> None:
        self._driver.call_given_back(call, waits=False, talks=False)


@asynccontextmanager
async def small_service(
    switch: Switch,
    plans: Mapping[LineId, Plan],
    silence: Silence | None = None,
    *,
    ami_port: int | None = None,
) -> AsyncIterator[SmallService]:
    """Dialogues for these lines, for the block; afterwards they are gone as if killed.

    `ami_port` is that of another way to Asterisk's.
    """
    async with running_client(ami_port or switch.ami_port, timing=PATIENT) as client:
        desk, lines, inputs = AgiDesk(client), dict[CallId, LineId](), list[Input]()
        calls = Calls(client, desk, switch.prompts)
        offers = Offers(client, desk, inputs.append, lines, "Test")
        around = Surroundings(
            cast(CallControl, calls), inputs.append, time.time, lambda _: False, lambda *_: None
        )
        driver = Driver(plans, around, QueueId("service"), lambda _: None)
        service = SmallService(driver, inputs=inputs)
        board = Switchboard(
            client,
            desk,
            calls,
            offers,
            driver,
            inputs.append,
            lines,
            frozenset(),
            left=_Dialogues(driver),
            told=Told(service.on_event, service.on_caller),
        )
        heart = Heartbeat(
            client,
            is_healthy=lambda: service.healthy,
            callers=lambda: map(ChannelId, lines),
            is_ours=desk.in_agi,
            silence=silence,
        )
        tasks = [asyncio.create_task(each.run()) for each in (driver, board, offers, heart)]
        await client.wait_up(WITHIN_S)
        await heart.beating()
        try:
            yield service
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.wait(tasks)
