"""When Asterisk is started, taken over, waited for, left alone and ended by a start of the service.

Rules:

1. Ours alone: started, or taken over from a service that was killed; ended on the way out. After a
   failure it is left alone with its calls, unless this start began it and never served: its
   dialplan takes care of callers until the next start takes it over.
2. One that runs by itself (`asterisk.runs_by_itself`) is waited for, taken over, never stopped.
   Only where it cannot take the changed settings while it runs, it is ended, and whoever started
   it starts it again.
3. One that somebody else runs and that includes ours (`asterisk.config`) is left alone altogether.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any, Final

from ivr.asterisk.config import RELOADS, WRITTEN, Changed, dialplan_name
from ivr.asterisk.process import AnothersSwitch, SwitchFailed, SwitchProcess
from ivr.cannot_start import CannotStart
from ivr.starting.preparation import Prepared, check_ports

_COMES_S: Final = 60.0  # so long a start waits for an Asterisk that runs by itself

Tell = Callable[[str], None]


@asynccontextmanager
async def asterisk_of(
    prepared: Prepared, stop: asyncio.Event, is_ready: asyncio.Event, tell: Tell
) -> AsyncIterator[SwitchProcess]:
    """Asterisk, booted, with today's settings; raises `CannotStart`."""
    theirs = prepared.settings.asterisk.config
    if theirs is not None:
        check_ports(prepared.settings, asterisk_runs=True)
        tell(f"Asterisk is that of {theirs}; it is left to run by itself")
        yield AnothersSwitch(prepared.asterisk, prepared.folders, prepared.account, True)
        return
    by_itself = prepared.settings.asterisk.runs_by_itself
    switch = SwitchProcess(prepared.asterisk, prepared.folders, prepared.account, by_itself)
    if by_itself:
        await _until(stop, _come_to(switch, prepared, tell))
        yield switch
        tell("Asterisk goes on with its calls; the next start takes it over")
        return
    left_over = switch.pid is not None
    if left_over and prepared.config is Changed.NEEDS_A_RESTART:
        tell("Asterisk still runs with settings that it cannot change while it runs; ending it")
        await switch.stop()
        left_over = False
    check_ports(prepared.settings, asterisk_runs=left_over)
    is_left_alone = False
    try:
        await _until(stop, _bring_up(switch, prepared, tell, left_over=left_over))
        yield switch
    except BaseException:
        is_left_alone = not stop.is_set() and (left_over or is_ready.is_set())
        if is_left_alone:
            tell("Asterisk goes on with its calls; the next start takes it over")
        raise
    finally:
        if not is_left_alone:
            await switch.stop()


async def _bring_up(
    switch: SwitchProcess, prepared: Prepared, tell: Tell, *, left_over: bool
) -> None:
    try:
        if left_over:
            tell("Asterisk still runs with its calls; taking it over")
        else:
            tell("Asterisk: starting")
            switch.start()
        await switch.wait_booted()
        await _take_settings(switch, prepared, tell, is_new=not left_over)
    except (SwitchFailed, OSError) as error:  # the console's silence too is an OSError
        raise CannotStart(str(error)) from None


async def _come_to(switch: SwitchProcess, prepared: Prepared, tell: Tell) -> None:
    """Come to an Asterisk that somebody else starts."""
    check_ports(prepared.settings, asterisk_runs=True)
    is_new = False
    if (
        prepared.config is Changed.NEEDS_A_RESTART
        and switch.pid is not None
        and switch.is_older_than_its_files()
    ):
        tell(
            "Asterisk runs with settings that it cannot change while it runs; ending it, "
            "so that it is started with the new ones"
        )
        await switch.end()
        is_new = True
    if switch.pid is None:
        tell("waiting for Asterisk, which runs by itself (freizeichen asterisk run)")
    if not await switch.wait_there(_COMES_S):
        raise CannotStart(
            f"Asterisk does not run, and did not come within {_COMES_S:.0f} s; start it "
            "(systemctl start freizeichen-asterisk, or freizeichen asterisk run), or unset "
            "asterisk.runs_by_itself to have it started and ended with the service"
        )
    try:
        await switch.wait_booted()
        await _take_settings(switch, prepared, tell, is_new=is_new)
    except (SwitchFailed, OSError) as error:
        raise CannotStart(str(error)) from None


async def _take_settings(
    switch: SwitchProcess, prepared: Prepared, tell: Tell, *, is_new: bool
) -> None:
    if is_new:
        return
    if prepared.config is Changed.RELOADS or not await _runs_as_written(switch):
        tell("Asterisk: taking in the changed settings")
        for line in RELOADS.values():
            await switch.console(line)


async def _runs_as_written(switch: SwitchProcess) -> bool:
    """Whether its dialplan is that of its files: a start before us may have ended in between."""
    name = dialplan_name(switch.folders.etc)
    return name is None or name in await switch.console(f"dialplan show {WRITTEN}")


async def _until(stop: asyncio.Event, work: Coroutine[Any, Any, None]) -> None:
    """Do the work until it ends or a stop is asked for; what it raises is raised."""
    doing, stopping = asyncio.ensure_future(work), asyncio.ensure_future(stop.wait())
    try:
        await asyncio.wait({doing, stopping}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        stopping.cancel()
        if not doing.done():
            doing.cancel()
        await asyncio.wait({doing})
    if not doing.cancelled() and (error := doing.exception()) is not None:
        raise error
