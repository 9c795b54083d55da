"""Journeys: one agent asks another one between real phones while the caller is held with music."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from contextlib import AsyncExitStack
from typing import Any

import pytest

from ivr.caller import sound
from tests.audio.calls import Caller, pitch
from tests.folders import open_folder
from tests.journeys.passing_on import (
    HOLE_S,
    NEXT_HZ,
    OTHER_HZ,
    card,
    hears_music,
    hops,
    only_call,
    three_desks,
)
from tests.journeys.people import (
    AGENT_HZ,
    a_talk,
    agent,
    kill,
    ready,
    settled,
    start_again,
    until,
)
from tests.journeys.phone_process import phone_process, vanish
from tests.journeys.service import Service, command

NO_SOUND_S = 2


@pytest.fixture(scope="module")
def service() -> Iterator[Service]:
    """Agents' phones that send no sound for 2 s are lost."""
    asterisk = {"qualify_frequency_s": 1, "phone_lost_after_s": NO_SOUND_S}
    with (
        open_folder() as folder,
        three_desks(folder, repairs_ring_s=5, asterisk=asterisk) as running,
    ):
        yield running


async def post(service: Service, call: str, what: str, **body: object) -> dict[str, Any]:
    def ask() -> dict[str, Any]:
        with service.api as api:
            answer = api.post(f"/api/v1/calls/{call}/transfer{what}", json=body)
            found: dict[str, Any] = answer.raise_for_status().json()
            return found

    return await asyncio.to_thread(ask)


async def asks(service: Service, who: Caller, name: str, *, by: str = "anna") -> str:
    """Have the agent ask another one, and come back when both talk; gives the call."""
    await until(lambda: service.agent(name)["place_state"] == "free")
    call = str((await only_call(service))["id"])
    answer = await post(service, call, "", agent=name, consult=True, asked_by=by)
    assert (answer["outcome"], answer["call"]["state"]) == ("held", "held")
    await until(lambda: hears_music(who))
    await until(lambda: (service.in_queue()[0]["consult"] or {}).get("state") == "talking")
    assert service.agent(name)["call"] == call  # whose card is to be seen
    assert hears_music(who)
    return call


async def test_who_is_asked_refuses_and_the_next_one_takes_the_caller(service: Service) -> None:
    async with AsyncExitStack() as stack:
        who, _ = await a_talk(stack, service)
        refuses = await stack.enter_async_context(
            agent(service, "desk2", hums_hz=NEXT_HZ, hangs_up_after_s=1.5)
        )
        before = await only_call(service)
        said = await asyncio.to_thread(card, service, before["id"])
        began_s = asyncio.get_running_loop().time()
        call = await asks(service, who, "jiwoo")
        await who.hears(AGENT_HZ)
        heard = refuses.calls[0].sound()
        assert abs(pitch(heard[-sound.RATE // 2 :]) - AGENT_HZ) < 12  # the two talked
        row = await until(lambda: (row := service.in_queue()[0])["state"] == "talking" and row)
        assert (row["agent"], row["hops"], row["consult"]) == ("anna", 0, None)
        await until(lambda: service.agent("jiwoo")["state"] == "ready")  # without wrap-up

        await stack.enter_async_context(agent(service, "desk3", hums_hz=OTHER_HZ))
        await asks(service, who, "cem")
        answer = await post(service, call, "/complete", asked_by="anna")
        assert answer["outcome"] == "completed"
        await who.hears(OTHER_HZ)
        assert who.longest_gap(began_s) < HOLE_S
        row = await until(lambda: (row := service.in_queue()[0])["state"] == "talking" and row)
        assert (row["id"], row["since"]) == (before["id"], before["since"])
        assert (row["agent"], row["queue"], row["hops"]) == ("cem", "repairs", 1)
        assert service.agent("anna")["state"] == "wrap_up"
        assert await asyncio.to_thread(card, service, call) == said
        await who.phone.hang_up()
        await until(lambda: hops(service) == 2)  # into the first queue, and on
        status, told = await asyncio.to_thread(command, service, "explain", call, "--json")
        assert status == 0, told
        whats = [entry["what"] for entry in json.loads(told)["entries"]]
        assert whats.count("consult_joined") == 2
        assert {"consult_ended", "talk_resumed", "consult_completed"} <= set(whats)
        status, told = await asyncio.to_thread(command, service, "replay", "--json")
        assert status == 0, told


async def test_a_phone_lost_in_the_talk_gives_the_caller_back_and_a_hang_up_passes_on(
    service: Service,
) -> None:
    async with AsyncExitStack() as stack:
        vanishes = stack.enter_context(phone_process(service, "desk2", answers_after_s=0.05))
        await asyncio.to_thread(ready, service, "jiwoo")
        who, asking = await a_talk(stack, service)
        await asks(service, who, "jiwoo")
        await asyncio.to_thread(vanish, vanishes)
        await who.hears(AGENT_HZ)

        await stack.enter_async_context(agent(service, "desk3", hums_hz=OTHER_HZ))
        await asks(service, who, "cem")
        await asyncio.to_thread(asking.stop)
        await who.hears(OTHER_HZ)
        assert (await only_call(service))["agent"] == "cem"
        await who.phone.hang_up()
        await until(lambda: not service.get("calls"))


async def test_a_kill_while_agents_talk_loses_nobody_and_what_was_begun_goes_on(
    service: Service,
) -> None:
    """The phone that is asked was lost before, and registered anew from elsewhere."""
    async with AsyncExitStack() as stack:
        who, _ = await a_talk(stack, service)
        await stack.enter_async_context(agent(service, "desk2", hums_hz=NEXT_HZ))
        call = await asks(service, who, "jiwoo")
        await asyncio.to_thread(kill, service)
        assert hears_music(who)
        await asyncio.to_thread(start_again, service)
        await until(lambda: settled(service))
        row = await only_call(service)
        assert (row["id"], row["state"]) == (call, "held")
        assert row["consult"]["state"] == "talking"
        assert hears_music(who)
        await post(service, call, "/take-back")
        await who.hears(AGENT_HZ)
        await asks(service, who, "jiwoo")
        await post(service, call, "/complete")
        await who.hears(NEXT_HZ)
        assert not who.phone.ended.is_set()
