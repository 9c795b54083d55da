"""One Asterisk process: started, waited for, adopted when a service before us left it, ended."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

from ivr.asterisk.account import RunAccount
from ivr.asterisk.config import SwitchFolders, console_command, start_command
from ivr.asterisk.install import Asterisk

_BOOT_S = 30.0
_STOP_S = 5.0
_LOOK_S = 0.05


class SwitchFailed(Exception):
    """Asterisk did not start or ended early; the text holds its own last words."""


@dataclass(slots=True)
class SwitchProcess:
    """A handle on the Asterisk of one run folder. It outlives the service that is killed."""

    asterisk: Asterisk
    folders: SwitchFolders
    account: RunAccount
    _child: subprocess.Popen[bytes] | None = field(default=None, init=False)

    @property
    def pid(self) -> int | None:
        """The process id of the running Asterisk of this run folder, or None."""
        try:
            pid = int(self._pid_file.read_text())
        except (OSError, ValueError):
            return None
        return pid if self._is_ours(pid) else None

    def start(self) -> None:
        """Start it in a session of its own: neither a Ctrl-C nor our death reaches its calls."""
        self._output.parent.mkdir(parents=True, exist_ok=True)
        with self._output.open("wb") as output:
            self._child = subprocess.Popen(  # noqa: S603  (our own command)
                start_command(self.asterisk, self.folders),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                cwd=self.folders.base,
                env={
                    "PATH": os.environ.get("PATH", ""),
                    "HOME": str(self.folders.base),
                    "LANG": "C.UTF-8",
                },
                start_new_session=True,
                **self.account.popen_options(),
            )
        self._pid_file.write_text(str(self._child.pid))

    async def wait_booted(self) -> None:
        """Return when it is ready for calls; raises `SwitchFailed` with Asterisk's last words."""
        try:
            async with asyncio.timeout(_BOOT_S):
                while not await self._is_booted():
                    if self._child is not None and self._child.poll() is not None:
                        raise SwitchFailed(f"Asterisk ended while starting: {self._last_words()}")
                    await asyncio.sleep(_LOOK_S)
        except TimeoutError:
            raise SwitchFailed(
                f"Asterisk was not ready after {_BOOT_S:.0f} s: {self._last_words()}"
            ) from None

    def has_ended(self) -> bool:
        """Whether the process is gone."""
        if self._child is not None:
            return self._child.poll() is not None
        return self.pid is None

    async def stop(self) -> None:
        """End it: politely, then at once. Nothing happens when it is gone already."""
        for kind in (signal.SIGTERM, signal.SIGKILL):
            pid = self.pid
            if pid is None:
                break
            os.kill(pid, kind)
            try:
                async with asyncio.timeout(_STOP_S):
                    while not self.has_ended():  # noqa: ASYNC110  (a process sets no event)
                        await asyncio.sleep(_LOOK_S)
            except TimeoutError:
                continue
        if self._child is not None:
            self._child.poll()  # one that was killed by somebody else is taken from the table
        self._pid_file.unlink(missing_ok=True)
        for name in ("asterisk.ctl", "asterisk.pid"):
            (self.folders.run / name).unlink(missing_ok=True)

    async def console(self, line: str) -> str:
        """What the console answers to one of our own fixed lines."""
        process = await asyncio.create_subprocess_exec(
            *console_command(self.asterisk, self.folders, line),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        try:
            async with asyncio.timeout(_BOOT_S):
                output, _ = await process.communicate()
        except TimeoutError:
            process.kill()
            await process.wait()
            raise
        return output.decode(errors="replace")

    async def _is_booted(self) -> bool:
        if not (self.folders.run / "asterisk.ctl").exists():
            return False
        try:
            return "fully booted" in await self.console("core waitfullybooted")
        except TimeoutError:
            return False

    def _is_ours(self, pid: int) -> bool:
        # A process id is used again after a restart of the machine: look at what runs under it.
        try:
            words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
            state = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
        except OSError:
            return False
        return str(self.folders.etc / "asterisk.conf").encode() in words and state != "Z"

    def _last_words(self) -> str:
        lines: list[str] = []
        for path in (self._output, self.folders.log / "messages"):
            if path.exists():
                lines += path.read_text(errors="replace").splitlines()[-4:]
        return " | ".join(line.strip() for line in lines if line.strip()) or "it said nothing"

    @property
    def _pid_file(self) -> Path:
        return self.folders.base / "asterisk.pid"

    @property
    def _output(self) -> Path:
        return self.folders.log / "output"
