"""Journey: the machine's clock is set by two hours, forth and back, under a service that lives.

Service and Asterisk alike are told another wall clock (`set_clock.c`); the monotonic clock is true.
"""

from __future__ import annotations

import asyncio
import json
import sqlite3
from collections.abc import Iterator
from contextlib import AsyncExitStack, closing
from pathlib import Path
from typing import Any

import pytest

from tests.journeys.people import AGENT_HZ, a_talk, caller, until
from tests.journeys.service import Service, command, running_service
from tests.journeys.set_clock import WallClock
from tests.programs import real_asterisk

TWO_HOURS = 7200
HOLE_S = 1.0  # in what a caller hears; packets come each 20 ms


@pytest.fixture
def clock(folder: Path) -> WallClock:
    return WallClock(folder)


@pytest.fixture
def service(folder: Path, clock: WallClock) -> Iterator[Service]:
    binary = str(clock.asterisk(real_asterisk()))
    changes: dict[str, Any] = {"asterisk": {"binary": binary, "qualify_frequency_s": 1}}
    with running_service(folder, environment=clock.environment, **changes) as running:
        yield running


def moves(service: Service) -> list[float]:
    """By how much the journal tells that the clock was set."""
    file = service.folder / ".freizeichen/store/store.db"
    with closing(sqlite3.connect(file)) as database:
        rows = database.execute("SELECT payload FROM journal WHERE type = 'clock_moved'").fetchall()
    return [round(json.loads(payload)["by_s"]) for (payload,) in rows]


async def test_a_clock_that_is_set_by_two_hours_either_way_is_noticed_by_no_caller(
    service: Service, clock: WallClock
) -> None:
    loop = asyncio.get_running_loop()
    async with AsyncExitStack() as stack:
        talks, _phone = await a_talk(stack, service)
        waiting = [await stack.enter_async_context(caller(service)) for _ in range(2)]
        for each in waiting:  # the second is a second behind, and both hear the same prompt
            await each.phone.press("0")
            await asyncio.sleep(1)
        await until(lambda: len(service.in_queue()) == 3)
        before = [(row["id"], row["state"]) for row in service.in_queue()]
        checks = service.health()[1]["checks"]
        assert (checks["asterisk"], checks["journal"]) == ("ok", "ok")
        began_s = loop.time()
        waited = {row["id"]: row["waited_s"] for row in service.in_queue()}
        for ahead_s, found in ((TWO_HOURS, [7200]), (0, [7200, -7200])):
            clock.set(ahead_s)
            await until(lambda found=found: moves(service) == found)
            await asyncio.sleep(6.5)  # Asterisk looks at the beat for 5 s when it seems to be old
            rows = service.in_queue()
            assert [(row["id"], row["state"]) for row in rows] == before
            passed_s = loop.time() - began_s
            for row in rows[1:]:
                assert abs(row["waited_s"] - waited[row["id"]] - passed_s) < 1
            assert service.health()[1]["checks"] == checks
        for each in (talks, *waiting):
            assert not each.phone.ended.is_set()
            assert each.longest_gap(began_s) < HOLE_S
        await talks.phone.hang_up()
        await waiting[0].hears(AGENT_HZ)
        assert [row["state"] for row in service.in_queue()] == ["talking", "waiting"]
    status, said = await asyncio.to_thread(command, service, "replay", "--json")
    assert (status, json.loads(said)["differences"]) == (0, 0), said
    assert "Traceback" not in service.said()
