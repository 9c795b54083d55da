"""Renders `asterisk-conf/` into a run folder: every file our Asterisk reads, from the settings."""

from __future__ import annotations

import hashlib
import os
import re
import resource
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum
from pathlib import Path
from types import MappingProxyType

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from ivr.asterisk.dialled import (
    as_the_provider_spells,
    called_lines,
    client_uri,
    dial_uri,
    host_uri,
    proxy_uri,
    registrar_uri,
    shown_number,
)
from ivr.asterisk.folders import SwitchFolders, link
from ivr.asterisk.install import Asterisk
from ivr.place.private_files import read_plain, write_private
from ivr.place.runfile import Account
from ivr.settings.asterisk import most_channels
from ivr.settings.settings import Settings
from ivr.settings.trunk import EMERGENCY_NUMBERS

AMI_USER = "freizeichen"
FALLBACK_QUEUE = "fallback"
MUSIC = "default"  # on hold
DOCTOR = "fz-doctor"  # our own phone, for `freizeichen doctor`, and its context
ECHO = "echo"  # what it dials there
# The least rights that work; with any more the secret would open more than calls.
AMI_READ = ("system", "call", "user", "agi", "dtmf")
AMI_WRITE = ("call", "agent", "originate", "reporting", "agi")
WATCH_ROUNDS = 300  # of a second each, after which a watch that no other has relieved ends
STANDING = "fz-standing"  # the context that dials the standing emergency number
SOUNDS = "fz"  # our prompts, as Asterisk names their folder
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
    "Registry",
]
# Asterisk complains of each of these that is missing, and runs with its defaults when it is empty.
_EMPTY_FILES = (
    "acl.conf",
    "ccss.conf",
    "cel.conf",
    "features.conf",
    "udptl.conf",
)
# What is heard after a feature code, as Playtones spells it: hertz and milliseconds, once.
CODE_TONES = MappingProxyType(
    {
        "ready": "!523/150,!659/150,!784/400",
        "sign_out": "!784/150,!659/150,!523/400",
        "pause": "!659/150,!0/80,!659/400",
        "refused": "!220/250,!0/100,!220/500",
    }
)
_SYSTEM_CA = Path("/etc/ssl/certs/ca-certificates.crt")
_FILES_FOR_A_CHANNEL = 8
_LISTED_AT_ONCE = 80  # channels whose names, of 50 letters, a variable of the dialplan can hold
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")


# Files that a running Asterisk takes without touching its calls, and the console's line for each.
RELOADS = MappingProxyType(
    {
        "extensions.conf": "dialplan reload",
        "manager.conf": "manager reload",
        "musiconhold.conf": "moh reload",
        "pjsip.conf": "module reload res_pjsip.so",
        "queues.conf": "queue reload all",
    }
)
# An extension of this context names the text of the dialplan: what runs is known by it.
WRITTEN = "fz-written"
_WRITTEN = re.compile(rf"^\[{WRITTEN}\]\nexten => ([0-9a-f]+),", re.MULTILINE)
# What of them is where we are reached, by how its sections begin: taken at a start alone.
_REACHED_BY = MappingProxyType({"manager.conf": "[general]", "pjsip.conf": "[transport-"})


class Changed(IntEnum):
    """How much of a configuration differs from the one that was there."""

    NOTHING = 0
    RELOADS = 1  # only what a running Asterisk takes in with its calls
    NEEDS_A_RESTART = 2


class PathUnusable(Exception):
    """A path cannot stand in Asterisk's configuration; the text says what to do."""


@dataclass(frozen=True, slots=True)
class Silence:
    """When a service that says nothing counts as away, and what then; all in seconds.

    It sets a beat each second. After `music_s` without a new one the dialplan's watch takes every
    caller who waits in AGI, and who arrives then, to music and the line's emergency key. With the
    next beat each goes back to the service; without one, when the last is `dead_s + doubt_s` old,
    the dialplan serves the caller itself, but never before it waited `doubt_s` for a beat: that
    bears a clock that was set, and an Asterisk that stood still.
    Behind the watch stands a caller's absolute timeout: `grace_s`, set anew every `renew_s` while
    the service lives. So without a watch an outage of less than `grace_s - renew_s` cuts nobody's
    music, and everyone has the key `grace_s` after the last renewal at the latest. `leg_s`: how
    long an agent's leg waits in AGI before it looks at the beat. `queue_s`: how long Asterisk's own
    queue may take.
    """

    grace_s: int = 45
    renew_s: int = 15
    music_s: int = 4
    dead_s: int = 15
    doubt_s: int = 5
    leg_s: int = 19
    queue_s: int = 600


