"""Journey: two languages, three skills, three phones: the right one rings, another after its time.

Callers dial a German and an English line and say by key what it is about. Agents hum, each a tone
of their own, so that callers hear who it is.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import AsyncExitStack
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from ivr.caller.agent_phone import AgentPhone
from tests.audio.calls import Caller
from tests.journeys.people import agent, caller, until
from tests.journeys.service import Service, command, running_service

PLAN = """\
language: %s
start: main
human: human
defaults: {no_input: menu, wrong_key: menu, then: bye, refused: bye}
prompts: {menu: One., bye: Bye.}
nodes:
  main: {menu: menu, keys: {1: billing, 2: law, 3: tax}}
  billing: {queue: service, need: {skills: {billing: 2}}}
  law: {queue: service, need: {skills: {law: 3}}}
  tax: {queue: service, need: {skills: {tax: 2}}, priority_s: 30}
  human: {queue: service}
  bye: {goodbye: bye}
"""
BILLING, LAW, TAX = "1", "2", "3"
LOWER_S, ANY_S = 2.5, 6.5
HUMS = {"anna": 700.0, "ben": 1000.0, "cleo": 1300.0}
PLACES = {"anna": "desk1", "ben": "desk2", "cleo": "desk3"}
CAN: dict[str, dict[str, Any]] = {
    "anna": {"skills": {"billing": 3}, "languages": ["de"]},
    "ben": {"skills": {"billing": 2, "law": 3}, "languages": ["en"]},
    "cleo": {"skills": {"law": 2, "tax": 2}, "languages": ["de"]},
}


@pytest.fixture
def service(folder: Path) -> Iterator[Service]:
    for language in ("de", "en"):
        file = folder / "dialplans" / language / "main.yaml"
        file.parent.mkdir(parents=True)
        file.write_text(PLAN % language, encoding="utf-8")
    relax = [
        {"after_s": LOWER_S, "reason": "a beginner is better than a wait", "lower": 1},
        {"after_s": ANY_S, "reason": "any language is better", "any_language": True},
    ]
    changes: dict[str, object] = {
        "dialplans": folder / "dialplans",
        "lines": [
            {"number": "100", "name": "German", "language": "de", "dialplan": "de/main.yaml"},
            {"number": "200", "name": "English", "language": "en", "dialplan": "en/main.yaml"},
        ],
        "queues": [{"id": "service", "wrap_up_s": 0, "relax": relax}],
        "places": list(PLACES.values()),
        "agents": [
            {"id": name, "name": name, "place": place, "queues": ["service"], **CAN[name]}
            for name, place in PLACES.items()
        ],
    }
    with running_service(folder, **changes) as running:
        yield running


async def asks(stack: AsyncExitStack, service: Service, line: str, key: str) -> Caller:
    """A caller on a line who says by key what it is about, and waits."""
    known = {row["id"] for row in service.in_queue()}
    who = await stack.enter_async_context(caller(service, line))
    await who.phone.press(key)
    await until(lambda: {row["id"] for row in service.in_queue()} - known)
    return who


def the_only_call(service: Service) -> dict[str, Any]:
    (row,) = service.in_queue()
    return row


def waited_s(row: dict[str, Any]) -> float:
    """For how long a call had waited when its state began."""
    since, began = (datetime.fromisoformat(row[name]) for name in ("since", "state_since"))
    return (began - since).total_seconds()


async def test_the_right_phone_rings_and_another_once_less_is_asked_for(service: Service) -> None:
    async with AsyncExitStack() as stack:
        phones: dict[str, AgentPhone] = {}
        for name, place in PLACES.items():  # so anna is idle longest, then ben
            phone = agent(service, place, hums_hz=HUMS[name])
            phones[name] = await stack.enter_async_context(phone)
        await until(lambda: all(row["place_state"] == "free" for row in service.get("agents")))
        rows = {row["id"]: row for row in service.get("agents")}
        assert {name: (rows[name]["skills"], rows[name]["languages"]) for name in CAN} == {
            name: (can["skills"], can["languages"]) for name, can in CAN.items()
        }

        async with AsyncExitStack() as calls:
            who = await asks(calls, service, "200", BILLING)  # anna can bills too, not in English
            assert the_only_call(service)["need"] == {"skills": {"billing": 2}, "language": "en"}
            german = await asks(calls, service, "100", BILLING)
            third = await asks(calls, service, "100", TAX)
            for one, name in ((who, "ben"), (german, "anna"), (third, "cleo")):
                await one.hears(HUMS[name])
            assert {row["agent"]: row["credit_s"] for row in service.in_queue()} == {
                "anna": 0.0,
                "ben": 0.0,
                "cleo": 30.0,
            }
        await until(lambda: not service.get("calls"))

        async with AsyncExitStack() as calls:  # law 3 is ben's, in English; cleo has it at 2
            who = await asks(calls, service, "100", LAW)
            row = the_only_call(service)
            assert (row["state"], row["need_steps"], row["agent"]) == ("waiting", 0, None)
            assert row["need"] == {"skills": {"law": 3}, "language": "de"}
            await who.hears(HUMS["cleo"])
            row = the_only_call(service)
            assert (row["agent"], row["need_steps"]) == ("cleo", 1)
            assert row["need"] == {"skills": {"law": 2}, "language": "de"}
            assert waited_s(row) >= LOWER_S
            lowered = row["id"]
        await until(lambda: not service.get("calls"))

        async with AsyncExitStack() as calls:  # nobody can taxes in English
            who = await asks(calls, service, "200", TAX)
            await who.hears(HUMS["cleo"])
            row = the_only_call(service)
            assert (row["need"], row["need_steps"]) == ({"skills": {"tax": 1}, "language": None}, 2)
            assert waited_s(row) >= ANY_S
        await until(lambda: not service.get("calls"))
        assert {name: len(phone.calls) for name, phone in phones.items()} == {
            "anna": 1,
            "ben": 1,
            "cleo": 3,
        }
    status, told = await asyncio.to_thread(command, service, "explain", lowered)
    assert status == 0
    assert "waits in queue service for law 3 and language de" in told
    assert "a beginner is better than a wait; after 2.5 s it asks for law 2" in told
    assert "ben lacks language de" in told
    assert "anna lacks skill law" in told
