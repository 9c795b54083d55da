"""Journey: a queue is closed early, who waits hears so, and it stays closed over a kill."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from tests.journeys.people import kill, start_again, until
from tests.journeys.service import Service, call, command, running_service

PLAN = """
language: en
start: human
human: human
defaults: {no_input: hours, wrong_key: hours, then: bye, refused: bye, when_closed: closed}
prompts:
  please: Please wait for the next agent.
  hours: We are open from eight to five, and closed now.
  bye: Goodbye.
nodes:
  human: {queue: service, say: please}
  bye: {goodbye: bye}
  closed: {goodbye: [hours, bye]}
"""
WAITS_UNTIL_IT_CLOSES = """
about: a journey
steps:
  - hear: {prompt: please, within_s: 10, to_end: true}
  - hear: {prompt: hours, within_s: 60, to_end: true}
  - hear: {prompt: bye, within_s: 10}
"""
HEARS_THAT_IT_IS_CLOSED = """
about: a journey
steps:
  - hear: {prompt: please, within_s: 10, to_end: true}
  - hear: {prompt: hours, to_end: true}
"""


async def calling(service: Service, name: str, script: str) -> None:
    """A caller after this script, to whom all of it comes true."""
    path = service.folder / f"{name}.yaml"
    path.write_text(script)
    status, report = await asyncio.to_thread(call, service, "200", path)
    assert status == 0, report.get("steps", report)


def door(service: Service) -> tuple[bool, bool, str | None]:
    """Whether the queue is open, closed by hand, and by whom."""
    row = service.get("queues")[0]
    by_hand = row["closed_by_hand"]
    return row["open"], by_hand is not None, by_hand and by_hand["by"]


@pytest.mark.timeout(300)
async def test_who_waits_when_a_supervisor_closes_hears_so_and_a_restart_opens_nothing(
    folder: Path,
) -> None:
    plans = folder / "dialplans" / "en"
    plans.mkdir(parents=True)
    (plans / "main.yaml").write_text(PLAN)
    line = {"number": "200", "name": "English", "language": "en", "dialplan": "en/main.yaml"}
    always = {"mon-sun": "00:00-24:00", "holidays": "00:00-24:00"}
    queues = [{"id": "service", "hours": always}, {"id": "museum", "hours": {"holidays": []}}]
    with running_service(
        folder, lines=[line], queues=queues, dialplans=folder / "dialplans"
    ) as service:
        # What the hours say comes with the first deadlines, once it is known who is there.
        await until(lambda: [row["open"] for row in service.get("queues")] == [True, False])
        assert door(service) == (True, False, None)
        async with asyncio.TaskGroup() as tasks:
            waits = tasks.create_task(calling(service, "waits", WAITS_UNTIL_IT_CLOSES))
            await until(service.in_queue)
            words = ("queues", "close", "service", "--by", "anna")
            status, said = await asyncio.to_thread(command, service, *words)
            assert (status, said.startswith("service: closed (closed by anna")) == (0, True), said
            await waits
        kill(service)
        service = start_again(service)
        assert door(service) == (False, True, "anna")
        await calling(service, "late", HEARS_THAT_IT_IS_CLOSED)
        with service.api as api:
            api.post("/api/v1/queues/service/open", json={}).raise_for_status()
        assert door(service) == (True, False, None)
