"""How commands speak: progress on standard output, complaints on standard error."""

from __future__ import annotations

import sys


def say(line: str) -> None:
    """One line of progress or result, at once."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def complain(text: str) -> None:
    """Why something did not come to be, and what to do; may have several lines."""
    sys.stdout.flush()
    sys.stderr.write(f"freizeichen: {text}\n")
    sys.stderr.flush()


class Progress:
    """How far long work is: on standard error, on a terminal in one line that is written over.

    Elsewhere a line for each quarter, or for each step if the total is not known.
    """

    def __init__(self, what: str, total: int | None = None) -> None:
        """`what` is counted, up to `total` if that is known."""
        self._what, self._total, self._done = what, total, 0
        self._over = sys.stderr.isatty()

    def step(self, by: int = 1) -> None:
        """So much more is done."""
        self._done += by
        of = f" of {self._total}" if self._total else ""
        if self._over:
            sys.stderr.write(f"\r\x1b[K{self._done}{of} {self._what}")
        elif not self._total:
            sys.stderr.write(f"{self._done} {self._what}\n")
        elif self._done * 4 // self._total > (self._done - by) * 4 // self._total:
            sys.stderr.write(f"{self._done}{of} {self._what}\n")
        sys.stderr.flush()

    def end(self) -> None:
        """Take the line away again."""
        if self._over:
            sys.stderr.write("\r\x1b[K")
            sys.stderr.flush()
