"""Callers and agents of a journey whose service may be killed, and what it says of them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import httpx

from ivr.caller import sound
from ivr.caller.agent_phone import AgentPhone
from ivr.caller.phone import SipServer, caller_phone
from ivr.caller.script import AgentPlan
from tests.audio.calls import Caller
from tests.journeys.service import Service, eventually, start, wait_ready

AGENT_HZ = 1000
WITHIN_S = 20.0


async def until(true: Callable[[], Any], within_s: float = WITHIN_S) -> Any:
    """Ask in a thread until the answer is true, and give it."""
    return await asyncio.to_thread(eventually, true, within_s)


@asynccontextmanager
async def caller(service: Service, line: str = "100") -> AsyncIterator[Caller]:
    """A caller who is answered on a line, the German one unless said."""
    account = service.run.callers[0]
    where = SipServer(
        service.run.sip_host, service.run.sip_port, account.username, account.password
    )
    async with caller_phone(where) as phone:
        on_line = Caller(phone)
        await phone.dial(line, WITHIN_S)
        yield on_line


async def a_talk(stack: AsyncExitStack, service: Service) -> tuple[Caller, AgentPhone]:
    """A caller who talks with the agent at the first phone; both stay until the stack ends."""
    phone = await stack.enter_async_context(agent(service))
    await until(lambda: service.agent("anna")["place_state"] == "free")
    talks = await stack.enter_async_context(caller(service))
    await talks.phone.press("0")
    await talks.hears(AGENT_HZ)
    return talks, phone


async def waits(service: Service, who: Caller, number: int) -> None:
    """Have the caller go to the queue, as the call of this number there."""
    await who.phone.press("0")
    await until(lambda: len(service.in_queue()) == number)


@asynccontextmanager
async def agent(
    service: Service,
    place: str = "desk1",
    *,
    answers_after_s: float = 0.05,
    hums_hz: float = AGENT_HZ,
    hangs_up_after_s: float | None = None,
) -> AsyncIterator[AgentPhone]:
    """An agent who is at the phone and ready, and hums."""
    account = next(each for each in service.run.places if each.username == place)
    server = (service.run.sip_host, service.run.sip_port)
    plan = AgentPlan(line=1, answer_after_s=answers_after_s, hang_up_after_s=hangs_up_after_s)
    phone = AgentPhone(server, account, plan, sound.tone(hums_hz, 60))
    try:
        await asyncio.to_thread(phone.start)
        await asyncio.to_thread(ready, service, str(account.agent))
        yield phone
    finally:
        await asyncio.to_thread(phone.stop)


def ready(service: Service, name: str) -> None:
    with service.api as api:
        api.post(f"/api/v1/agents/{name}/ready").raise_for_status()


def kill(service: Service) -> None:
    service.process.kill()
    service.process.wait(5)


def start_again(service: Service) -> Service:
    (service.folder / ".freizeichen/run.json").unlink(missing_ok=True)
    following = wait_ready(service.folder, start(service.folder, output="output-2"))
    service.process, service.run = following.process, following.run  # so that it is ended, too
    return following


def settled(service: Service) -> bool:
    """Every caller of the service before is found, or known to be gone."""
    text = httpx.get(f"{service.run.address}/metrics", timeout=5).text
    return "freizeichen_calls_left 0.0" in text


def order(service: Service) -> list[tuple[str, str, str]]:
    return [(row["id"], row["since"], row["state"]) for row in service.in_queue()]
