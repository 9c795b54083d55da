"""How commands speak: progress on standard output, complaints on standard error."""

from __future__ import annotations

import sys
from collections.abc import Sequence


def say(line: str) -> None:
    """One line of progress or result, at once."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def complain(text: str) -> None:
    """Why something did not come to be, and what to do; may have several lines."""
    sys.stdout.flush()
    sys.stderr.write(f"freizeichen: {text}\n")
    sys.stderr.flush()


def table(rows: Sequence[Sequence[str]]) -> list[str]:
    """Rows of cells as lines, each column as wide as its longest cell."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    ]


def lasted(seconds: float) -> str:
    """How long something has lasted, as people read it: 0:05, 12:30, 1:00:00."""
    minutes, rest_s = divmod(max(0, int(seconds)), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest_s:02}" if hours else f"{minutes}:{rest_s:02}"


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
