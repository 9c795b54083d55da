"""Journey: a fault of ours ends the service, and nobody's call."""

from __future__ import annotations

import os
import sys
from contextlib import AsyncExitStack
from pathlib import Path

from tests.journeys.people import AGENT_HZ, a_talk, caller, settled, start_again, until, waits
from tests.journeys.service import end_asterisk, start, wait_ready, write_settings

FAULTY = """
import asyncio, pathlib
from ivr import bootstrap
from ivr.command import main

async def fails(switch, tell):
    while not pathlib.Path("fault").exists():
        await asyncio.sleep(0.05)
    raise RuntimeError("a fault of ours")

assert bootstrap.keep_asterisk_up
bootstrap.keep_asterisk_up = fails
main()
"""


async def test_a_service_that_ends_by_its_own_fault_leaves_talks_and_places_as_they_are(
    folder: Path,
) -> None:
    write_settings(folder)
    service = wait_ready(folder, start(folder, command=(sys.executable, "-c", FAULTY)))
    try:
        async with AsyncExitStack() as stack:
            talks, _ = await a_talk(stack, service)
            waiting = await stack.enter_async_context(caller(service))
            await waits(service, waiting, 2)
            before, asterisk = service.in_queue(), service.asterisk_pid

            (folder / "fault").touch()
            assert await until(lambda: service.process.poll()) == 1
            os.kill(asterisk, 0)
            assert "Asterisk goes on with its calls" in service.said()

            following = await until(lambda: start_again(service))
            await until(lambda: settled(following))
            assert following.asterisk_pid == asterisk
            assert [(row["id"], row["since"]) for row in following.in_queue()] == [
                (row["id"], row["since"]) for row in before
            ]
            assert abs(talks.pitch() - AGENT_HZ) < 12
            assert not waiting.phone.ended.is_set()
        assert service.stop() == 0
        await until(lambda: not Path(f"/proc/{asterisk}").exists())
    finally:
        if service.process.poll() is None:
            service.process.kill()
        end_asterisk(folder)
