"""`freizeichen call`: a real SIP call after a script, and the report of what was heard."""

from __future__ import annotations

import asyncio
import json
import logging
import re
import signal
from contextlib import suppress
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from ivr.caller.agent_phone import AgentUnavailable
from ivr.caller.desk import Desk
from ivr.caller.fields import ScriptFaulty
from ivr.caller.phone import SipServer
from ivr.caller.read_script import read_script_file
from ivr.caller.report import Report, print_report
from ivr.caller.run import Service, make_call
from ivr.caller.script import Script
from ivr.caller.script_words import SCRIPT_WORDS
from ivr.caller.sound import CannotSpeak
from ivr.cli.output import complain, say
from ivr.place.place import find_place
from ivr.place.runfile import ServiceNotRunning, read_run_file

_NUMBER = re.compile(r"[0-9A-Za-z*#+_.-]{1,64}")


class CannotCall(Exception):
    """The call cannot even begin; the message says what to do."""


def _show_words(wanted: bool) -> None:
    if wanted:
        say(SCRIPT_WORDS)
        raise typer.Exit


def call(
    to: Annotated[str, typer.Option(help="the number to call")],
    script: Annotated[Path, typer.Option(help="the YAML file that says what the caller does")],
    words: Annotated[
        bool,
        typer.Option(
            "--words", is_eager=True, callback=_show_words, help="show all words of a script"
        ),
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="the report as JSON")] = False,
    run_folder: Annotated[
        Path | None,
        typer.Option(help="where the running service left its run file; else beside the settings"),
    ] = None,
    server: Annotated[
        str | None, typer.Option(metavar="HOST:PORT", help="call this switch, without a run file")
    ] = None,
    user: Annotated[
        str | None, typer.Option(help="the caller's account; with a run file: which of them")
    ] = None,
    password: Annotated[
        str | None, typer.Option(envvar="FREIZEICHEN_CALL_PASSWORD", help="only with --server")
    ] = None,
    prompts: Annotated[
        Path | None, typer.Option(help="folder of <language>/<prompt>.wav that may be heard")
    ] = None,
) -> None:
    """Call a number as a caller would, do what the script says, and report what was heard.

    What the report says was heard comes from the caller's own RTP; so do its turns: how soon a
    prompt fell silent when the caller spoke, and how soon the answer came. What the service
    understood is asked of its API. A script is YAML:

        steps:
          - hear: main_menu
          - say: {text: 인터넷, language: ko, answered_within_s: 0.8}
          - press: "0"
          - hear_tone: {hz: 1130, for_s: 1, within_s: 20}

    All it can say, agents' phones included, is shown by `freizeichen call --words`. The exit status
    is 0 only if every step came true.
    """
    # aiosipua tells of every call, with its number, at level INFO.
    logging.getLogger("aiosipua").setLevel(logging.ERROR)
    try:
        if not _NUMBER.fullmatch(to):
            raise CannotCall(
                "--to is a number to dial: digits, *, # and + (or a name of the switch)"
            )
        plan = read_script_file(script)
        service = (
            _other_service(server, user, password, prompts)
            if server is not None
            else _own_service(run_folder or find_place(None).run_folder, user, prompts)
        )
        report = _make(service, to, plan)
    except (ScriptFaulty, ServiceNotRunning, CannotCall, CannotSpeak, AgentUnavailable) as error:
        complain(str(error))
        raise typer.Exit(1) from None
    if as_json:
        say(json.dumps(report.as_json(), ensure_ascii=False, indent=1))
    else:
        print_report(report, Console())
    if not report.ok:
        raise typer.Exit(1)


def _make(service: Service, to: str, plan: Script) -> Report:
    async def until_told() -> Report:
        # Like Ctrl-C: the agents that were brought must be taken away, whoever ends the command.
        task = asyncio.current_task()
        if task is not None:
            with suppress(RuntimeError, ValueError):  # only the main thread may, and tests are not
                asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
        return await make_call(service, to, plan)

    try:
        return asyncio.run(until_told())
    except asyncio.CancelledError:
        raise CannotCall("ended by a signal; the agents were taken away") from None
    except OSError as error:
        raise CannotCall(f"no UDP port could be opened ({error.strerror})") from None


def _own_service(run_folder: Path, user: str | None, prompts: Path | None) -> Service:
    run = read_run_file(run_folder)
    account = next((one for one in run.callers if user in (None, one.username)), None)
    if account is None:
        raise CannotCall(
            f"the service has no account {user!r} for a caller"
            if user is not None
            else "the service has no phone account for callers; add one under callers:"
        )
    return Service(
        server=SipServer(run.sip_host, run.sip_port, account.username, account.password),
        prompts=prompts or Path(run.prompts),
        places=run.places,
        desk=Desk(run.address, Path(run.token_file)),
    )


def _other_service(
    server: str, user: str | None, password: str | None, prompts: Path | None
) -> Service:
    host, _, port = server.rpartition(":")
    if not host or not port.isdigit():
        raise CannotCall(f"--server {server!r} is no HOST:PORT")
    if user is None or password is None:
        raise CannotCall("--server needs --user and --password (or FREIZEICHEN_CALL_PASSWORD)")
    return Service(SipServer(host, int(port), user, password), prompts)
