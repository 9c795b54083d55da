"""One Asterisk process: started, waited for, adopted when a service before us left it, ended.

One that runs by itself (`freizeichen asterisk run`, a unit of its own) is only waited for.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import subprocess
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import NoReturn

from ivr.asterisk.account import RunAccount, become
from ivr.asterisk.config import console_command, start_command, start_words
from ivr.asterisk.folders import SwitchFolders
from ivr.asterisk.install import Asterisk
from ivr.place.private_files import open_own, read_plain, write_private

_BOOT_S = 30.0
_STOP_S = 5.0
_LOOK_S = 0.05
_CONSOLE_LOOK_S = 0.01
_LOOK_THERE_S = 0.2


class SwitchFailed(Exception):
    """Asterisk did not start or ended early; the text holds its own last words."""


@dataclass(slots=True)
class SwitchProcess:
    """A handle on the Asterisk of one run folder. It outlives the service that is killed."""

    asterisk: Asterisk
    folders: SwitchFolders
    account: RunAccount
    runs_by_itself: bool = False  # neither started nor stopped by us
    _child: subprocess.Popen[bytes] | None = field(default=None, init=False)

    @property
    def pid(self) -> int | None:
        """The process id of the running Asterisk of this run folder, or None.

        A service that was killed may have left one whose id it had not written down yet.
        """
        return running_pid(self.folders, self.account)

    def start(self) -> None:
        """Start it in a session of its own: neither a Ctrl-C nor our death reaches its calls."""
        output = open_own(self.folders.output, empty=True)
        try:
            self._child = self._open(
                start_command(self.asterisk, self.folders), output, start_new_session=True
            )
        finally:
            os.close(output)
        write_private(self.folders.pid_file, str(self._child.pid))

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

    def become(self) -> NoReturn:
        """Be Asterisk from here on, as the account; for a command that its own unit runs."""
        write_private(self.folders.pid_file, str(os.getpid()))
        output = open_own(self.folders.output, empty=True)
        for descriptor in (1, 2):
            os.dup2(output, descriptor)
        os.chdir(self.folders.base)
        if os.geteuid() == 0 and self.account.uid != 0:
            become(self.account)
        command = start_command(self.asterisk, self.folders)
        os.execve(command[0], command, self._environment())  # noqa: S606  (our own command)

    async def wait_there(self, within_s: float | None) -> bool:
        """Wait for one that somebody else starts; whether it is there."""
        try:
            async with asyncio.timeout(within_s):
                while self.pid is None:  # noqa: ASYNC110  (a process sets no event)
                    await asyncio.sleep(_LOOK_THERE_S)
        except TimeoutError:
            return False
        return True

    def is_older_than_its_files(self) -> bool:
        """Whether a file of its configuration is younger than the start that read them."""
        try:
            began = self.folders.pid_file.stat().st_mtime_ns
            return any(each.stat().st_mtime_ns > began for each in self.folders.etc.iterdir())
        except OSError:
            return True

    async def end(self) -> None:
        """End the process, and leave its files to whoever starts the next."""
        await self._kill(lambda pid: self.pid != pid)

    def has_ended(self) -> bool:
        """Whether the process is gone."""
        if self._child is not None:
            return self._child.poll() is not None
        return self.pid is None

    async def stop(self) -> None:
        """End it: politely, then at once. Nothing happens when it is gone already."""
        await self._kill(lambda _: self.has_ended())
        if self._child is not None:  # one that was killed by somebody else may still be going
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_STOP_S):
                    while self._child.poll() is None:  # noqa: ASYNC110  (as above)
                        await asyncio.sleep(_LOOK_S)
        self.folders.pid_file.unlink(missing_ok=True)
        for name in ("asterisk.ctl", "asterisk.pid"):
            (self.folders.run / name).unlink(missing_ok=True)

    async def _kill(self, is_over: Callable[[int], bool]) -> None:
        """Politely, then at once, until that is over of the process of this id."""
        for kind in (signal.SIGTERM, signal.SIGKILL):
            pid = self.pid
            if pid is None:
                return
            with contextlib.suppress(ProcessLookupError):  # gone by itself since we looked
                os.kill(pid, kind)
            try:
                async with asyncio.timeout(_STOP_S):
                    while not is_over(pid):  # noqa: ASYNC110  (a process sets no event)
                        await asyncio.sleep(_LOOK_S)
            except TimeoutError:
                continue

    async def console(self, line: str) -> str:
        """What the console answers to one of our own fixed lines; raises TimeoutError."""
        # Under Asterisk's account, as socket and answer are its own; uvloop cannot start such a
        # process, hence the looking.
        with tempfile.TemporaryFile() as output:
            child = self._open(
                console_command(self.asterisk, self.folders, line), output.fileno(), errors=False
            )
            try:
                async with asyncio.timeout(_BOOT_S):
                    while child.poll() is None:  # noqa: ASYNC110  (a process sets no event)
                        await asyncio.sleep(_CONSOLE_LOOK_S)
            finally:
                if child.poll() is None:
                    child.kill()
                    child.wait()
            output.seek(0)
            return output.read().decode(errors="replace")

    def _open(
        self,
        command: list[str],
        output: int,
        *,
        errors: bool = True,
        start_new_session: bool = False,
    ) -> subprocess.Popen[bytes]:
        """Run Asterisk's program under its account, with nothing of our own environment."""
        return subprocess.Popen(  # noqa: S603  (our own command)
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT if errors else subprocess.DEVNULL,
            cwd=self.folders.base,
            env=self._environment(),
            start_new_session=start_new_session,
            **self.account.popen_options(),
        )

    def _environment(self) -> dict[str, str]:
        return {
            "PATH": os.environ.get("PATH", ""),
            "HOME": str(self.folders.base / "spool"),
            "LANG": "C.UTF-8",
        }

    async def _is_booted(self) -> bool:
        if not (self.folders.run / "asterisk.ctl").exists():
            return False
        try:
            return "fully booted" in await self.console("core waitfullybooted")
        except TimeoutError:
            return False

    def _last_words(self) -> str:
        lines: list[str] = []
        for path in (self.folders.output, self.folders.log / "messages"):
            text = (read_plain(path) or b"").decode(errors="replace")
            lines += text.splitlines()[-4:]
        return " | ".join(line.strip() for line in lines if line.strip()) or "it said nothing"


class AnothersSwitch(SwitchProcess):
    """An Asterisk that somebody else runs, and that includes ours: the link alone tells of it."""

    def has_ended(self) -> bool:
        """Never: whoever runs it starts it again, and the link comes back by itself."""
        return False


def running_pid(folders: SwitchFolders, account: RunAccount) -> int | None:
    """The process id of the Asterisk that runs with these folders, or None."""
    try:
        pid = int(read_plain(folders.pid_file) or b"")
    except ValueError:
        pid = 0
    if pid and _is_ours(pid, folders, account):
        return pid
    everyone = (int(name) for name in os.listdir("/proc") if name.isdigit())
    return next((pid for pid in everyone if _is_ours(pid, folders, account)), None)


def _is_ours(pid: int, folders: SwitchFolders, account: RunAccount) -> bool:
    # A process id is used again after a restart of the machine: look at what runs under it.
    place = Path("/proc") / str(pid)
    try:
        owner = place.stat().st_uid
        words = (place / "cmdline").read_bytes().split(b"\0")[:-1]
        state = (place / "stat").read_bytes().rpartition(b")")[2].split()[0]
    except OSError:
        return False
    last = [os.fsencode(word) for word in start_words(folders)]
    return words[-len(last) :] == last and state != b"Z" and owner in {account.uid, os.geteuid()}
