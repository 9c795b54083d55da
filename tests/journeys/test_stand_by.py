"""Journeys: two services on one PostgreSQL database; the second waits, and takes over."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.folders import open_folder
from tests.journeys.people import AGENT_HZ, agent, caller, kill, until
from tests.journeys.service import (
    Service,
    end_asterisk,
    running_service,
    start,
    wait_ready,
    write_settings,
)
from tests.store.postgres_server import PostgresServer, running_server


@pytest.fixture(scope="module")
def server() -> Iterator[PostgresServer]:
    with open_folder() as folder, running_server(folder) as running:
        yield running


@contextmanager
def second(
    folder: Path, first: Service, url: str, people: str
) -> Iterator[subprocess.Popen[bytes]]:
    """Another service on the same database, with a copy of the key, on ports of its own."""
    write_settings(folder, store={"url": url, "people_url": people})
    keys = folder / ".freizeichen/people"
    keys.mkdir(parents=True, mode=0o700)
    shutil.copy2(first.folder / ".freizeichen/people/store.key", keys / "store.key")
    owner = (first.folder / ".freizeichen").stat()
    if os.geteuid() == 0:
        for each in (folder, keys.parent, keys, keys / "store.key"):
            os.chown(each, owner.st_uid, owner.st_gid)
    process = start(folder)
    try:
        yield process
    finally:
        if process.poll() is None:
            process.kill()
        process.wait(5)
        end_asterisk(folder)


async def test_a_stand_by_does_nothing_until_the_first_service_is_gone_and_then_takes_over(
    folder: Path, server: PostgresServer
) -> None:
    url, people = (server.url(server.new_database()) for _ in range(2))
    with running_service(folder / "first", store={"url": url, "people_url": people}) as first:
        async with agent(first), caller(first) as talks:
            # The server goes away and comes back under a call.
            await asyncio.to_thread(server.stop, signal.SIGQUIT)
            await talks.phone.press("0")
            await talks.hears(AGENT_HZ)
            await until(lambda: first.health()[1]["checks"]["journal"] == "degraded")
            assert first.health()[0] == 200
            await asyncio.to_thread(server.start)
            await until(lambda: first.health()[1]["checks"]["journal"] == "ok")
            assert first.health()[1]["figures"]["journal_lost_rows"] == 0
            (row,) = first.get("calls")

            with second(folder / "told to end", first, url, people) as process:
                said = folder / "told to end/output"
                await until(lambda: "waiting as its stand-by" in said.read_text(), 60)
                process.send_signal(signal.SIGTERM)
                assert await asyncio.to_thread(process.wait, 5) == 130
                assert "Traceback" not in said.read_text()

            with second(folder / "second", first, url, people) as process:
                output = folder / "second/output"
                await until(lambda: "waiting as its stand-by" in output.read_text(), 60)
                assert not (folder / "second/.freizeichen/run.json").exists()
                assert not _asterisk_runs(folder / "second")
                assert talks.phone.answered_at is not None
                assert abs(talks.pitch() - AGENT_HZ) < 12
                assert first.health()[0] == 200

                await asyncio.to_thread(kill, first)
                following = await asyncio.to_thread(wait_ready, folder / "second", process)
                assert following.health()[0] == 200
                # The talk is in the Asterisk of the first, where it goes on.
                assert abs(talks.pitch() - AGENT_HZ) < 12
                assert not talks.phone.ended.is_set()
                await until(lambda: row["id"] not in {c["id"] for c in following.get("calls")})
                assert "Traceback" not in following.said()
                async with caller(following) as who:
                    await who.phone.press("0")
                    await until(lambda: following.get("calls"))
                assert following.stop() == 0


def _asterisk_runs(folder: Path) -> bool:
    return any((folder / ".freizeichen").rglob("asterisk.pid"))
