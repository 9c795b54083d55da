"""Journeys: the service is killed while a phone rings, and while caller and agent are joined."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from ivr.caller import sound
from ivr.caller.agent_phone import AgentPhone
from ivr.caller.script import AgentPlan
from tests.journeys.service import Service, running_service
from tests.journeys.test_recovery import (
    AGENT_HZ,
    HOLE_S,
    caller,
    command,
    console,
    kill,
    ready,
    settled,
    start_again,
    until,
)

RINGS_LONG = {"id": "service", "ring_timeout_s": 30, "wrap_up_s": 1}
AFTER_THE_START_S = 8.0
WHILE_NOBODY_DECIDES_S = 0.4
AT_ONCE_S = 0.05


@pytest.fixture
def service(folder: Path) -> Iterator[Service]:
    with running_service(folder, queues=[RINGS_LONG]) as running:
        yield running
        running.stop()  # also one that was started again


@asynccontextmanager
async def annas_phone(service: Service) -> AsyncIterator[AgentPhone]:
    account = next(each for each in service.run.places if each.username == "desk1")
    server = (service.run.sip_host, service.run.sip_port)
    phone = AgentPhone(server, account, AgentPlan(line=1), sound.tone(AGENT_HZ, 60))
    try:
        await asyncio.to_thread(phone.start)
        await asyncio.to_thread(ready, service, "anna")
        await until(lambda: service.agent("anna")["place_state"] == "free")
        yield phone
    finally:
        await asyncio.to_thread(phone.stop)


async def killed_and_joined(
    service: Service, phone: AgentPhone, *, answer_after_s: float, kill_after_answer_s: float | None
) -> None:
    """One call: killed while the phone rings, or so long after the agent picked up."""
    await until(lambda: service.agent("anna")["state"] == "ready")
    phone.plan = AgentPlan(line=1, answer_after_s=answer_after_s)
    rung = len(phone.calls)
    async with caller(service) as who:
        began_s = asyncio.get_running_loop().time()
        await who.phone.press("0")
        while len(phone.calls) == rung:  # noqa: ASYNC110  (another thread does it)
            await asyncio.sleep(0.001)
        if kill_after_answer_s is not None:
            while phone.calls[-1].answered_at is None:  # noqa: ASYNC110
                await asyncio.sleep(0)
            await asyncio.sleep(kill_after_answer_s)
        service.process.kill()
        await asyncio.to_thread(kill, service)
        following = await asyncio.to_thread(start_again, service)
        await until(lambda: settled(following))
        if answer_after_s == AFTER_THE_START_S:
            assert phone.calls[-1].answered_at is None, "answered before the start was over"
            (row,) = following.get("calls")
            assert row["state"] == "offered"
            assert following.agent("anna")["state"] == "ringing"
        await until(lambda: abs(who.pitch() - AGENT_HZ) < 12)
        (row,) = await until(lambda: following.get("calls"))
        await until(lambda: following.agent("anna")["state"] == "talking")
        assert following.get("calls")[0]["state"] == "talking"
        assert following.get("calls")[0]["id"] == row["id"]
        assert len(phone.calls) == rung + 1
        channels = console(following, "core show channels concise").split()
        assert len([line for line in channels if line.startswith("PJSIP/")]) == 2
        assert not who.phone.ended.is_set()
        assert who.longest_gap(began_s) < HOLE_S
        await who.phone.hang_up()
        await until(lambda: not following.get("calls"))


async def test_a_phone_is_rung_once_for_a_call_whenever_the_service_is_killed(
    service: Service,
) -> None:
    async with annas_phone(service) as phone:
        for answer_after_s, kill_after_answer_s in (
            (AFTER_THE_START_S, None),
            (WHILE_NOBODY_DECIDES_S, None),
            (AT_ONCE_S, 0.0),
            (AT_ONCE_S, 0.01),
        ):
            await killed_and_joined(
                service,
                phone,
                answer_after_s=answer_after_s,
                kill_after_answer_s=kill_after_answer_s,
            )
        status, said = await asyncio.to_thread(command, service, "replay", "--json")
        assert status == 0, said
        assert json.loads(said)["differences"] == 0
    assert "Traceback" not in service.said()
