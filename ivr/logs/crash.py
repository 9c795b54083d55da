"""What an error that nobody caught leaves behind: its kind and its places, never what it quotes.

Python would print the message of the error and of all that led to it, and pictures of objects;
they may hold what a caller said or a visitor sent.
"""

from __future__ import annotations

import sys
import threading
from types import TracebackType

import structlog

from ivr.logs.log import places_of

log = structlog.get_logger()


def tell_crashes_without_values() -> None:
    """From now on errors that end the process, a thread or an object's life are told that way."""
    sys.excepthook = _ended
    threading.excepthook = lambda args: _tell("a thread ended by an error", args.exc_value)
    sys.unraisablehook = lambda args: _tell("an error that nobody could catch", args.exc_value)


def _ended(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    if issubclass(kind, KeyboardInterrupt):
        sys.__excepthook__(kind, error, trace)
        return
    _tell("the service ended by an error", error)


def _tell(what: str, error: BaseException | None) -> None:
    if error is None:
        return
    log.critical(what, exc_info=error)
    name, places = places_of(error)
    sys.stderr.write(f"{what}: {name}, through {', '.join(places) or 'no place'}\n")
