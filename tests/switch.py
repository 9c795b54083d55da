"""A real Asterisk for tests: its own ports, its own folders, ended with the test session.

Use the fixture `switch` (session-wide, shared) or `async with running_switch(folder, ...)`. A
`Switch` tells ports, phone accounts and the AMI secret, asks the console, and can be stopped,
started, frozen (`freeze()`, `thaw()`: a half-open link) and killed. Extra dialplan or pjsip text is
appended with `extra_extensions=`, `extra_pjsip=`, `extra_modules=`. The folder must be
one that the account which runs Asterisk can reach: see `tests/folders.py`.
"""

from __future__ import annotations

import asyncio
import math
import os
import signal
import socket
import wave
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from ivr import resources
from ivr.asterisk.account import ordinary_account
from ivr.asterisk.config import DOCTOR, EmergencyWay, Secrets, Silence, accounts, render
from ivr.asterisk.folders import make_folders
from ivr.asterisk.process import SwitchProcess
from ivr.place.credentials import trunk_password
from ivr.place.runfile import Account
from ivr.settings.settings import Settings
from tests.programs import real_asterisk

ROOT = Path(__file__).parent.parent
# For tests without a service that beats: the dialplan waits for it for ever.
_FOR_EVER = 10**10
NEVER_SILENT = Silence(grace_s=86_400, dead_s=_FOR_EVER, music_s=_FOR_EVER)


def free_ports(count: int, kind: socket.SocketKind = socket.SOCK_STREAM) -> list[int]:
    """That many ports that nobody listens on just now."""
    sockets = [socket.socket(socket.AF_INET, kind) for _ in range(count)]
    try:
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]
    finally:
        for each in sockets:
            each.close()


def test_settings(**changes: object) -> Settings:
    """Settings of a small place on free ports."""
    ami, http, sips = free_ports(3)
    (sip,) = free_ports(1, socket.SOCK_DGRAM)
    # Each Asterisk of the tests begins to look for RTP ports elsewhere, by the chance of the SIP
    # port, below the ports that the kernel gives: the SIP port must not lie among them.
    first = 22_000 + (sip % 45) * 200
    values: dict[str, object] = {
        "version": 1,
        "ports": {
            "sip": sip,
            "sips": sips,
            "ami": ami,
            "http": http,
            "rtp_first": first,
            "rtp_last": first + 1_699,
        },
        "asterisk": {"qualify_frequency_s": 1, "most_calls_each_phone": 399},
        "lines": [
            {"number": "100", "name": "German", "language": "de", "dialplan": "de/main.yaml"},
            {"number": "200", "name": "English", "language": "en", "dialplan": "en/main.yaml"},
            {"number": "300", "name": "Korean", "language": "ko", "dialplan": "ko/main.yaml"},
        ],
        "queues": [{"id": "service", "ring_timeout_s": 4, "wrap_up_s": 1}],
        "places": ["desk1", "desk2"],
        "callers": ["caller1"],
        "agents": [
            {"id": "anna", "name": "Anna", "place": "desk1", "queues": ["service"]},
            {"id": "jiwoo", "name": "Jiwoo", "place": "desk2", "queues": ["service"]},
        ],
    }
    return Settings(**(values | changes))  # type: ignore[arg-type]


test_settings.__test__ = False  # type: ignore[attr-defined]


@dataclass(slots=True)
class Switch:
    """A running Asterisk of the tests."""

    settings: Settings
    secrets: Secrets
    process: SwitchProcess
    prompts: Path
    music: Path

    @property
    def ami_port(self) -> int:
        return self.settings.ports.ami

    @property
    def sip_port(self) -> int:
        return self.settings.ports.sip

    @property
    def caller(self) -> Account:
        return self.secrets.callers[0]

    def place(self, name: str) -> Account:
        return next(account for account in self.secrets.places if account.username == name)

    async def console(self, line: str) -> str:
        return await self.process.console(line)

    async def start(self) -> None:
        self.process.start()
        await self.process.wait_booted()

    async def stop(self) -> None:
        await self.process.stop()

    def kill(self) -> None:
        self._signal(signal.SIGKILL)

    def freeze(self) -> None:
        self._signal(signal.SIGSTOP)

    def thaw(self) -> None:
        self._signal(signal.SIGCONT)

    def _signal(self, kind: signal.Signals) -> None:
        pid = self.process.pid
        assert pid is not None, "Asterisk is not running"
        os.kill(pid, kind)


def write_tone(path: Path, hz: int, seconds: float = 1.0) -> None:
    """A tone at half amplitude, 8 kHz mono 16 bit."""
    samples = (
        round(16_000 * math.sin(2 * math.pi * hz * n / 8000)) for n in range(int(8000 * seconds))
    )
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(8000)
        file.writeframes(b"".join(sample.to_bytes(2, "little", signed=True) for sample in samples))


@asynccontextmanager
async def running_switch(
    folder: Path,
    *,
    settings: Settings | None = None,
    prompts: Path | None = None,
    music: Path | None = None,
    extra_extensions: str = "",
    extra_pjsip: str = "",
    extra_modules: str = "",
    when_down: Mapping[str, str] | None = None,
    emergency_ways: Mapping[str, EmergencyWay] | None = None,
    silence: Silence = NEVER_SILENT,
) -> AsyncIterator[Switch]:
    """An Asterisk of its own in this folder, ready for calls; ended afterwards.

    `silence`: by when its dialplan serves callers itself because no service beats.
    """
    asterisk = real_asterisk()
    settings = settings or test_settings()
    prompts, music = prompts or folder / "prompts", music or folder / "music"
    for each in (prompts, music):
        each.mkdir(parents=True, exist_ok=True)
    if not any(music.iterdir()):
        write_tone(music / "music.wav", 330)
    passwords = {name: f"pw-{name}" for name in (*settings.places, *settings.callers)}
    secrets = Secrets(
        "ami-secret",
        accounts(settings.places, passwords),
        accounts(settings.callers, passwords),
        trunk_password(settings.trunk),
        Account(DOCTOR, f"pw-{DOCTOR}"),
    )
    account = ordinary_account(ROOT)
    folders, _ = make_folders(folder, account, asterisk)
    render(
        settings,
        secrets,
        asterisk,
        folders,
        templates=resources.asterisk_conf(),
        prompts=prompts,
        music=music,
        readers=account.readers,
        when_down=when_down or {},
        emergency_ways=emergency_ways,
        silence=silence,
    )
    for name, text in (
        ("extensions.conf", extra_extensions),
        ("pjsip.conf", extra_pjsip),
        ("modules.conf", extra_modules),
    ):
        with (folders.etc / name).open("a") as file:
            file.write(f"\n{text}\n")
    switch = Switch(settings, secrets, SwitchProcess(asterisk, folders, account), prompts, music)
    await switch.start()
    try:
        yield switch
    finally:
        if switch.process.pid is not None:
            switch.thaw()
        await switch.stop()


async def console_says(
    switch: Switch, line: str, met: Callable[[str], bool], within_s: float = 10.0
) -> None:
    """Come back when what the console answers meets this."""
    shown = ""
    try:
        async with asyncio.timeout(within_s):
            while not met(shown := await switch.console(line)):  # noqa: ASYNC110  (no event)
                await asyncio.sleep(0.02)
    except TimeoutError:
        raise AssertionError(f"'{line}' says {shown}") from None
