"""Journey: a caller hears how long the wait will be, learned of earlier calls; the API shows it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from queues.reports import VERSION
from queues.reports.learning import LEAST_TALKS, LEAST_WAITS
from queues.store import EndedTalk, EndedWait, Position, Store
from tests.journeys.people import AGENT_HZ, agent, caller, until
from tests.journeys.service import Service, call, command, running_service

PLAN = """
language: en
start: human
human: human
defaults: {no_input: bye, wrong_key: bye, then: bye, refused: bye}
prompts:
  range: The wait is between {low} and {high} minutes.
  bye: Goodbye.
nodes:
  human: {queue: service, waiting: {wait: range, first_s: 1, every_s: 60}}
  bye: {goodbye: bye}
"""
HEARS_IT = """
about: a journey
steps:
  - hear: {prompt: range__0_7, within_s: 20, to_end: true}
  - hang_up: true
"""
TALK = EndedTalk(1, "c", "service", 1000.0, 4.0, 180.0, 16.0)


def earlier_calls(folder: Path) -> None:
    """Talks of 200 s, and waits of 1 to 200 s that were foretold to last 100 s."""
    for each in (folder, folder / "store", folder / "people"):
        each.mkdir(mode=0o700)
    store = Store.open(
        f"sqlite:///{folder}/store/store.db", key_file=folder / "people/store.key", node="earlier"
    )
    need = '{"skills":[],"language":null}'
    waits = [
        EndedWait(
            seq, "c", "service", need, 0.0, 1000.0, 200.0 * seq / LEAST_WAITS, "talked",
            100.0, 100.0, None, None, 0, 0.0, 1, None,
        )
        for seq in range(1, LEAST_WAITS + 1)
    ]  # fmt: skip
    talks = [TALK] + [EndedTalk(seq, *_rest(TALK)) for seq in range(2, LEAST_TALKS + 1)]
    try:
        begin = store.records.position(VERSION)
        store.records.add(begin, Position(VERSION, 0, begin.carried), waits=waits, talks=talks)
    finally:
        store.close()


def _rest(talk: EndedTalk) -> tuple[Any, ...]:
    return (talk.call, talk.queue, talk.ended_at, talk.rang_s, talk.talked_s, talk.wrapped_up_s)


@pytest.fixture
def service(folder: Path) -> Iterator[Service]:
    plans = folder / "dialplans" / "en"
    plans.mkdir(parents=True)
    (plans / "main.yaml").write_text(PLAN)
    earlier_calls(folder / ".freizeichen")
    line = {"number": "200", "name": "English", "language": "en", "dialplan": "en/main.yaml"}
    with running_service(folder, lines=[line], dialplans=folder / "dialplans") as running:
        yield running


async def test_a_caller_behind_a_talk_hears_the_range_that_the_api_shows_and_explain_tells(
    service: Service,
) -> None:
    async with agent(service), caller(service, "200") as talks:
        await talks.hears(AGENT_HZ)
        (queue,) = await asyncio.to_thread(service.get, "queues")
        script = service.folder / "script.yaml"
        script.write_text(HEARS_IT)
        calls = asyncio.create_task(asyncio.to_thread(call, service, "200", script))
        row = await until(lambda: waiting(service))
        status, report = await calls
    assert status == 0, report
    assert queue["next_low_s"] == pytest.approx(41, abs=3)  # 204 s by the formula, 0.2 times
    assert queue["next_high_s"] == pytest.approx(367, abs=8)
    assert row["talk_from"] < row["talk_by"]
    status, told = await asyncio.to_thread(command, service, "explain", row["id"])
    assert status == 0
    assert "estimate made: foretold to wait" in told
    estimates = await until(lambda: not_known(service))
    assert (estimates["told"], estimates["not_known_share"]) == (1, 1.0)


def waiting(service: Service) -> dict[str, Any] | None:
    return next((row for row in service.in_queue() if row["talk_by"] is not None), None)


def not_known(service: Service) -> dict[str, Any] | None:
    """What is told of the ranges, once the caller who hung up is in the records."""
    with service.api as api:
        found: dict[str, Any] = api.get("/api/v1/reports/estimates").raise_for_status().json()
    return found["all"] if found["all"]["not_known"] else None
