"""Journey: the demo brings callers and agents over real SIP, and leaves nobody behind."""

from __future__ import annotations

import signal
import subprocess
from pathlib import Path

from tests.journeys.service import (
    COMMAND,
    end_asterisk,
    eventually,
    start,
    wait_ready,
    write_settings,
)


def test_the_demo_has_callers_whom_agents_answer_and_ends_with_the_service(folder: Path) -> None:
    write_settings(folder)
    process = start(folder, command=[COMMAND], words=["up", "--demo"])
    try:
        service = wait_ready(folder, process)
        eventually(lambda: "agents are at their phones" in service.said(), 20)
        eventually(lambda: {a["state"] for a in service.get("agents")} & {"ringing", "talking"}, 60)
        assert service.stop() == 0
        listed = subprocess.run(["ps", "-eo", "args"], capture_output=True, text=True, check=True)
        assert str(folder) not in listed.stdout
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGKILL)
            process.wait(5)
        end_asterisk(folder)
