"""Where the command `freizeichen` begins: quiet from its first moment on, however it is ended."""

from __future__ import annotations

import gc
import os
import signal
import sys
from types import FrameType


def main() -> None:
    """Run the command line."""
    signal.signal(signal.SIGINT, _end_at_once)
    gc.disable()  # imports make much that stays, and nothing to be collected
    # Imported late on purpose: that can take a second, in which Ctrl-C would print a traceback.
    from ivr.cli import app, import_ahead

    import_ahead(sys.argv[1:])
    gc.enable()
    signal.signal(signal.SIGINT, signal.default_int_handler)
    app()


def _end_at_once(_signal: int, _frame: FrameType | None) -> None:
    os._exit(130)


if __name__ == "__main__":
    main()