@dataclass(frozen=True, slots=True)
class EmergencyWay:
    """How a line's callers reach the emergency number without the service.

    `notice` is the prompt, as `<language>/<id>`, that tells the key; None if it is not told.
    """

    key: str
    notice: str | None


@dataclass(frozen=True, slots=True)
class Secrets:
    """Passwords made at the first start, and the one a provider gave us."""

    ami: str
    places: tuple[Account, ...]
    callers: tuple[Account, ...]
    trunk: str | None = None  # the provider's
    doctor: Account | None = None

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
    readers: int | None,
    when_down: Mapping[str, str],
    emergency_ways: Mapping[str, EmergencyWay] | None = None,
    silence: Silence | None = None,
) -> Changed:
    """Write one Asterisk's configuration, and tell how much of it is new.

    `readers`: the group that may read it besides us. The folders are those of `make_folders`.
    `when_down`: for each line's number the prompt, as `<language>/<id>`, that says that nobody can
    be reached; a line without one only hangs up. `emergency_ways`: by the number of a line too.
    Raises `PathUnusable`, OSError.
    """
    channels = most_channels(settings.asterisk.max_calls)
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
        "most_calls_each_phone": settings.asterisk.calls_each_phone,
        "max_channels": channels,
        "max_files": file_limit(channels),
        "qualify_frequency_s": settings.asterisk.qualify_frequency_s,
        "phone_lost_after_s": settings.asterisk.phone_lost_after_s,
        "ami_address": "127.0.0.1",
        "ami_port": settings.ports.ami,
        "ami_user": AMI_USER,
        "ami_secret": secrets.ami,
        "ami_read": ",".join(AMI_READ),
        "ami_write": ",".join(AMI_WRITE),
        "events": EVENTS,
        "sip_address": settings.listen.address,
        "sip_port": settings.ports.sip,
        "rtp_first": settings.ports.rtp_first,
        "rtp_last": settings.ports.rtp_last,
        "places": secrets.places,
        "callers": secrets.callers,
        "doctor": secrets.doctor,
        "trunk": settings.trunk,
        "trunk_password": secrets.trunk,
        "system_ca": _SYSTEM_CA,
        "sips_port": settings.ports.sips,
        "shown_number": shown_number(settings),
        "called_lines": called_lines(settings),
        "lines": settings.lines,
        "emergency_numbers": EMERGENCY_NUMBERS,
        "code_tones": CODE_TONES,
        "feature_codes": settings.feature_codes.dialled,
        "music": music,
        "when_down": {number: f"{SOUNDS}/{sound}" for number, sound in when_down.items()},
        "emergency": settings.emergency,
        "emergency_ways": emergency_ways or {},
        "sounds": SOUNDS,
        "silence": silence or Silence(),
        "watch_rounds": WATCH_ROUNDS,
        "watch_ends": watch_ends(channels),
        "fallback": FALLBACK_QUEUE,
        "ring_s": round(settings.queues[0].ring_timeout_s),
        "wrap_up_s": round(settings.queues[0].wrap_up_s),
    }
    environment = Environment(  # noqa: S701  (these are configuration files, not HTML)
        loader=FileSystemLoader(templates), undefined=StrictUndefined, keep_trailing_newline=True
    )
    environment.filters["path"] = escaped_path
    environment.filters["word"] = lambda text: text.replace(";", r"\;")
    environment.globals |= {
        "dial_uri": dial_uri,
        "spelled": as_the_provider_spells,
        "host_uri": host_uri,
        "registrar_uri": registrar_uri,
        "client_uri": client_uri,
        "proxy_uri": proxy_uri,
    }
    files = {
        template.name.removesuffix(".j2"): environment.get_template(template.name).render(values)
        for template in sorted(templates.glob("*.conf.j2"))
    } | dict.fromkeys(_EMPTY_FILES, "; empty on purpose\n")
    files["extensions.conf"] += _named(files["extensions.conf"])
    link(folders.base / "data" / "sounds" / SOUNDS, prompts)
    changed = Changed.NOTHING
    for name, text in files.items():
        path = folders.etc / name
        before = read_plain(path)
        if before != text.encode():
            changed = max(changed, _how_much(name, before, text))
        elif _is_for(path, readers):
            continue
        write_private(path, text, group=readers)
    return changed


