"""A process that does nothing but write to a store, for a test that kills it.

`python -m tests.store.writing_process URL FOLDER`: for each line read it forks a child that opens
the store and submits groups of rows, each telling its group, until it is killed. The child's id is
printed, then each group that was acknowledged; when the child is gone, "gone".
"""

from __future__ import annotations

import json
import os
import signal
import sys
from pathlib import Path

from queues.store import Kind, NewRow, Store, migrate
from queues.store.schema import STORE

MOST_AHEAD = 20  # groups that may be submitted and not yet acknowledged
SIZES = (1, 3, 7, 2)


def rows_of(group: int) -> list[NewRow]:
    """The rows of a group: as many as its number says, each large enough to fill pages."""
    size = SIZES[group % len(SIZES)]
    told = json.dumps({"group": group, "of": size, "pad": "x" * 400})
    return [NewRow(1000.0, Kind.FACT, "call_queued", 1, f"call-{group}", told)] * size


def write_until_killed(url: str, folder: Path) -> None:
    store = Store.open(url, key_file=folder / "store.key", node="child", wait=True)
    group = store.last_seq  # any number that no earlier child used
    acknowledged = group

    def done(number: int, error: Exception | None) -> None:
        nonlocal acknowledged
        os.write(1, b"lost\n" if error else f"{number}\n".encode())
        acknowledged = number

    while True:
        group += 1
        store.journal.submit(rows_of(group), lambda error, number=group: done(number, error))
        while group - acknowledged > MOST_AHEAD:
            store.journal.flush(5)


def main() -> None:
    url, folder = sys.argv[1], Path(sys.argv[2])
    assert migrate.last(STORE)  # all that is needed is imported before the first fork
    while sys.stdin.readline():
        child = os.fork()
        if child == 0:
            try:
                write_until_killed(url, folder)
            finally:
                os._exit(3)
        os.write(1, f"child {child}\n".encode())
        _, status = os.waitpid(child, 0)
        killed = os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL
        os.write(1, b"gone\n" if killed else b"ended by itself\n")


if __name__ == "__main__":
    main()
