"""What must be true before the first call: checked and made in order, each slow step told.

What fails raises `CannotStart` with one message that says what to do. Nothing is started here.
"""

from __future__ import annotations

import fcntl
import os
import socket
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from ivr import resources
from ivr.asterisk.account import RunAccount, can_run, hand_over, ordinary_account
from ivr.asterisk.config import Secrets, SwitchFolders, accounts, render
from ivr.asterisk.install import Asterisk, InstallFailed, find_asterisk, find_espeak, install
from ivr.credentials import Credentials, CredentialsUnusable, load_credentials, load_token
from ivr.dialplan.faults import DialplanFaulty
from ivr.dialplan.load import load_plan
from ivr.dialplan.plan import Plan
from ivr.place import Place
from ivr.runfile import Account, ServiceNotRunning, read_run_file
from ivr.settings import Settings, SettingsFaulty, load_settings
from ivr.speech.espeak import EspeakNg, SynthesiserMissing, SynthesisFailed
from ivr.speech.music import write_music
from ivr.speech.prompts import PromptsDiffer, RecordingBroken, build_prompts
from queues.ids import LineId

Progress = Callable[[str], None]
_PROMPTS_A_LINE = 20
_SAYS_WHAT_TO_DO = (
    InstallFailed,
    CredentialsUnusable,
    PromptsDiffer,
    RecordingBroken,
    SynthesiserMissing,
    SynthesisFailed,
    resources.ResourceMissing,
)


class CannotStart(Exception):
    """The service cannot be started; the text says why and what to do."""


@dataclass(frozen=True, slots=True)
class Prepared:
    """All that a service needs to run."""

    place: Place
    settings: Settings
    plans: Mapping[LineId, Plan]
    asterisk: Asterisk
    account: RunAccount
    folders: SwitchFolders
    secrets: Secrets
    token: str
    token_file: Path
    prompts: Path
    music: Path
    config_unchanged: bool  # an Asterisk that still runs has just this configuration


def lock(place: Place) -> IO[str]:
    """Hold the run folder for one service; raises `CannotStart` saying who holds it."""
    try:
        place.run_folder.mkdir(parents=True, exist_ok=True)
        os.chmod(place.run_folder, 0o755)  # noqa: S103  (what is secret in it has rights of its own)
        file = (place.run_folder / "lock").open("a+")
    except OSError as error:
        raise CannotStart(f"cannot write to {place.run_folder}: {error.strerror}") from None
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        file.close()
        raise CannotStart(_who_runs(place)) from None
    return file


def prepare(place: Place, progress: Progress) -> Prepared:
    """Check and make everything; raises `CannotStart`."""
    try:
        return _prepare(place, progress)
    except SettingsFaulty as error:
        raise CannotStart("the settings cannot be used:\n" + "\n".join(error.faults)) from None
    except _SAYS_WHAT_TO_DO as error:
        raise CannotStart(str(error)) from None
    except OSError as error:
        where = f" ({error.filename})" if error.filename else ""
        raise CannotStart(
            f"cannot write what a run needs{where}: {error.strerror}; "
            f"free some space or mend the rights of {place.run_folder}"
        ) from None


def load_plans(settings: Settings) -> dict[LineId, Plan]:
    """The dialplan of each line; raises `CannotStart` with every fault of every file."""
    folder = resources.dialplans(settings.dialplans)
    queues = [queue.id for queue in settings.queues]
    loaded: dict[str, Plan] = {}
    faults: list[str] = []
    for name in dict.fromkeys(line.dialplan for line in settings.lines):
        path = folder / name
        try:
            loaded[name] = load_plan(path.read_bytes(), file=_shown(path), queues=queues)
        except OSError as error:
            faults.append(f"{_shown(path)}: {error.strerror}; a line in the settings names it")
        except DialplanFaulty as error:
            faults += [str(fault) for fault in error.faults]
    if faults:
        raise CannotStart("the dialplans cannot be used:\n" + "\n".join(faults))
    return {LineId(line.number): loaded[line.dialplan] for line in settings.lines}


