"""A process that does nothing but make records, a row at a time, for a test that kills it.

`python -m tests.store.projecting_process URL FOLDER`: for each line read it forks a child that
opens the store and follows its journal, printing each row it has committed, until it is killed or
done. When the child is gone, "gone" is printed, or "done".
"""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

from ivr.keeping.projector import Projector
from queues.reports import Projection
from queues.store import Position, Store, migrate
from queues.store.schema import STORE


class Telling(Projector):
    """Tells each position after it was committed."""

    def _keep(self, before: Position, seq: int, projection: Projection) -> Position:
        after = super()._keep(before, seq, projection)
        os.write(1, f"{seq}\n".encode())
        return after


def main() -> None:
    url, folder = sys.argv[1], Path(sys.argv[2])
    assert migrate.last(STORE)  # all that is needed is imported before the first fork
    while sys.stdin.readline():
        child = os.fork()
        if child == 0:
            store = Store.open(url, key_file=folder / "store.key", node="child", wait=True)
            os.write(1, f"child {os.getpid()}\n".encode())
            Telling(store, rows=1).follow()
            os._exit(0)
        _, status = os.waitpid(child, 0)
        killed = os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL
        os.write(1, b"gone\n" if killed else b"done\n")


if __name__ == "__main__":
    main()
