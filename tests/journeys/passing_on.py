"""Three desks between which calls are passed on, and what is seen and heard of it."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from tests.audio.calls import Caller
from tests.journeys.people import AGENT_HZ
from tests.journeys.service import Service, running_service

NEXT_HZ, OTHER_HZ = 700, 1400
HOLE_S = 0.4  # without a packet; music begins within a frame or two
PLACE_OF = {"anna": "desk1", "jiwoo": "desk2", "cem": "desk3"}


@contextmanager
def three_desks(folder: Path, *, repairs_ring_s: int, **changes: object) -> Iterator[Service]:
    """A service with one agent of the queue that callers come to, and two of another."""
    queues = [
        {"id": "service", "ring_timeout_s": 20, "wrap_up_s": 30},
        {"id": "repairs", "ring_timeout_s": repairs_ring_s, "wrap_up_s": 1},
    ]
    agents = [
        {"id": name, "name": name, "place": place, "queues": [queue]}
        for (name, place), queue in zip(
            PLACE_OF.items(), ("service", "repairs", "repairs"), strict=True
        )
    ]
    places = list(PLACE_OF.values())
    staff = {"queues": queues, "agents": agents, "places": places}
    with running_service(folder, **staff, **changes) as running:
        yield running


async def only_call(service: Service) -> dict[str, Any]:
    (row,) = await asyncio.to_thread(service.in_queue)
    return row


def card(service: Service, call: str) -> dict[str, Any]:
    with service.api as api:
        found: dict[str, Any] = api.get(f"/api/v1/calls/{call}/card").raise_for_status().json()
        return found


def hears_music(who: Caller) -> bool:
    """Sound, and none of the agents'."""
    pitch = who.pitch()
    return pitch > 0 and all(abs(pitch - hz) > 12 for hz in (AGENT_HZ, NEXT_HZ, OTHER_HZ))


def hops(service: Service) -> int | None:
    path = service.folder / ".freizeichen/store/store.db"
    with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True, timeout=5)) as database:
        row = database.execute("SELECT hops FROM ended_calls").fetchone()
    return None if row is None else int(row[0])
