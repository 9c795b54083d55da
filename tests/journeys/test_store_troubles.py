"""Journeys: the journal cannot be written under living calls; they go on, and nothing is lost."""

from __future__ import annotations

import asyncio
import json
import resource
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.journeys.service import Service, eventually, running_service
from tests.journeys.test_recovery import AGENT_HZ, agent, caller, command, until

SMALL = 8_192  # so large a file may still become; the store's log is larger by then


@pytest.fixture
def service(folder: Path) -> Iterator[Service]:
    with running_service(folder) as running:
        yield running


def store_file(service: Service) -> Path:
    return service.folder / ".freizeichen/store/store.db"


@contextmanager
def locked(service: Service) -> Iterator[None]:
    """Another program holds the store."""
    with closing(sqlite3.connect(store_file(service), isolation_level=None)) as database:
        eventually(lambda: _begun(database))
        yield
        database.execute("ROLLBACK")


def _begun(database: sqlite3.Connection) -> bool:
    try:
        database.execute("BEGIN EXCLUSIVE")
    except sqlite3.OperationalError:
        return False
    return True


@contextmanager
def gone(service: Service) -> Iterator[None]:
    """The store was moved away."""
    away = service.folder / "away.db"
    store_file(service).rename(away)
    yield
    assert not store_file(service).exists()  # no empty one is made in its place
    away.rename(store_file(service))


@contextmanager
def full(service: Service) -> Iterator[None]:
    """No file of the service can grow any more."""
    pid = service.process.pid
    before = resource.prlimit(pid, resource.RLIMIT_FSIZE)
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (SMALL, before[1]))
    yield
    resource.prlimit(pid, resource.RLIMIT_FSIZE, before)


def journal(service: Service) -> str:
    return str(service.health()[1]["checks"]["journal"])


def figures(service: Service) -> dict[str, Any]:
    found: dict[str, Any] = service.health()[1]["figures"]
    return found


async def served(service: Service) -> str:
    """A caller comes, is brought to the agent, and goes; gives the call's id."""
    async with caller(service) as who:
        await who.phone.press("0")
        await who.hears(AGENT_HZ)
        (row,) = await until(lambda: service.get("calls"))
        await who.phone.hang_up()
    await until(lambda: not service.get("calls"))
    await until(lambda: service.agent("anna")["state"] == "ready")
    return str(row["id"])


async def test_callers_are_served_while_the_store_is_locked_gone_and_full(
    service: Service,
) -> None:
    async with agent(service):
        await until(lambda: service.agent("anna")["place_state"] == "free")
        calls = [await served(service)]
        for trouble in (locked, gone, full):
            with trouble(service):
                calls.append(await served(service))
                await until(lambda: journal(service) == "degraded")
                assert service.health()[0] == 200  # calls are answered
                calls.append(await served(service))
            await until(lambda: journal(service) == "ok" and not _waiting(service))
            assert figures(service)["journal_lost_rows"] == 0
        assert len(set(calls)) == len(calls)
        for call in calls:
            status, said = await asyncio.to_thread(command, service, "explain", call, "--json")
            assert status == 0, said
            states = [stay["state"] for stay in json.loads(said)["stays"]]
            assert states == ["waiting", "offered", "connecting", "talking"]
        status, said = await asyncio.to_thread(command, service, "replay", "--json")
        assert status == 0, said
        assert (json.loads(said)["differences"], json.loads(said)["gaps"]) == (0, 0)
    assert "Traceback" not in service.said()
    with closing(sqlite3.connect(store_file(service), timeout=5)) as database:
        assert database.execute("PRAGMA integrity_check").fetchall() == [("ok",)]


def _waiting(service: Service) -> int:
    return int(figures(service)["journal_waiting_rows"])
