"""`python -m ivr.demo RUN_FOLDER PACE`: the show beside a running service, until it is ended."""

from __future__ import annotations

import asyncio
import random
import signal
import sys
from pathlib import Path

from ivr.caller.agent_phone import AgentUnavailable
from ivr.cli.output import complain
from ivr.demo.show import run_demo
from ivr.place.runfile import RunFile, ServiceNotRunning, read_run_file


def main() -> None:
    """Until SIGINT or SIGTERM. `PACE` is in callers a minute."""
    try:
        run = read_run_file(Path(sys.argv[1]))
        if not run.callers:
            complain("demo: nobody can call; set a phone account, callers: [caller1], and restart")
            sys.exit(1)
        asyncio.run(_until_ended(run, float(sys.argv[2])))
    except (ServiceNotRunning, AgentUnavailable) as error:
        complain(f"demo: {error}")
        sys.exit(1)


async def _until_ended(run: RunFile, pace: float) -> None:
    chance = random.Random(1)  # noqa: S311  (stories, not secrets)
    demo = asyncio.ensure_future(run_demo(run, pace, chance))
    for kind in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(kind, demo.cancel)
    await asyncio.wait({demo})
    if not demo.cancelled() and (error := demo.exception()) is not None:
        raise error


if __name__ == "__main__":
    main()
