"""What must be true before the first call: checked and made in order, each slow step told.

What fails raises `CannotStart` with one message that says what to do. Nothing is started here.
"""

from __future__ import annotations

import fcntl
import os
import socket
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from ivr import resources
from ivr.asterisk.account import RunAccount, can_run, ordinary_account
from ivr.asterisk.config import (
    DOCTOR,
    Changed,
    PathUnusable,
    Secrets,
    escaped_path,
    render,
)
from ivr.asterisk.folders import SwitchFolders, make_folders
from ivr.asterisk.install import Asterisk, InstallFailed, find_asterisk, find_espeak, install
from ivr.cannot_start import CannotStart
from ivr.dialplan.faults import DialplanFaulty
from ivr.dialplan.load import load_plan
from ivr.dialplan.plan import Plan
from ivr.place.credentials import (
    CredentialsUnusable,
    load_credentials,
    load_token,
    open_to_others,
)
from ivr.place.place import Place
from ivr.place.private_files import open_own
from ivr.place.runfile import ServiceNotRunning, read_run_file
from ivr.settings.folders import dialplans_of, missing_plans, recordings_of
from ivr.settings.settings import Settings, SettingsFaulty, load_settings
from ivr.speech.music import write_music
from ivr.speech.prompts import NOT_BUILT, BuildReport, UnusedRecording, build_prompts
from ivr.speech.voices import find_voices
from ivr.starting.rendered import emergency_ways, secrets_of, when_down
from queues.ids import LineId

Progress = Callable[[str], None]
_PROMPTS_A_LINE = 20
_SAYS_WHAT_TO_DO = (
    InstallFailed,
    CredentialsUnusable,
    PathUnusable,
    *NOT_BUILT,
    resources.ResourceMissing,
)


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
    unused_recordings: tuple[UnusedRecording, ...]
    music: Path
    config: Changed  # since the Asterisk that may still run was started


def lock(place: Place) -> IO[str]:
    """Hold the run folder for one service; raises `CannotStart` saying who holds it."""
    try:
        place.run_folder.mkdir(parents=True, exist_ok=True)
        folder = os.open(place.run_folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
        try:
            owner = os.fstat(folder).st_uid
            if owner == os.geteuid():
                os.fchmod(folder, 0o755)  # what is secret in it has rights of its own
        finally:
            os.close(folder)
        if os.geteuid() == 0 and owner != 0:
            raise CannotStart(
                f"{place.run_folder} belongs to another account (id {owner}), and root would write "
                "where that account can lay traps; start the service as that account, or delete "
                "the folder (phones then get new passwords)"
            )
        file = os.fdopen(open_own(place.run_folder / "lock", empty=False), "r+")
    except OSError as error:
        reason = error.strerror or str(error)
        raise CannotStart(f"cannot write to {place.run_folder}: {reason}") from None
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        file.close()
        raise CannotStart(_who_runs(place)) from None
    return file


def prepare(place: Place, progress: Progress) -> Prepared:
    """Check and make everything; raises `CannotStart`."""
    with said_clearly(place):
        settings = load_settings(place.settings_file)
        plans = load_plans(settings)
        escaped_path(place.run_folder)  # refused before anything is made in it
        with alone(place.run_folder):
            return _prepare(place, settings, plans, progress)


@contextmanager
def said_clearly(place: Place) -> Iterator[None]:
    """Turn what can go wrong while preparing into `CannotStart`, which says what to do."""
    try:
        yield
    except SettingsFaulty as error:
        raise CannotStart("the settings cannot be used:\n" + "\n".join(error.faults)) from None
    except _SAYS_WHAT_TO_DO as error:
        raise CannotStart(str(error)) from None
    except OSError as error:
        where = f" ({error.filename})" if error.filename else ""
        raise CannotStart(
            f"cannot write what a run needs{where}: {error.strerror or error}; "
            f"free some space or mend the rights of {place.run_folder}"
        ) from None


def find_programs(
    settings: Settings, progress: Progress
) -> tuple[Asterisk, tuple[str, ...] | None]:
    """Asterisk and the command of espeak-ng, fetched if they are missing.

    Raises `InstallFailed`, `CannotStart`.
    """
    cache = resources.cache_folder()
    asterisk = find_asterisk(settings.asterisk.binary, cache)
    if asterisk is None or find_espeak(cache) is None:
        install(cache, progress)
        asterisk = asterisk or find_asterisk(settings.asterisk.binary, cache)
    if asterisk is None:
        raise CannotStart(
            f"Asterisk was fetched but cannot be found; delete {cache} and start again"
        )
    return asterisk, find_espeak(cache)


def load_plans(settings: Settings) -> dict[LineId, Plan]:
    """The dialplan of each line; raises `CannotStart` with every fault of every file.

    Raises `ResourceMissing` where the folder is not there.
    """
    folder = dialplans_of(settings)
    queues, staff = [queue.id for queue in settings.queues], settings.staff
    loaded: dict[str, Plan] = {}
    faults = missing_plans(settings, folder)
    for name in dict.fromkeys(line.dialplan for line in settings.lines):
        path = folder / name
        try:
            loaded[name] = load_plan(
                path.read_bytes(), file=_shown(path), queues=queues, staff=staff
            )
        except FileNotFoundError:
            pass  # told above
        except OSError as error:
            faults.append(f"{_shown(path)}: {error.strerror}; a line in the settings names it")
        except DialplanFaulty as error:
            faults += [str(fault) for fault in error.faults]
    for line in settings.lines:
        plan = loaded.get(line.dialplan)
        if plan is not None and plan.language != line.language:
            faults.append(
                f"{_shown(folder / line.dialplan)}: is in '{plan.language}', and line "
                f"{line.number} in '{line.language}'; name another 'dialplan' or 'language' there"
            )
    if faults:
        raise CannotStart("the dialplans cannot be used:\n" + "\n".join(faults))
    return {LineId(line.number): loaded[line.dialplan] for line in settings.lines}


@contextmanager
def alone(run_folder: Path) -> Iterator[None]:
    """Hold back whoever else prepares here: Asterisk's own unit does so beside the service's."""
    run_folder.mkdir(parents=True, exist_ok=True)
    descriptor = open_own(run_folder / "preparing", empty=False)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _prepare(
    place: Place, settings: Settings, plans: Mapping[LineId, Plan], progress: Progress
) -> Prepared:
    run_folder = place.run_folder
    asterisk, espeak = find_programs(settings, progress)
    prompts, music = run_folder / "prompts", run_folder / "music"
    today = {plan.hash: plan for plan in plans.values()}
    built = speak_prompts(settings, list(today.values()), espeak, prompts, progress)
    for recording in built.unused:
        progress(f"warning: {recording}")
    write_music(music / "freizeichen.wav")
    credentials = load_credentials(run_folder, [*settings.places, *settings.callers, DOCTOR])
    token, token_file = load_token(run_folder)
    for note in open_to_others(run_folder):
        progress(f"note: {note}")
    secrets = secrets_of(settings, credentials)
    account, folders, renewed = _switch_folders(place, asterisk, (prompts, music), progress)
    changed = render(
        settings,
        secrets,
        asterisk,
        folders,
        templates=resources.asterisk_conf(),
        prompts=prompts,
        music=music,
        readers=account.readers,
        when_down=when_down(plans),
        emergency_ways=emergency_ways(settings, plans),
    )
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
        unused_recordings=built.unused,
        music=music,
        config=Changed.NEEDS_A_RESTART if renewed else changed,
    )


