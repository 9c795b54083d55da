"""Journey: the demo brings callers and agents over real SIP, and leaves nobody behind."""

from __future__ import annotations

import signal
import subprocess
from pathlib import Path

from ivr.demo.stories import NAMES
from tests.journeys.service import (
    COMMAND,
    end_asterisk,
    eventually,
    start,
    wait_ready,
    write_settings,
)


def test_the_demo_tells_its_stories_has_a_call_passed_on_and_ends_with_the_service(
    folder: Path,
) -> None:
    write_settings(folder)
    process = start(folder, command=[COMMAND], words=["up", "--demo", "--pace", "12"])
    try:
        service = wait_ready(folder, process)
        eventually(lambda: "agents are at their phones" in service.said(), 20)
        eventually(lambda: "talks with" in service.said(), 60)
        talk = next(call for call in service.in_queue() if call["agent"] is not None)
        with service.api as api:
            entries = api.get(f"/api/v1/calls/{talk['id']}/card").json()["entries"]
        card = f"{entries[0]['node']}: {entries[0]['said']} (key) → {entries[0]['led_to']}"
        assert card in service.said()
        eventually(lambda: " passed " in service.said(), 60)
        eventually(lambda: any(call["hops"] == 1 for call in service.in_queue()), 10)
        logged = (folder / ".freizeichen/log/service.log").read_text()
        assert not [name for names in NAMES.values() for name in names if name in logged]
        assert service.stop() == 0
        listed = subprocess.run(["ps", "-eo", "args"], capture_output=True, text=True, check=True)
        assert str(folder) not in listed.stdout
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGKILL)
            process.wait(5)
        end_asterisk(folder)
