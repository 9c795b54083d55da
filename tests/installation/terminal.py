"""An administrator's terminal: a real shell at a real tty, to which lines are typed."""

from __future__ import annotations

import os
import pty
import re
import select
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

_PROMPT = re.compile(r"<(\d+) ([^<>\n]*)># $")
_PS1 = r"'<$? $PWD># '"
_PIECE = 65_536


@dataclass(frozen=True, slots=True)
class Typed:
    """What a command printed, its exit status, and for how long it was waited for."""

    printed: str
    status: int
    took_s: float


class Terminal:
    """A shell that waits for a line, or a program of it that asks something."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self.shown = ""  # since the shell was ready last
        self.folder = "/"

    def type_line(self, line: str) -> None:
        """Type a line and Enter."""
        os.write(self._descriptor, f"{line}\n".encode())

    def asks(self, question: str, within_s: float) -> None:
        """Come back when this stands at the end of what is shown."""
        self._read_until(re.compile(f"{re.escape(question)}[^\n]*: $"), within_s)

    def done(self, line: str, began_s: float, within_s: float) -> Typed:
        """Come back when the shell waits for the next line after this one."""
        found = self._read_until(_PROMPT, within_s)
        printed = self.shown[: found.start()].removeprefix(line).strip("\n")
        self.shown, self.folder = "", found[2]
        return Typed(printed, int(found[1]), time.monotonic() - began_s)

    def ready(self) -> None:
        """Wait for the first prompt."""
        self.type_line(f"PS1={_PS1}; PS2=; bind 'set enable-bracketed-paste off'")
        self.done("", time.monotonic(), 10)

    def _read_until(self, wanted: re.Pattern[str], within_s: float) -> re.Match[str]:
        until = time.monotonic() + within_s
        while (found := wanted.search(self.shown)) is None:
            left = until - time.monotonic()
            is_there, _, _ = select.select([self._descriptor], [], [], max(0.0, left))
            assert is_there, f"not within {within_s:g} s: {wanted.pattern}; shown: {self.shown}"
            self.shown += os.read(self._descriptor, _PIECE).decode().replace("\r", "")
        return found


@contextmanager
def terminal(inside: Sequence[str]) -> Iterator[Terminal]:
    """A shell of root's, started by what stands before a command in a machine."""
    ours, theirs = pty.openpty()
    shell = ["setsid", "--ctty", "--wait", *inside, "bash", "--noprofile", "--norc", "-i"]
    process = subprocess.Popen(shell, stdin=theirs, stdout=theirs, stderr=theirs)
    os.close(theirs)
    try:
        opened = Terminal(ours)
        opened.ready()
        yield opened
    finally:
        os.close(ours)  # the shell is hung up on
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(10)