def watch_ends(channels: int) -> tuple[str, ...]:
    """Endings of channels' names by which they fall into parts that can be listed at once."""
    digits = 1 if channels <= 16 * _LISTED_AT_ONCE else 2
    return tuple(f"{number:0{digits}x}" for number in range(16**digits))


def _named(dialplan: str) -> str:
    name = hashlib.sha256(dialplan.encode()).hexdigest()[:16]
    return f"\n; What stands above, by its name.\n[{WRITTEN}]\nexten => {name},1,Hangup()\n"


def dialplan_name(etc: Path) -> str | None:
    """What a rendered dialplan is called; None for one that has no name, or is not there."""
    found = _WRITTEN.search((read_plain(etc / "extensions.conf") or b"").decode(errors="replace"))
    return found[1] if found else None


def _how_much(name: str, before: bytes | None, text: str) -> Changed:
    """Whether a file that differs is taken by a reload; where we are reached is not."""
    if name not in RELOADS or before is None:
        return Changed.NEEDS_A_RESTART
    same = _reached(name, text) == _reached(name, before.decode())
    return Changed.RELOADS if same else Changed.NEEDS_A_RESTART


def _reached(name: str, text: str) -> list[str]:
    """What a configuration says of where phones, providers and the service reach us."""
    found: list[str] = []
    head, is_told = _REACHED_BY.get(name, "none"), False
    for line in text.splitlines():
        is_told = line.startswith(head) if line.startswith("[") else is_told
        found += [line] if is_told and line else []
    return found


def start_command(asterisk: Asterisk, folders: SwitchFolders) -> list[str]:
    """The command that runs Asterisk in the foreground with our configuration."""
    return [*asterisk.command, *start_words(folders)]


def start_words(folders: SwitchFolders) -> list[str]:
    """What stands behind Asterisk's name when it runs with our configuration."""
    return ["-C", str(folders.etc / "asterisk.conf"), "-f"]


def console_command(asterisk: Asterisk, folders: SwitchFolders, line: str) -> list[str]:
    """The command that asks a running Asterisk something on its console."""
    return [*asterisk.command, "-C", str(folders.etc / "asterisk.conf"), "-rx", line]


def _is_for(path: Path, readers: int | None) -> bool:
    found = path.lstat()
    if readers is None:
        return found.st_mode & 0o077 == 0
    return found.st_gid == readers and found.st_mode & 0o777 == 0o640


def wanted_files(channels: int) -> int:
    """Descriptors that so many channels may need."""
    return 1024 + _FILES_FOR_A_CHANNEL * channels


def file_limit(channels: int) -> int:
    """Descriptors Asterisk may open: eight for a channel, as far as the machine lets us."""
    wanted = wanted_files(channels)
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    return wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)


def escaped_path(path: Path) -> str:
    """A path as Asterisk's configuration spells it; raises `PathUnusable` for one it cannot hold.

    A semicolon would begin a comment, a line break a new setting.
    """
    text = os.fspath(path)
    if _CONTROL.search(text):
        raise PathUnusable(
            f"the path {text!r} holds a line break or another character that Asterisk cannot read; "
            "rename the folder"
        )
    return text.replace(";", r"\;")


def accounts(names: Sequence[str], passwords: dict[str, str]) -> tuple[Account, ...]:
    """Phone accounts for these names, with the passwords known for them."""
    return tuple(Account(name, passwords[name]) for name in names)
