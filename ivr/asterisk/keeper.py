"""What is done when Asterisk has ended under a service: started again, or waited for."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final

import structlog

from ivr.asterisk.process import SwitchFailed, SwitchProcess

log = structlog.get_logger()

_LOOK_S: Final = 0.2
_RESTART_FIRST_S: Final = 0.5
_RESTART_MOST_S: Final = 10.0
_SETTLED_S: Final = 30.0


async def keep_asterisk_up(switch: SwitchProcess, tell: Callable[[str], None]) -> None:
    """Start Asterisk again when it has ended; ever more slowly when that does not hold.

    One that runs by itself is started by whoever did it before. Runs until cancelled.
    """
    pause_s = _RESTART_FIRST_S
    loop = asyncio.get_running_loop()
    started = loop.time()
    while True:
        await asyncio.sleep(_LOOK_S)
        if not switch.has_ended():
            continue
        if switch.runs_by_itself:
            tell("Asterisk has ended; waiting until its own unit has started it again")
            log.error("Asterisk ended, and is to be started by its own unit")
            await switch.wait_there(None)
            tell("Asterisk is back")
            continue
        if loop.time() - started > _SETTLED_S:
            pause_s = _RESTART_FIRST_S
        tell("Asterisk has ended; starting it again")
        log.error("Asterisk ended", restart_in_s=pause_s)
        await asyncio.sleep(pause_s)
        pause_s = min(pause_s * 2, _RESTART_MOST_S)
        started = loop.time()
        try:
            switch.start()
            await switch.wait_booted()
            tell("Asterisk is back")
        except (SwitchFailed, OSError) as error:
            log.error("Asterisk did not start", error=type(error).__name__)
            tell(f"Asterisk did not start: {error}")
