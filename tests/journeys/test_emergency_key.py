"""Journeys: the service is killed with -9, and the emergency key works some seconds later."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import AsyncExitStack

import pytest

from ivr.asterisk.config import Silence
from ivr.caller import sound
from ivr.caller.agent_phone import AgentPhone
from ivr.caller.script import AgentPlan
from tests.folders import open_folder
from tests.journeys.people import (
    AGENT_HZ,
    caller,
    kill,
    order,
    settled,
    start_again,
    until,
    waits,
)
from tests.journeys.service import Service, console, kept_dialogues, running_service
from tests.journeys.test_killed_in_a_menu import heard

PLACES = ["desk1", "desk2", "caretaker"]
HOLE_S = 1.0


@pytest.fixture
def service() -> Iterator[Service]:
    with (
        open_folder() as folder,
        running_service(
            folder, places=PLACES, emergency={"place": "caretaker", "ring_s": 5}
        ) as running,
    ):
        yield running


class Caretaker:
    """Whoever answers the standing emergency number."""

    def __init__(self, service: Service) -> None:
        account = next(each for each in service.run.places if each.username == "caretaker")
        where = (service.run.sip_host, service.run.sip_port)
        self.phone = AgentPhone(
            where, account, AgentPlan(line=1, answer_after_s=0.05), sound.tone(AGENT_HZ, 60)
        )
        self._service = service

    async def __aenter__(self) -> AgentPhone:
        await asyncio.to_thread(self.phone.start)
        await until(lambda: "Avail" in console(self._service, "pjsip show contacts like caretaker"))
        return self.phone

    async def __aexit__(self, *_: object) -> None:
        await asyncio.to_thread(self.phone.stop)


def at(service: Service, context: str) -> int:
    """How many channels are in this context of the dialplan."""
    rows = console(service, "core show channels concise").splitlines()
    return sum(row.split("!")[1:2] == [context] for row in rows)


async def killed(service: Service, waiting: int = 1) -> float:
    """Kill the service; come back when so many callers wait for it, with how long that took."""
    loop = asyncio.get_running_loop()
    began_s = loop.time()
    await asyncio.to_thread(kill, service)
    await until(lambda: at(service, "fz-wait") == waiting)
    return loop.time() - began_s


@pytest.mark.parametrize("line", ["100", "200", "300"], ids=["de", "en", "ko-listening"])
async def test_who_is_in_a_menu_reaches_the_emergency_number_and_stays_there(
    service: Service, line: str
) -> None:
    async with AsyncExitStack() as stack:
        caretaker = await stack.enter_async_context(Caretaker(service))
        who = await stack.enter_async_context(caller(service, line))
        await until(lambda: kept_dialogues(service, "main") == 1)
        assert await killed(service) < Silence().dead_s
        await who.phone.press("8")
        await who.hears(AGENT_HZ)
        following = await asyncio.to_thread(start_again, service)
        await until(lambda: at(following, "fz-watch") == 2)  # it has had the first beat
        await asyncio.sleep(2.0)  # in which it would fetch whom it takes for a waiting caller
        await who.hears(AGENT_HZ)
        assert len(caretaker.calls) == 1
        await asyncio.to_thread(caretaker.stop)
        await until(lambda: settled(following))
        assert kept_dialogues(following, "main") == 1
        assert "Traceback" not in following.said()


async def test_who_waits_in_the_queue_reaches_the_emergency_number_and_the_other_keeps_the_place(
    service: Service,
) -> None:
    async with AsyncExitStack() as stack:
        caretaker = await stack.enter_async_context(Caretaker(service))
        first, helped, last = [await stack.enter_async_context(caller(service)) for _ in range(3)]
        for number, each in enumerate((first, helped, last), start=1):
            await waits(service, each, number)
        before = await asyncio.to_thread(order, service)
        begun_s = asyncio.get_running_loop().time()
        await killed(service, 3)
        await helped.phone.press("8")
        await helped.hears(AGENT_HZ)
        following = await asyncio.to_thread(start_again, service)
        await until(lambda: len(following.in_queue()) == 2)
        assert await asyncio.to_thread(order, following) == [before[0], before[2]]
        await helped.hears(AGENT_HZ)
        assert len(caretaker.calls) == 1
        assert max(each.longest_gap(begun_s) for each in (first, last)) < HOLE_S
        await until(lambda: at(following, "fz-hold") == 2)  # given back
        assert "Traceback" not in following.said()


async def test_without_a_key_a_restart_gives_everybody_back(service: Service) -> None:
    async with AsyncExitStack() as stack:
        in_menu, waiting = [await stack.enter_async_context(caller(service)) for _ in range(2)]
        await waits(service, waiting, 1)
        await until(lambda: kept_dialogues(service, "main") == 1)
        before = await asyncio.to_thread(order, service)
        begun_s = asyncio.get_running_loop().time()
        await killed(service, 2)
        following = await asyncio.to_thread(start_again, service)
        await until(lambda: settled(following))
        await until(lambda: at(following, "fz-wait") == 0)
        assert await asyncio.to_thread(order, following) == before
        assert waiting.longest_gap(begun_s) < HOLE_S
        await until(lambda: "main_menu" in heard(in_menu, following, "de", begun_s))
        await in_menu.phone.press("0")
        await until(lambda: len(following.in_queue()) == 2)
        assert "Traceback" not in following.said()