def _prepare(place: Place, progress: Progress) -> Prepared:
    settings = load_settings(place.settings_file)
    plans = load_plans(settings)
    run_folder = place.run_folder
    folders = SwitchFolders.below(run_folder)
    cache = resources.cache_folder()
    asterisk = find_asterisk(settings.asterisk.binary, cache)
    if asterisk is None or find_espeak(cache) is None:
        install(cache, progress)
        asterisk = asterisk or find_asterisk(settings.asterisk.binary, cache)
    espeak = find_espeak(cache)
    if asterisk is None:
        raise CannotStart(
            f"Asterisk was fetched but cannot be found; delete {cache} and start again"
        )
    prompts, music = run_folder / "prompts", run_folder / "music"
    build_prompts(
        list({plan.hash: plan for plan in plans.values()}.values()),
        recorded=resources.recorded_prompts(settings.recorded_prompts),
        out=prompts,
        synthesiser=EspeakNg(espeak) if espeak is not None else None,
        progress=_told_now_and_then(progress),
    )
    write_music(music / "freizeichen.wav")
    credentials = load_credentials(run_folder, [*settings.places, *settings.callers])
    token, token_file = load_token(run_folder)
    secrets = _secrets(settings, credentials)
    changed = render(
        settings,
        secrets,
        asterisk,
        folders,
        templates=resources.asterisk_conf(),
        prompts=prompts,
        music=music,
    )
    account = _account(place, asterisk, folders, (prompts, music), progress)
    return Prepared(
        place=place,
        settings=settings,
        plans=plans,
        asterisk=asterisk,
        account=account,
        folders=folders,
        secrets=secrets,
        token=token,
        token_file=token_file,
        prompts=prompts,
        music=music,
        config_unchanged=not changed,
    )


def check_ports(settings: Settings, *, asterisk_runs: bool) -> None:
    """Every port can be had; raises `CannotStart` naming each that cannot, and its setting."""
    address = settings.listen.address
    wanted = [("http", settings.ports.http, socket.SOCK_STREAM, address)]
    if not asterisk_runs:
        wanted += [
            ("ami", settings.ports.ami, socket.SOCK_STREAM, "127.0.0.1"),
            ("sip", settings.ports.sip, socket.SOCK_DGRAM, address),
        ]
    faults = []
    for name, port, kind, host in wanted:
        with socket.socket(socket.AF_INET, kind) as probe:
            if kind == socket.SOCK_STREAM:
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((host, port))
            except OSError as error:
                faults.append(
                    f"port {port} on {host} cannot be used ({error.strerror}); end what uses it, "
                    f"or set ports.{name} (FREIZEICHEN_PORTS__{name.upper()}) to another one"
                )
    if faults:
        raise CannotStart("\n".join(faults))


def _told_now_and_then(progress: Progress) -> Callable[[int, int, str], None]:
    def tell(ready: int, total: int, _name: str) -> None:
        if ready == total or ready % _PROMPTS_A_LINE == 0:
            progress(f"prompts: {ready} of {total} are there")

    return tell


def _account(
    place: Place,
    asterisk: Asterisk,
    folders: SwitchFolders,
    reads: tuple[Path, ...],
    progress: Progress,
) -> RunAccount:
    account = ordinary_account(place.settings_file.parent)
    hand_over(folders.base, account)
    hand_over(folders.run, account)
    if can_run(account, [*asterisk.command, "-V"], reads=(folders.etc / "asterisk.conf", *reads)):
        return account
    progress(
        f"note: an ordinary account cannot reach {folders.base} or Asterisk's files, "
        "so Asterisk runs as root"
    )
    root = RunAccount(0, 0)
    hand_over(folders.base, root)
    hand_over(folders.run, root)
    return root


def _secrets(settings: Settings, credentials: Credentials) -> Secrets:
    sits = {agent.place: agent.id for agent in settings.agents}
    places = tuple(
        Account(name, credentials.phones[name], sits.get(name)) for name in settings.places
    )
    return Secrets(credentials.ami, places, accounts(settings.callers, credentials.phones))


def _who_runs(place: Place) -> str:
    try:
        run = read_run_file(place.run_folder)
    except ServiceNotRunning:
        return f"another start is under way in {place.run_folder}; wait for it or end it"
    return (
        f"a service already runs here: process {run.pid}, {run.address}; "
        "end it with Ctrl-C in its terminal, or use another folder for a second one"
    )


def _shown(path: Path) -> str:
    try:
        return str(path.relative_to(Path.cwd()))
    except ValueError:
        return str(path)
