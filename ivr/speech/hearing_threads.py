"""The threads that decode: they take one piece of work after the other, and never hold up an end.

They are daemons: one that hangs in Vosk is left behind when the process ends. Those of
`concurrent.futures` would be waited for by the interpreter, for ever.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from queue import Empty, SimpleQueue

import structlog

_NICE = 5
_CLOSED_WITHIN_S = 2.0

Work = Callable[[], object]

log = structlog.get_logger()


class ThreadsClosed(Exception):
    """Work was given to threads that have ended."""

    code = "threads_closed"


class HearingThreads:
    """So many threads, started with the first piece of work. Its methods may be called anywhere."""

    def __init__(self, threads: int) -> None:
        self._many = threads
        self._threads: list[threading.Thread] = []
        self._work: SimpleQueue[Work | None] = SimpleQueue()
        self._closed = False
        self._lock = threading.Lock()

    def submit(self, work: Work) -> None:
        """Have this done in its turn. Raises `ThreadsClosed`."""
        with self._lock:
            if self._closed:
                raise ThreadsClosed
            while len(self._threads) < self._many:
                name = f"hearing_{len(self._threads)}"
                thread = threading.Thread(target=self._run, name=name, daemon=True)
                self._threads.append(thread)
                thread.start()
            self._work.put(work)

    def close(self, within_s: float = _CLOSED_WITHIN_S) -> None:
        """Drop what was not begun, and wait so long at most for what was."""
        with self._lock:
            self._closed = True
        try:
            while True:
                self._work.get_nowait()
        except Empty:
            pass
        for _ in self._threads:
            self._work.put(None)
        until = time.monotonic() + within_s
        for thread in self._threads:
            thread.join(max(0.0, until - time.monotonic()))

    def _run(self) -> None:
        # The loop, which carries every caller's sound, goes before the threads that hear.
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), _NICE)
        while (work := self._work.get()) is not None:
            try:
                work()
            except Exception as error:  # the next piece is another caller's
                log.error("a piece of hearing failed", exc_info=error)
            del work  # it holds a stream, and the next piece may be long in coming
