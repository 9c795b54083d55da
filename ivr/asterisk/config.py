"""Renders `asterisk-conf/` into a run folder: every file our Asterisk reads, from the settings."""

from __future__ import annotations

import hashlib
import os
import resource
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from ivr.asterisk.install import Asterisk
from ivr.runfile import Account
from ivr.settings import Settings

AMI_USER = "freizeichen"
SOUNDS = "fz"  # our prompts, as Asterisk names their folder
EMERGENCY_NUMBERS = ("110", "112", "116117")
# What the service hears; Asterisk sends nothing else (half of all events are Newexten and VarSet).
EVENTS = [
    "FullyBooted",
    "Shutdown",
    "AsyncAGIStart",
    "AsyncAGIEnd",
    "AsyncAGIExec",
    "DTMFEnd",
    "DialState",
    "OriginateResponse",
    "BridgeEnter",
    "BridgeLeave",
    "Hangup",
    "Hold",
    "Unhold",
    "ContactStatus",
    "DeviceStateChange",
]
# Asterisk complains of each of these that is missing, and runs with its defaults when it is empty.
_EMPTY_FILES = (
    "acl.conf",
    "ccss.conf",
    "cel.conf",
    "features.conf",
    "pjproject.conf",
    "udptl.conf",
)
_LONGEST_SOCKET_PATH = 100  # of the 107 bytes a Unix socket's name may have
_FILES_FOR_A_CALL = 8


@dataclass(frozen=True, slots=True)
class SwitchFolders:
    """The folders of one running Asterisk, below the run folder but for perhaps the socket's."""

    base: Path
    run: Path

    @classmethod
    def below(cls, run_folder: Path) -> SwitchFolders:
        """The folders for this run folder; a socket path too long for Unix lies elsewhere."""
        base = run_folder / "asterisk"
        run = base / "run"
        if len(str(run / "asterisk.ctl")) > _LONGEST_SOCKET_PATH:
            key = hashlib.sha256(str(base).encode()).hexdigest()[:16]
            run = Path(tempfile.gettempdir()) / f"freizeichen-{os.geteuid()}-{key}"
        return cls(base, run)

    @property
    def etc(self) -> Path:
        """Rendered configuration."""
        return self.base / "etc"

    @property
    def log(self) -> Path:
        """Asterisk's own log: warnings and errors."""
        return self.base / "log"


@dataclass(frozen=True, slots=True)
class Secrets:
    """Passwords made at the first start."""

    ami: str
    places: tuple[Account, ...]
    callers: tuple[Account, ...]

    def __repr__(self) -> str:
        return "Secrets(…)"


def render(
    settings: Settings,
    secrets: Secrets,
    asterisk: Asterisk,
    folders: SwitchFolders,
    *,
    templates: Path,
    prompts: Path,
    music: Path,
) -> bool:
    """Write one Asterisk's configuration and make its folders; False if nothing changed."""
    _make_folders(folders, asterisk, prompts)
    values = {
        "etc": folders.etc,
        "modules": asterisk.modules,
        "var": folders.base / "var",
        "data": folders.base / "data",
        "empty": folders.base / "empty",
        "spool": folders.base / "spool",
        "run": folders.run,
        "log": folders.log,
        "max_calls": settings.asterisk.max_calls,
        "max_files": file_limit(settings.asterisk.max_calls),
        "qualify_frequency_s": settings.asterisk.qualify_frequency_s,
        "ami_address": "127.0.0.1",
        "ami_port": settings.ports.ami,
        "ami_user": AMI_USER,
        "ami_secret": secrets.ami,
        "events": EVENTS,
        "sip_address": settings.listen.address,
        "sip_port": settings.ports.sip,
        "rtp_first": settings.ports.rtp_first,
        "rtp_last": settings.ports.rtp_last,
        "places": secrets.places,
        "callers": secrets.callers,
        "trunk": settings.trunk,
        "lines": settings.lines,
        "emergency_numbers": EMERGENCY_NUMBERS,
        "music": music,
    }
    environment = Environment(  # noqa: S701  (these are configuration files, not HTML)
        loader=FileSystemLoader(templates), undefined=StrictUndefined, keep_trailing_newline=True
    )
    files = {
        template.name.removesuffix(".j2"): environment.get_template(template.name).render(values)
        for template in sorted(templates.glob("*.conf.j2"))
    } | dict.fromkeys(_EMPTY_FILES, "; empty on purpose\n")
    changed = [name for name, text in files.items() if _differs(folders.etc / name, text)]
    for name in changed:
        _write_private(folders.etc / name, files[name])
    return bool(changed)


def start_command(asterisk: Asterisk, folders: SwitchFolders) -> list[str]:
    """The command that runs Asterisk in the foreground with our configuration."""
    return [*asterisk.command, "-C", str(folders.etc / "asterisk.conf"), "-f"]


def console_command(asterisk: Asterisk, folders: SwitchFolders, line: str) -> list[str]:
    """The command that asks a running Asterisk something on its console."""
    return [*asterisk.command, "-C", str(folders.etc / "asterisk.conf"), "-rx", line]


def file_limit(max_calls: int) -> int:
    """Descriptors Asterisk may open: eight for a call, as far as the machine lets us."""
    wanted = 1024 + _FILES_FOR_A_CALL * max_calls
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    return wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)


def _make_folders(folders: SwitchFolders, asterisk: Asterisk, prompts: Path) -> None:
    names = ("etc", "var", "var/keys", "data", "empty", "spool", "log")
    for folder in (*(folders.base / name for name in names), folders.run):
        folder.mkdir(parents=True, exist_ok=True, mode=0o750)
    # Asterisk finds sounds below its data folder only; the rest there is the installed one's.
    links = {entry.name: entry for entry in asterisk.data.iterdir() if entry.name != "sounds"}
    for name, target in links.items():
        _link(folders.base / "data" / name, target)
    (folders.base / "data" / "sounds").mkdir(exist_ok=True)
    _link(folders.base / "data" / "sounds" / SOUNDS, prompts)


def _link(path: Path, target: Path) -> None:
    if path.is_symlink():
        if path.readlink() == target:
            return
        path.unlink()
    path.symlink_to(target)


def _differs(path: Path, text: str) -> bool:
    try:
        return path.read_text(encoding="utf-8") != text
    except (OSError, UnicodeDecodeError):
        return True


def _write_private(path: Path, text: str) -> None:
    path.unlink(missing_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)


def accounts(names: Sequence[str], passwords: dict[str, str]) -> tuple[Account, ...]:
    """Phone accounts for these names, with the passwords known for them."""
    return tuple(Account(name, passwords[name]) for name in names)
