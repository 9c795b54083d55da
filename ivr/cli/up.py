"""`freizeichen up`: prepares, starts Asterisk and the service, ends all it started."""

from __future__ import annotations

import asyncio
import gc
import os
import resource
import signal
import socket
import sys
import time
from collections.abc import AsyncIterator, Coroutine, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import typer
import uvloop

from ivr.asterisk.config import RELOADS, Changed
from ivr.asterisk.errors import AmiError
from ivr.asterisk.process import SwitchFailed, SwitchProcess
from ivr.bootstrap import Service
from ivr.cli.output import complain, say
from ivr.crash import tell_crashes_without_values
from ivr.earlier_plans import ready_earlier_plans
from ivr.explaining_apart import ExplainApart
from ivr.kept import Kept, open_kept
from ivr.leave_root import leave_root
from ivr.log import first_of, log_level, set_up_log
from ivr.place import SettingsOption, find_place
from ivr.preparation import CannotStart, Prepared, check_ports, lock, prepare
from ivr.runfile import LineInfo, RunFile, remove_run_file, write_run_file
from queues.api import create_app, listen, serve
from queues.ports import JournalTakenOver

_DEMO_ENDS_S = 10.0
_SWITCH_S = 0.001  # so long a thread may keep the loop, which carries sound, from its turn
_TAKEN_OVER = "another service has taken the journal over, and serves from here on; this one ended"


def up(
    settings: SettingsOption = None,
    demo: Annotated[
        bool, typer.Option("--demo", help="with simulated callers and agents over real SIP")
    ] = False,
) -> None:
    """Set up what is missing, start Asterisk and the service, and stay until Ctrl-C."""
    began = time.monotonic()
    place = find_place(settings)
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # until the loop takes over
    try:
        if place.is_example:
            say("no freizeichen.yaml here: running the built-in example")
        leave_root(place, say)
        with lock(place):
            prepared = prepare(place, say)
            if prepared.settings.trunk is None:
                say("note: no trunk is set, so the phones cannot reach 110, 112 and 116117")
            set_up_log(place.run_folder / "log", log_level(prepared.settings.log.level))
            tell_crashes_without_values()
            _raise_file_limit()
            _write_no_core()
            sys.setswitchinterval(_SWITCH_S)
            with open_kept(prepared.settings, place, say) as kept:
                earlier = ready_earlier_plans(prepared, kept.plans, say)
                kept = replace(kept, plans=kept.plans | earlier)
                uvloop.run(_run(prepared, kept, began, demo=demo))
    except CannotStart as error:
        complain(str(error))
        raise typer.Exit(1) from None
    except KeyboardInterrupt:
        complain("ended before the start was complete; nothing was left running")
        raise typer.Exit(130) from None


