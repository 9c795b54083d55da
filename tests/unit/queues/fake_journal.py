"""A journal in memory that does as a script says: commits at once, late or never, or fails."""

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum, auto

from queues.centre.journal.row import JournalRow

Done = Callable[[Exception | None], None]


class Disk(Enum):
    """How the disk under the journal is."""

    QUICK = auto()  # committed in the next turn of the loop
    SLOW = auto()  # committed after `slow_s`
    GONE = auto()  # rows wait, until `back` is called
    FULL = auto()  # rows are refused, for good
    STRANGE = auto()  # rows are not even taken


@dataclass(slots=True)
class FakeJournal:
    """Fulfils `queues.ports.Journal`. `rows` are those that are committed, in order."""

    disk: Disk = Disk.QUICK
    slow_s: float = 0.1
    error: Exception = field(default_factory=lambda: OSError("no space left"))
    trouble: str | None = None
    rows: list[JournalRow] = field(default_factory=list)
    waiting: deque[tuple[tuple[JournalRow, ...], Done]] = field(default_factory=deque)
    _has_gap: bool = False

    def append(self, rows: tuple[JournalRow, ...], done: Done) -> None:
        """Take rows."""
        loop = asyncio.get_running_loop()
        if self.disk is Disk.STRANGE:
            raise ValueError("a row that no database could hold")
        if self.disk is Disk.FULL:
            self._has_gap = True
            loop.call_soon(done, self.error)
            return
        self.waiting.append((rows, done))
        match self.disk:
            case Disk.QUICK:
                loop.call_soon(self.commit_one)
            case Disk.SLOW:
                loop.call_later(self.slow_s, self.commit_one)
            case _:
                pass

    def append_whole_state(self, at: float, row: Callable[[], JournalRow], done: Done) -> None:
        """Take the row of the whole state, and make it at once."""
        self.append((row(),), done)

    @property
    def health(self) -> str | None:
        """What is wrong, in its own word."""
        return self.trouble

    def commit_one(self) -> None:
        """Commit what waits longest, if anything does."""
        if self.waiting:
            rows, done = self.waiting.popleft()
            if self._has_gap:
                self.rows.append(JournalRow(0, 0.0, 1, "n1", "lost", "rows_lost", 1, "", {}))
                self._has_gap = False
            self.rows.extend(rows)
            done(None)

    def back(self, disk: Disk = Disk.QUICK) -> None:
        """Commit all that waits, in order."""
        self.disk = disk
        while self.waiting:
            self.commit_one()
