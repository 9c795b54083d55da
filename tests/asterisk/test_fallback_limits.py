"""Real Asterisk that has run out of descriptors: it turns callers away, and does not go round."""

from __future__ import annotations

import asyncio
import os
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from ivr.asterisk import config
from ivr.caller.phone import caller_phone
from tests.ami.running import until
from tests.asterisk.fallback_stage import (
    WITHIN_S,
    fallback_switch,
    on_the_line,
    running_service,
    server,
)
from tests.switch import Switch

# Descriptors for some twelve callers. Which of these leaves a caller with a channel and without
# AGI depends on how many each of them takes.
FILES = (92, 91, 93, 90, 94, 95)
MANY = 20
NO_AGI = "Failed to create Async AGI pipe"


def resident_bytes(switch: Switch) -> int:
    pages = Path(f"/proc/{switch.process.pid}/statm").read_text().split()[1]
    return int(pages) * os.sysconf("SC_PAGE_SIZE")


async def rush(switch: Switch) -> None:
    """More callers than there is room for; all are gone afterwards."""
    async with AsyncExitStack() as stack:
        dialling = []
        for _ in range(MANY):
            phone = await stack.enter_async_context(caller_phone(server(switch)))
            dialling.append(asyncio.create_task(phone.dial("100", 3.0)))
            await asyncio.sleep(0.05)
        await asyncio.wait(dialling)
        assert any(each.exception() is not None for each in dialling)


async def test_without_descriptors_callers_are_turned_away_and_asterisk_goes_on(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for files in FILES:
        monkeypatch.setattr(config, "file_limit", lambda _, files=files: files)
        place = folder / str(files)
        place.mkdir()
        async with fallback_switch(place) as switch, running_service(switch) as service:
            size = resident_bytes(switch)
            await rush(switch)
            text = (switch.process.folders.log / "messages").read_text()
            if NO_AGI not in text:
                continue
            # A loop without a guard writes some ten thousand lines in that time.
            assert text.count(NO_AGI) <= MANY
            assert resident_bytes(switch) < size + 50_000_000
            async with on_the_line(service, switch) as caller:
                await until(lambda: len(caller.packets) > 50, within_s=WITHIN_S)
            return
    pytest.fail("no caller came to a channel without AGI")
