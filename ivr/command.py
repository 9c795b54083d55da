"""Where the command `freizeichen` begins: quiet from its first moment on, however it is ended."""

from __future__ import annotations

import os
import signal
from types import FrameType


def main() -> None:
    """Run the command line."""
    signal.signal(signal.SIGINT, _end_at_once)
    # Imported late on purpose: that takes a second, in which Ctrl-C would print a traceback.
    from ivr.cli import app

    signal.signal(signal.SIGINT, signal.default_int_handler)
    app()


def _end_at_once(_signal: int, _frame: FrameType | None) -> None:
    os._exit(130)


if __name__ == "__main__":
    main()