def _raise_file_limit() -> None:
    """As many descriptors as the machine lets us have: each caller and each page takes one."""
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def _write_no_core() -> None:
    """A crash, of Asterisk too, must not write what callers said to the disk."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


async def _run(prepared: Prepared, kept: Kept, began: float, *, demo: bool) -> None:
    stop = asyncio.Event()
    for kind in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(kind, stop.set)
    is_ready = asyncio.Event()
    async with _asterisk(prepared, stop, is_ready) as switch:
        if not stop.is_set():
            await _serve(prepared, kept, switch, stop, is_ready, began, demo=demo)
        say("ending")


async def _serve(
    prepared: Prepared,
    kept: Kept,
    switch: SwitchProcess,
    stop: asyncio.Event,
    is_ready: asyncio.Event,
    began: float,
    *,
    demo: bool,
) -> None:
    """The service with its API until a stop is asked for; raises `CannotStart`."""
    settings, folder = prepared.settings, prepared.place.run_folder
    service = Service(prepared, kept, switch, say)
    app = create_app(
        submit=service.submit,
        view=service.dispatcher.view,
        shown=service.dispatcher.shown,
        now=service.clock.wall,
        hub=service.hub,
        token=prepared.token,
        health=service.health,
        metrics=service.metrics,
        card=service.card,
        dialogues=service.dialogues,
        pause_reasons=settings.pause_reasons,
        missed=kept.store.records.missed,
        estimates=kept.store.records.estimates,
        next_wait=service.dispatcher.next_wait,
        explain=ExplainApart.of(settings, prepared.place),
        hosts=[settings.listen.address, *(host.rstrip(".") for host in settings.listen.hosts)],
    )
    listening = _bind(settings.listen.address, settings.ports.http)
    run = _run_file(prepared)

    def ready() -> None:
        # A full collection of all that a start builds would hold the loop for 30 ms.
        gc.collect()
        gc.freeze()
        is_ready.set()
        write_run_file(folder, run)
        for line in summary(run):
            say(line)
        say(f"ready after {time.monotonic() - began:.1f} s; end with Ctrl-C")

    try:
        async with asyncio.TaskGroup() as tasks:
            work = [tasks.create_task(service.run(ready), name="service")]
            if demo:
                work.append(tasks.create_task(_demo(folder, is_ready), name="demo"))
            await serve(app, listening, stop, hub=service.hub)
            for task in work:
                task.cancel()
    except* AmiError as errors:
        raise CannotStart(f"no link to Asterisk: {first_of(errors)}") from None
    except* JournalTakenOver:
        raise CannotStart(_TAKEN_OVER) from None
    finally:
        remove_run_file(folder)
        listening.close()


async def _demo(run_folder: Path, is_ready: asyncio.Event) -> None:
    """Callers and agents in a process of their own, so that they cost the service nothing."""
    await is_ready.wait()
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "ivr.demo", str(run_folder), stdin=asyncio.subprocess.DEVNULL
    )
    try:
        await process.wait()
    finally:
        if process.returncode is None:
            process.terminate()
            try:
                async with asyncio.timeout(_DEMO_ENDS_S):
                    await process.wait()
            except TimeoutError:
                process.kill()
                await process.wait()


@asynccontextmanager
async def _asterisk(
    prepared: Prepared, stop: asyncio.Event, is_ready: asyncio.Event
) -> AsyncIterator[SwitchProcess]:
    """Asterisk, started or taken over from a service that was killed; ended on the way out.

    After a failure it is left alone with its calls, unless this start began it and never served:
    its dialplan takes care of callers until the next start takes it over.
    """
    switch = SwitchProcess(prepared.asterisk, prepared.folders, prepared.account)
    left_over = switch.pid is not None
    if left_over and prepared.config is Changed.NEEDS_A_RESTART:
        say("Asterisk still runs with settings that it cannot change while it runs; ending it")
        await switch.stop()
        left_over = False
    check_ports(prepared.settings, asterisk_runs=left_over)
    is_left_alone = False
    try:
        try:
            if left_over:
                say("Asterisk still runs with its calls; taking it over")
            else:
                say("Asterisk: starting")
                switch.start()
            await _until(stop, switch.wait_booted())
            if left_over and prepared.config is Changed.RELOADS:
                say("Asterisk: taking in the changed settings")
                for line in RELOADS.values():
                    await switch.console(line)
        except (SwitchFailed, OSError) as error:  # the console's silence too is an OSError
            raise CannotStart(str(error)) from None
        yield switch
    except BaseException:
        is_left_alone = not stop.is_set() and (left_over or is_ready.is_set())
        if is_left_alone:
            say("Asterisk goes on with its calls; the next start takes it over")
        raise
    finally:
        if not is_left_alone:
            await switch.stop()


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


def summary(run: RunFile) -> Sequence[str]:
    """What a person needs to know of a running service, line by line."""
    lines = ", ".join(f"{line.number} {line.name}" for line in run.lines)
    rows = [
        f"address      {run.address}/docs",
        f"token        {_read(run.token_file)}  ({run.token_file})",
        f"lines        {lines}",
        f"SIP server   {run.sip_host}:{run.sip_port} (UDP)",
    ]
    rows += [f"caller       {each.username}, password {each.password}" for each in run.callers]
    for each in run.places:
        who = f"  (agent {each.agent})" if each.agent else ""
        rows.append(f"agent phone  {each.username}, password {each.password}{who}")
    return rows


def _read(file: str) -> str:
    try:
        return Path(file).read_text().strip()
    except OSError:
        return "cannot be read"


def _run_file(prepared: Prepared) -> RunFile:
    settings = prepared.settings
    return RunFile(
        pid=os.getpid(),
        address=f"http://{settings.listen.address}:{settings.ports.http}",
        sip_host=settings.listen.address,
        sip_port=settings.ports.sip,
        token_file=str(prepared.token_file),
        prompts=str(prepared.prompts),
        music=str(prepared.music),
        lines=tuple(LineInfo(line.number, line.name, line.language) for line in settings.lines),
        callers=prepared.secrets.callers,
        places=prepared.secrets.places,
    )


def _bind(address: str, port: int) -> socket.socket:
    try:
        return listen(address, port)
    except OSError as error:
        raise CannotStart(f"port {port} on {address}: {error.strerror}") from None
