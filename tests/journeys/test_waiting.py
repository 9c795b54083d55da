"""Journeys: what waiting callers hear, and the way out that holds their place."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.journeys.people import AGENT_HZ, agent, until
from tests.journeys.service import Service, call, running_service

# The place is told after `first_s` of music, 1 s, and only after `every_s`, 30 s, once more.
PLACE_S = 15
PLAN = """
language: en
start: welcome
human: human
defaults: {no_input: pardon, wrong_key: pardon, then: bye, refused: full}
prompts:
  welcome: Good day.
  pardon: Pardon?
  place: You are number {n} in the line.
  ways: Press 2 to go on waiting, or press 3 to hear about our opening hours.
  hours: We are open from eight to five, and closed at the weekend.
  full: All lines are busy, please call again.
  bye: Goodbye.
nodes:
  welcome: {say: welcome, goto: human}
  human: {queue: service, keys: {1: out}, waiting: {position: place, first_s: 1, every_s: 30}}
  out: {menu: ways, keys: {2: human, 3: open}}
  open: {say: hours, goto: out}
  full: {goodbye: full}
  bye: {goodbye: bye}
"""
TO_THE_WAY_OUT = """
about: a journey
steps:
  - hear: {prompt: place__1, within_s: 20, to_end: true}
  - press: "1"
"""
AND_BACK = f"""{TO_THE_WAY_OUT}
  - hear: ways
  - press: "3"
  - hear: {{prompt: hours, to_end: true}}
  - hear: ways
  - press: "2"
  - hear: {{prompt: place__1, within_s: {PLACE_S}}}
  - hang_up: true
"""
AN_AGENT_JOINS = f"""{TO_THE_WAY_OUT}
  - hear_tone: {{hz: {AGENT_HZ}, within_s: 20}}
  - hang_up: true
"""


@pytest.fixture
def service(folder: Path) -> Iterator[Service]:
    plans = folder / "dialplans" / "en"
    plans.mkdir(parents=True)
    (plans / "main.yaml").write_text(PLAN)
    line = {"number": "200", "name": "English", "language": "en", "dialplan": "en/main.yaml"}
    with running_service(folder, lines=[line], dialplans=folder / "dialplans") as running:
        yield running


def calling(service: Service, script: str) -> asyncio.Task[tuple[int, dict[str, Any]]]:
    path = service.folder / "script.yaml"
    path.write_text(script)
    return asyncio.create_task(asyncio.to_thread(call, service, "200", path))


async def test_a_waiting_caller_is_told_the_place_and_comes_back_to_it_from_the_way_out(
    service: Service,
) -> None:
    calls = calling(service, AND_BACK)
    seen = set()
    while not calls.done():
        rows = await asyncio.to_thread(service.in_queue)
        seen |= {(row["id"], row["since"], row["state"]) for row in rows}
        await asyncio.sleep(0.1)
    status, report = calls.result()
    assert status == 0, report
    assert [state for *_, state in seen] == ["waiting"]  # one call, with one beginning, all along


async def test_an_agent_who_becomes_free_is_joined_with_a_caller_at_the_way_out(
    service: Service,
) -> None:
    calls = calling(service, AN_AGENT_JOINS)
    await until(lambda: any(keys_of(service)))
    async with agent(service):
        status, report = await calls
    assert status == 0, report


def keys_of(service: Service) -> Iterator[str]:
    """What the callers who wait have answered."""
    with service.api as api:
        for row in service.in_queue():
            card = api.get(f"/api/v1/calls/{row['id']}/card").json()
            yield from (str(entry) for entry in card["entries"])