def speak_prompts(
    settings: Settings,
    plans: Sequence[Plan],
    espeak: tuple[str, ...] | None,
    out: Path,
    progress: Progress,
) -> BuildReport:
    """Have a sound file for each prompt of these plans, and no others of ours in this folder.

    Raises as `build_prompts`.
    """
    return build_prompts(
        plans,
        recorded=recordings_of(settings),
        out=out,
        voices=find_voices(espeak, settings.speech.voices, settings.speech.piper),
        progress=_told_now_and_then(progress),
    )


def check_ports(settings: Settings, *, asterisk_runs: bool, service_runs: bool = False) -> None:
    """Every port can be had; raises `CannotStart` naming each that cannot, and its setting."""
    address = settings.listen.address
    wanted = []
    if not service_runs:
        wanted += [("http", settings.ports.http, socket.SOCK_STREAM, address)]
    if not asterisk_runs:
        wanted += [
            ("ami", settings.ports.ami, socket.SOCK_STREAM, "127.0.0.1"),
            ("sip", settings.ports.sip, socket.SOCK_DGRAM, address),
        ]
        match settings.trunk and settings.trunk.transport:
            case "tcp":
                wanted.append(("sip", settings.ports.sip, socket.SOCK_STREAM, address))
            case "tls":
                wanted.append(("sips", settings.ports.sips, socket.SOCK_STREAM, address))
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


def _switch_folders(
    place: Place, asterisk: Asterisk, reads: tuple[Path, ...], progress: Progress
) -> tuple[RunAccount, SwitchFolders, bool]:
    """Asterisk's account and folders, and whether a folder was replaced."""
    account = ordinary_account(place.run_folder.parent)
    folders, renewed = make_folders(place.run_folder, account, asterisk)
    reads = (folders.etc, folders.run, *reads)
    if can_run(account, [*asterisk.command, "-V"], reads=reads):
        return account, folders, renewed
    progress(
        f"note: an ordinary account cannot reach {folders.base} or Asterisk's files, "
        "so Asterisk runs as root"
    )
    root = RunAccount(0, 0)
    folders, again = make_folders(place.run_folder, root, asterisk)
    return root, folders, renewed or again


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
