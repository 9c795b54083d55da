"""Journeys: agents dial codes at their phones, and hear what came of it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager

import pytest

from ivr.caller.phone import CallFailed, SipServer, caller_phone
from tests.audio.calls import Caller
from tests.folders import open_folder
from tests.journeys.people import WITHIN_S, kill, until
from tests.journeys.service import Service, running_service

HIGH_HZ, MIDDLE_HZ, LOW_HZ, REFUSED_HZ, AWAY_HZ = 784, 659, 523, 220, 425
DESK1, DESK2 = "desk1", "desk2"


@pytest.fixture(scope="module")
def service() -> Iterator[Service]:
    """Anna sits at desk 1; Ben and Cleo share desk 2."""
    agents = [
        {"id": name, "name": name, "place": place, "queues": ["service"]}
        for name, place in (("anna", DESK1), ("ben", DESK2), ("cleo", DESK2))
    ]
    codes = {"sign_out": "77"}
    with (
        open_folder() as folder,
        running_service(folder, agents=agents, feature_codes=codes) as running,
    ):
        yield running


@asynccontextmanager
async def dialled(service: Service, account: str, number: str) -> AsyncIterator[Caller]:
    """A phone that has dialled this number and was answered."""
    accounts = (*service.run.places, *service.run.callers)
    known = next(each for each in accounts if each.username == account)
    where = SipServer(service.run.sip_host, service.run.sip_port, account, known.password)
    async with caller_phone(where) as phone:
        heard = Caller(phone)
        await phone.dial(number, WITHIN_S)
        yield heard


async def dials(service: Service, account: str, number: str, last_tone_hz: float) -> None:
    """Dial, hear how it ends, and be hung up on."""
    async with dialled(service, account, number) as heard:
        await heard.hears(last_tone_hz)
        async with asyncio.timeout(WITHIN_S):
            await heard.phone.ended.wait()
        assert heard.phone.hung_up_by_far_end


async def state(service: Service, name: str) -> tuple[str, str | None]:
    row = await asyncio.to_thread(service.agent, name)
    return row["state"], row["reason"]


async def test_an_agent_signs_in_pauses_and_goes_home_by_codes(service: Service) -> None:
    for number, last_tone_hz, then in (
        ("*81", HIGH_HZ, ("ready", None)),
        ("*83", MIDDLE_HZ, ("paused", "break")),
        ("*81", HIGH_HZ, ("ready", None)),
        ("77", LOW_HZ, ("signed_out", None)),
        ("*83", REFUSED_HZ, ("signed_out", None)),  # from nothing there is no pause
    ):
        await dials(service, DESK1, number, last_tone_hz)
        assert await state(service, "anna") == then
    assert await state(service, "ben") == ("signed_out", None)


async def test_at_a_shared_phone_a_code_acts_for_the_one_who_is_signed_in(service: Service) -> None:
    await dials(service, DESK2, "*81", REFUSED_HZ)  # whom of the two?
    assert {await state(service, name) for name in ("ben", "cleo")} == {("signed_out", None)}
    await ask(service, "cleo", "ready")
    await dials(service, DESK2, "*83", MIDDLE_HZ)
    assert await state(service, "cleo") == ("paused", "break")
    await dials(service, DESK2, "*81", HIGH_HZ)
    assert await state(service, "cleo") == ("ready", None)
    assert await state(service, "ben") == ("signed_out", None)
    await ask(service, "ben", "ready")
    await dials(service, DESK2, "77", REFUSED_HZ)
    assert {await state(service, name) for name in ("ben", "cleo")} == {("ready", None)}


async def ask(service: Service, agent: str, what: str) -> None:
    def post() -> None:
        with service.api as api:
            api.post(f"/api/v1/agents/{agent}/{what}").raise_for_status()

    await asyncio.to_thread(post)


async def test_a_callers_phone_reaches_no_code(service: Service) -> None:
    before = await asyncio.to_thread(service.get, "agents")
    for number in ("*81", "77"):
        with pytest.raises(CallFailed) as refused:
            async with dialled(service, "caller1", number):
                pass
        assert refused.value.status == 404
    assert await asyncio.to_thread(service.get, "agents") == before


async def test_without_the_service_a_code_ends_in_a_clear_tone(service: Service) -> None:
    await until(lambda: service.health()[0] == 200)
    await asyncio.to_thread(kill, service)
    await dials(service, DESK1, "*81", AWAY_HZ)
