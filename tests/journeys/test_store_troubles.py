"""Journeys: the database is locked, full or away under living calls, or torn before a start."""

from __future__ import annotations

import asyncio
import json
import resource
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.journeys.people import (
    AGENT_HZ,
    agent,
    caller,
    kill,
    order,
    settled,
    start_again,
    until,
    waits,
)
from tests.journeys.service import Service, command, running_service


@pytest.fixture
def service(folder: Path) -> Iterator[Service]:
    with running_service(folder) as running:
        yield running


def database(service: Service, name: str = "store/store.db") -> Path:
    return service.folder / ".freizeichen" / name


@contextmanager
def locked(service: Service, name: str = "store/store.db") -> Iterator[None]:
    """Another process's transaction keeps everybody from writing."""
    with closing(sqlite3.connect(database(service, name), isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield
        other.execute("ROLLBACK")


@contextmanager
def full(service: Service) -> Iterator[None]:
    """No file of the service can grow: as on a full disk, but for nobody else."""
    pid = service.process.pid
    before = resource.prlimit(pid, resource.RLIMIT_FSIZE)
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (1, before[1]))
    yield
    resource.prlimit(pid, resource.RLIMIT_FSIZE, before)


@contextmanager
def away(service: Service) -> Iterator[None]:
    """The file was moved, as by somebody who tidies up."""
    file = database(service)
    kept = file.rename(file.with_name("elsewhere.db"))
    yield
    kept.rename(file)


def is_kept(service: Service, kind: str) -> bool:
    """Whether the journal has a row of this type by now."""
    with closing(sqlite3.connect(database(service))) as file:
        return bool(file.execute("SELECT 1 FROM journal WHERE type = ?", (kind,)).fetchall())


def journal_is(service: Service, status: str) -> bool:
    return is_told(service, "journal", status)


def is_told(service: Service, part: str, status: str) -> bool:
    """Whether `/health` tells this of a part, and why it is not well."""
    health = service.health()[1]
    return bool(
        health["checks"][part] == status and (part in health["reasons"]) == (status != "ok")
    )


async def test_callers_are_served_while_nothing_can_be_written_and_nothing_is_missing_later(
    service: Service,
) -> None:
    troubles: list[Callable[[Service], Any]] = [locked, full, away]
    async with agent(service) as phone:
        for number, trouble in enumerate(troubles, 1):
            await until(lambda: service.agent("anna")["state"] == "ready")
            async with caller(service) as who:
                with trouble(service):
                    await who.phone.press("0")
                    await who.hears(AGENT_HZ)
                    assert len(phone.calls) == number
                    await until(lambda: journal_is(service, "degraded"))
                    call = service.in_queue()[0]["id"]
                await until(lambda: journal_is(service, "ok"))
                await who.phone.hang_up()
            await until(lambda: not service.get("calls"))
            status, said = await asyncio.to_thread(command, service, "explain", call, "--json")
            assert status == 0, said
            stays = [stay["state"] for stay in json.loads(said)["stays"]]
            assert stays == ["waiting", "offered", "connecting", "talking"], trouble
    status, said = await asyncio.to_thread(command, service, "replay", "--json")
    assert (status, json.loads(said)["differences"]) == (0, 0), said
    assert "Traceback" not in service.said()


async def test_callers_are_served_while_the_people_are_held_and_health_tells_it(
    service: Service,
) -> None:
    async with agent(service):
        await until(lambda: service.agent("anna")["state"] == "ready")
        with locked(service, "people/people.db"):
            async with caller(service) as who:
                await who.phone.press("0")
                await who.hears(AGENT_HZ)
                await until(lambda: is_told(service, "people", "degraded"))
                status, health = service.health()
                assert (status, health["checks"]["journal"]) == (200, "ok")
                assert health["reasons"]["people"][0]["code"] == "people_locked"
        await until(lambda: is_told(service, "people", "ok"))
    assert "Traceback" not in service.said()


async def test_a_torn_last_row_and_half_a_snapshot_do_not_keep_a_service_from_its_callers(
    service: Service,
) -> None:
    async with caller(service) as who:
        await waits(service, who, 1)
        before = await asyncio.to_thread(order, service)
        with service.api as api:  # the row that is torn is of something else
            api.post("/api/v1/agents/anna/ready").raise_for_status()
        await until(lambda: is_kept(service, "ready_asked"))
        await asyncio.to_thread(kill, service)
        with closing(sqlite3.connect(database(service), isolation_level=None)) as file:
            file.execute(
                "UPDATE journal SET payload = substr(payload, 1, length(payload) / 2) "
                "WHERE seq = (SELECT max(seq) FROM journal)"
            )
            file.execute("UPDATE snapshots SET body = substr(body, 1, length(body) / 2)")
        following = await asyncio.to_thread(start_again, service)
        await until(lambda: settled(following))
        assert await asyncio.to_thread(order, following) == before
        assert not who.phone.ended.is_set()
