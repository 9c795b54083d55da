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
