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
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated

import typer
import uvloop

from ivr.asterisk.errors import AmiError
from ivr.asterisk.process import SwitchProcess
from ivr.backups.moves import MovesBroken
from ivr.backups.restore import finish_restore
from ivr.bootstrap import Service
from ivr.cannot_start import CannotStart
from ivr.cli.output import complain, say
from ivr.cli.summary import summary
from ivr.explanations.apart import ExplainApart
from ivr.keeping.kept import Kept, open_kept
from ivr.logs.crash import tell_crashes_without_values
from ivr.logs.log import first_of, log_level, set_up_log
from ivr.place.place import SettingsOption, find_place
from ivr.place.runfile import LineInfo, RunFile, remove_run_file, write_run_file
from ivr.service.notify import Notifier
from ivr.service.watchdog import Watchdog
from ivr.starting.earlier_plans import ready_earlier_plans
from ivr.starting.leave_root import leave_root
from ivr.starting.preparation import Prepared, lock, prepare
from ivr.starting.switch_life import asterisk_of
from queues.api import create_app, listen, serve
from queues.ports import JournalTakenOver

_DEFAULT_PACE = 6.0  # callers a minute of a demo
_DEMO_ENDS_S = 10.0
_SWITCH_S = 0.001  # so long a thread may keep the loop, which carries sound, from its turn
_TAKEN_OVER = "another service has taken the journal over, and serves from here on; this one ended"


def up(
    settings: SettingsOption = None,
    demo: Annotated[
        bool, typer.Option("--demo", help="with simulated callers and agents over real SIP")
    ] = False,
    pace: Annotated[
        float | None,
        typer.Option(
            min=1, max=60, help="callers a minute of --demo", show_default=f"{_DEFAULT_PACE:g}"
        ),
    ] = None,
) -> None:
    """Set up what is missing, start Asterisk and the service, and stay until Ctrl-C."""
    if pace is not None and not demo:
        raise typer.BadParameter("only with --demo", param_hint="--pace")
    shown = (pace or _DEFAULT_PACE) if demo else None
    began = time.monotonic()
    notifier = Notifier.of(os.environ)

    def tell(line: str) -> None:
        say(line)
        notifier.progress(line)

    place = find_place(settings)
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # until the loop takes over
    try:
        if place.is_example:
            say("no freizeichen.yaml here: running the built-in example")
        leave_root(place, tell)
        with lock(place):
            if finish_restore(place):
                tell("a restore that was broken off was finished")
            prepared = prepare(place, tell)
            if prepared.settings.trunk is None:
                tell("note: no trunk is set, so the phones cannot reach 110, 112 and 116117")
            if prepared.settings.emergency is None:
                tell("note: no emergency number is set, so callers who ask for it come to a human")
            how = prepared.settings.log
            set_up_log(
                place.run_folder / "log",
                log_level(how.level),
                as_text=how.format == "text",
                to_journal=how.to == "journal",
            )
            tell_crashes_without_values()
            _raise_file_limit()
            _write_no_core()
            sys.setswitchinterval(_SWITCH_S)
            with open_kept(prepared.settings, place, tell) as kept:
                earlier = ready_earlier_plans(prepared, kept.plans, tell)
                kept = replace(kept, plans=kept.plans | earlier)
                uvloop.run(_run(prepared, kept, _Outside(notifier, tell, began), demo=shown))
    except (CannotStart, MovesBroken) as error:
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


@dataclass(frozen=True, slots=True)
class _Outside:
    """Who is told how we are, and when the start began (monotonic)."""

    notifier: Notifier
    tell: Callable[[str], None]
    began: float


async def _run(prepared: Prepared, kept: Kept, outside: _Outside, *, demo: float | None) -> None:
    """With a `demo` of so many callers a minute; None: without."""
    stop = asyncio.Event()
    for kind in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(kind, stop.set)
    is_ready = asyncio.Event()
    async with asterisk_of(prepared, stop, is_ready, outside.tell) as switch:
        if not stop.is_set():
            await _serve(prepared, kept, switch, stop, is_ready, outside, demo=demo)
        say("ending")


async def _serve(
    prepared: Prepared,
    kept: Kept,
    switch: SwitchProcess,
    stop: asyncio.Event,
    is_ready: asyncio.Event,
    outside: _Outside,
    *,
    demo: float | None,
) -> None:
    """The service with its API until a stop is asked for; raises `CannotStart`."""
    settings, folder = prepared.settings, prepared.place.run_folder
    service = Service(prepared, kept, switch, outside.tell)
    notifier = outside.notifier
    app = create_app(
        submit=service.submit,
        settled=service.dispatcher.settled,
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
        for line in summary(run, secrets=not notifier.is_heard):
            say(line)
        ready_after = f"ready after {time.monotonic() - outside.began:.1f} s"
        say(f"{ready_after}; end with Ctrl-C")
        notifier.ready(ready_after)

    async def watched() -> None:
        await is_ready.wait()
        if notifier.watchdog_s is not None:
            await Watchdog(
                notifier.alive,
                notifier.give_up,
                lambda: service.beats,
                service.asterisk_greets,
                within_s=notifier.watchdog_s,
            ).run()

    api_ends = asyncio.Event()

    async def end_in_order() -> None:
        await stop.wait()
        notifier.stopping()
        try:
            if settings.asterisk.outlives_us:
                await service.wind_down()
        finally:
            api_ends.set()

    try:
        async with asyncio.TaskGroup() as tasks:
            work = [
                tasks.create_task(service.run(ready), name="service"),
                tasks.create_task(watched(), name="watchdog"),
                tasks.create_task(end_in_order(), name="end"),
            ]
            if demo is not None:
                work.append(tasks.create_task(_demo(folder, demo, is_ready), name="demo"))
            await serve(app, listening, api_ends, hub=service.hub)
            for task in work:
                task.cancel()
    except* AmiError as errors:
        raise CannotStart(f"no link to Asterisk: {first_of(errors)}") from None
    except* JournalTakenOver:
        raise CannotStart(_TAKEN_OVER) from None
    finally:
        remove_run_file(folder)
        listening.close()


async def _demo(run_folder: Path, pace: float, is_ready: asyncio.Event) -> None:
    """Callers and agents in a process of their own, so that they cost the service nothing."""
    await is_ready.wait()
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "ivr.demo",
        str(run_folder),
        str(pace),
        stdin=asyncio.subprocess.DEVNULL,
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


def _run_file(prepared: Prepared) -> RunFile:
    """What `status` and other commands find this service by."""
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
