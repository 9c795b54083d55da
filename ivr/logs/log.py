"""How the service logs: a line an event, with the call's id; nothing personal.

JSON or text, in a file that turns over, or on standard error for the system's journal. What a
call's task logs has the id of the call (`call`), also from code that does not know it.

An exception is written as its kind and the places it came through. Its message is left out: it may
quote what a caller or visitor sent. For the same reason libraries are heard from warnings on,
whatever the level, and without the values that they fill into their sentences.
"""

from __future__ import annotations

import logging
import re
import sys
import traceback
from collections.abc import Callable
from functools import partial
from logging.handlers import RotatingFileHandler
from pathlib import Path
from typing import Any, TextIO

import structlog
from structlog.typing import EventDict

_LARGEST = 5_000_000  # bytes of one file
_KEPT = 3
_FILE = "service.log"
_PLACES = 6
_PRIORITIES = ((40, 3), (30, 4), (20, 6), (0, 7))  # syslog's, from which level of ours on
# Text is `name=value` in this order, so that a line of a call is found in it too.
_TEXT = structlog.processors.LogfmtRenderer(
    key_order=["timestamp", "level", "event", "call"], drop_missing=True
)
_LEVELS = tuple(
    (getattr(logging, name), name.lower())
    for name in ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")
)
_OURS = frozenset({"ivr", "queues"})
# asyncio's sentences go on with pictures of tasks and calls, with all that they were given.
_PICTURE = re.compile(r"[<({\n]")
# These libraries write whole messages or addresses into their log lines.
_SILENT = ("panoramisk", "pyVoIP", "aiosipua", "aiortp", "httpx", "httpcore")

log = structlog.get_logger()


class _Lines(logging.Handler):
    """Takes lines that are text already, and what libraries log; never raises for one."""

    def emit(self, record: logging.LogRecord) -> None:
        """Write what a library logs."""
        try:
            text = self.format(record)
        except Exception:  # what logging would print instead, on the terminal, quotes it
            self.refused()
        else:
            self.line(record.levelno, text)

    def line(self, level: int, text: str) -> None:
        """Write a line."""
        self.acquire()
        try:
            self.write(level, text)
        except Exception:  # whoever logs must not fail for it
            self.refused()
        finally:
            self.release()

    def write(self, level: int, text: str) -> None:
        """Write a line, whatever that raises."""
        raise NotImplementedError

    def refused(self) -> None:
        """Hear of a line that could not be written."""


class LogFile(_Lines, RotatingFileHandler):
    """A file that may refuse lines, as on a full disk: how many is told in the next that it takes.

    What logging would print instead, on the terminal, quotes messages of errors.
    """

    def __init__(self, path: Path) -> None:
        super().__init__(path, maxBytes=_LARGEST, backupCount=_KEPT, encoding="utf-8")
        self._size = path.stat().st_size  # about; the library asks the disk for each line
        self._refused = 0

    def write(self, level: int, text: str) -> None:
        """Write a line, and how many could not be written before it."""
        if self._size >= self.maxBytes:
            self.doRollover()
            self._size = 0
        if self.stream is None:
            self.stream = self._open()
        self.stream.write(f"{text}\n")
        self.stream.flush()
        self._size += len(text) + 1
        refused, self._refused = self._refused, 0
        if refused:
            log.warning("lines of the log could not be written when they came", lines=refused)

    def refused(self) -> None:
        """Count it."""
        self._refused += 1


def error_places(_logger: Any, _method: str, event: EventDict) -> EventDict:
    """Replace an exception by its kind and the lines it came through."""
    raised = event.pop("exc_info", None)
    if raised is True:
        raised = sys.exc_info()
    if isinstance(raised, tuple):
        raised = raised[1]
    if isinstance(raised, BaseException):
        event["error"], event["places"] = places_of(raised)
    return event


def places_of(error: BaseException) -> tuple[str, list[str]]:
    """The kind of an error, or of the first in a group, and the last lines it came through."""
    first = first_of(error)
    frames = traceback.extract_tb(first.__traceback__)[-_PLACES:]
    places = [f"{Path(each.filename).name}:{each.lineno} {each.name}" for each in frames]
    return type(first).__name__, places


def first_of(error: BaseException) -> BaseException:
    """The first error inside a group of groups; an error that is no group is itself."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error


def without_values(record: logging.LogRecord) -> bool:
    """Let our own lines pass, and of libraries the bare sentences of warnings and errors."""
    if record.name.split(".")[0] in _OURS:
        return True
    record.msg, record.args = _PICTURE.split(str(record.msg), maxsplit=1)[0].strip(), ()
    return record.levelno >= logging.WARNING


def log_level(name: str) -> int:
    """The level of this name, such as `debug`."""
    return logging.getLevelNamesMapping()[name.upper()]


class JournalStream(_Lines, logging.StreamHandler[TextIO]):
    """Standard error as the system's journal reads it: each line begins with its priority.

    A line that nobody takes is let go of; what logging would print instead quotes errors.
    """

    def write(self, level: int, text: str) -> None:
        """Write a line; journald takes the priority off again."""
        priority = next(code for least, code in _PRIORITIES if level >= least)
        self.stream.write(f"<{priority}>{text}\n")
        self.flush()


class _Straight:
    """Gives lines of ours, which are text already, to the file without a detour.

    logging would make a record of each, and find out its place and thread, which no line tells.
    """

    def __init__(self, line: Callable[[int, str], None]) -> None:
        for level, name in _LEVELS:
            setattr(self, name, partial(line, level))


def log_files(folder: Path) -> list[Path]:
    """The files of the log that are there, the oldest first."""
    names = [*(f"{_FILE}.{number}" for number in range(_KEPT, 0, -1)), _FILE]
    return [folder / name for name in names if (folder / name).is_file()]


def set_up_log(
    folder: Path,
    level: int = logging.INFO,
    *,
    as_text: bool = False,
    to_journal: bool = False,
) -> Path:
    """Send everything that is logged, libraries included, into `service.log` in this folder.

    With `to_journal` to standard error instead.
    """
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / _FILE
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        error_places,
    ]
    as_line: structlog.typing.Processor = (
        _TEXT if as_text else structlog.processors.JSONRenderer(ensure_ascii=False)
    )
    handler = JournalStream(sys.stderr) if to_journal else LogFile(path)
    straight = _Straight(handler.line)
    structlog.configure(
        processors=[*shared, as_line],
        logger_factory=lambda *_: straight,
        wrapper_class=structlog.make_filtering_bound_logger(level),
        cache_logger_on_first_use=False,
    )
    handler.addFilter(without_values)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, as_line],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    for name in _SILENT:
        logging.getLogger(name).setLevel(logging.CRITICAL + 1)
    structlog.get_logger(__name__).log(level, "the log begins")
    return path
