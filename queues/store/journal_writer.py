"""When rows are committed, in which order, and what becomes of them while the database is away.

One thread writes. It takes what waits, whole submissions only, and commits it in one transaction
together with the rows of live dialogues; what comes alone goes at once, what comes often goes
together, fifty times a second, and twenty while there is always more. While the database is locked,
full or gone, rows wait in memory, up to a limit, and are written in order when it is back. What is
beyond the limit is lost: counted, and told in the journal by a row of the kind `lost`. The calls go
on meanwhile.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from typing import Final

import structlog

from queues.store.commit import Committer
from queues.store.errors import NotCommitted, StoreUnavailable, Trouble, WriterFenced
from queues.store.rows import DialogueRow, NewRow
from queues.store.waiting import Batch, Done, Group, WaitingRows, WriterHealth

MOST_WAITING: Final = 50_000  # rows in memory; about 40 MB
MOST_IN_A_GROUP: Final = 500  # rows of one transaction, but always whole submissions
LONGEST_PAUSE_S: Final = 2.0
GROUP_EVERY_S: Final = 0.02  # what comes sooner after a group began goes with the next
GROUP_SELDOM_S: Final = 0.05  # the same where rows wait again and again
_SHORTEST_PAUSE_S: Final = 0.05

_log = structlog.get_logger("queues.store")


class JournalWriter:
    """Takes rows from any thread at any time; never waits for the database, never raises for it."""

    def __init__(
        self,
        committer: Committer,
        *,
        most_waiting: int = MOST_WAITING,
        longest_pause_s: float = LONGEST_PAUSE_S,
        wall: Callable[[], float] = time.time,
    ) -> None:
        self._committer = committer
        self._longest_pause_s = longest_pause_s
        self._pause_s = _SHORTEST_PAUSE_S
        self._wall = wall
        self._changed = threading.Condition()  # guards all below
        self._waiting = WaitingRows(most_waiting, MOST_IN_A_GROUP)
        self._closes_at: float | None = None  # by the monotonic clock
        self._fenced = False
        self._over = False
        self._thread = threading.Thread(target=self._run, name="journal writer", daemon=True)
        self._thread.start()

    @property
    def committed(self) -> int:
        """The number of the last row that is known to stand in the database.

        Who reads the journal while it is written reads up to here.
        """
        return self._committer.committed

    def submit(self, rows: Sequence[NewRow], done: Done | None = None) -> None:
        """Have these rows committed, in one transaction, after all that was submitted before.

        `done` is called once, as a rule from the writer's thread: with None when they stand in the
        database, else with `NotCommitted`, and then they never will.
        Raises ValueError for a row that no database could hold.
        """
        for row in rows:
            row.check()
        batch = Batch(tuple(rows), done)
        with self._changed:
            if self._fenced:
                self._waiting.refuse([batch], WriterFenced())
            elif self._over or self._closes_at is not None:
                self._waiting.refuse([batch], NotCommitted("the store is closed"))
            else:
                self._waiting.add(batch)
            self._changed.notify_all()
            over = self._over
        if over:
            self._answer_refused()

    def keep_dialogue(self, row: DialogueRow) -> None:
        """Have where a dialogue stands written with the next group; the newest of a call counts.

        Raises ValueError for a row that no database could hold.
        """
        row.check()
        self._note_dialogue(row.call, row)

    def end_dialogue(self, call: str) -> None:
        """Have the row of a call that is over taken away with the next group."""
        self._note_dialogue(call, None)

    def health(self) -> WriterHealth:
        """How the writer is doing just now."""
        with self._changed:
            ended = self._fenced or self._over
            return self._waiting.health(self.committed, fenced=self._fenced, ended=ended)

    def flush(self, within_s: float) -> bool:
        """Wait until all that was submitted before is committed or refused; tell whether it is."""
        reached = threading.Event()
        self.submit((), lambda _error: reached.set())
        return reached.wait(within_s)

    def close(self, within_s: float) -> int:
        """Write what waits, end the thread, and tell how many rows were lost since the start."""
        with self._changed:
            if self._closes_at is None:
                self._closes_at = time.monotonic() + within_s
            self._changed.notify_all()
        self._thread.join(within_s + 1.0)  # a statement that hangs in the driver is left behind
        with self._changed:
            return self._waiting.rows + self._waiting.lost

    def _note_dialogue(self, call: str, row: DialogueRow | None) -> None:
        with self._changed:
            if not self._fenced and not self._over and self._closes_at is None:
                self._waiting.note_dialogue(call, row)
                self._changed.notify_all()

    def _run(self) -> None:
        every_s = GROUP_EVERY_S
        try:
            while (group := self._next_group()) is not None:
                began = time.monotonic()
                self._write(group)
                self._answer_refused()
                if group.rows < MOST_IN_A_GROUP // 2:
                    time.sleep(max(0.0, began + every_s - time.monotonic()))
                with self._changed:
                    more = self._waiting.has_work
                every_s = min(1.5 * every_s, GROUP_SELDOM_S) if more else GROUP_EVERY_S
        finally:
            self._committer.close()
            with self._changed:
                self._over = True
                self._waiting.refuse_all(Group(()), NotCommitted("the writer has ended"))
            self._answer_refused()

    def _next_group(self) -> Group | None:
        """Wait for something to do; None when it is time to end."""
        with self._changed:
            self._changed.wait_for(
                lambda: (
                    self._waiting.has_work
                    or self._waiting.has_refused
                    or self._closes_at is not None
                )
            )
            if self._fenced:
                return None
            if self._closes_at is not None:
                late = time.monotonic() >= self._closes_at
                if late:
                    why = NotCommitted("the store was closed before the database took them")
                    self._waiting.refuse_all(Group(()), why)
                if late or not self._waiting.has_work:
                    return None
            return self._waiting.take()

    def _write(self, group: Group) -> None:
        error = self._committer.commit(group)
        if error is not None and not isinstance(error, StoreUnavailable | WriterFenced):
            error = self._not_its_fault(group, error)
        if error is None:
            self._pause_s = _SHORTEST_PAUSE_S
            self._settle(group)
        elif isinstance(error, WriterFenced):
            _log.error("another service has taken the journal over")
            with self._changed:
                self._fenced = True
                self._waiting.refuse_all(group, error)
        elif isinstance(error, StoreUnavailable):
            with self._changed:
                first = self._waiting.put_back(group, error, self._wall())
            if first:
                _log.error("the journal cannot be written", trouble=error.trouble)
            self._pause()
        else:
            _log.error("rows cannot be written as they are", error=type(error).__name__)
            with self._changed:
                self._waiting.split(group)

    def _not_its_fault(self, group: Group, error: Exception) -> Exception:
        """What is to be done about a group that was refused: that of a hindrance, if there is one.

        A database that refuses every row would else cost all that comes, as fast as it comes.
        """
        if not self._waiting.is_narrowed(group):
            return error
        found = self._committer.hindrance()
        if found is None and any(batch.is_marker for batch in group.batches):
            return StoreUnavailable(self._committer.name, Trouble.FAILED)
        return found or error

    def _settle(self, group: Group) -> None:
        with self._changed:
            again = self._waiting.settle(group)
        if again:
            _log.warning("the journal is written again", lost=self.health().lost)
        for batch in group.batches:
            if batch.done is not None:
                _tell(batch.done, None)

    def _answer_refused(self) -> None:
        with self._changed:
            refused = self._waiting.pop_refused()
        for done, error in refused:
            _tell(done, error)

    def _pause(self) -> None:
        """Leave the database alone for a while; those who are refused meanwhile hear of it."""
        until = time.monotonic() + self._pause_s
        self._pause_s = min(2 * self._pause_s, self._longest_pause_s)
        while (left := until - time.monotonic()) > 0:
            self._answer_refused()
            with self._changed:
                if self._closes_at is not None:
                    self._pause_s = _SHORTEST_PAUSE_S
                    self._changed.wait(min(left, _SHORTEST_PAUSE_S))
                    return
                self._changed.wait(left)


def _tell(done: Done, error: Exception | None) -> None:
    try:
        done(error)
    except Exception as fault:  # a fault of who submitted must not end the writing
        _log.error("nobody could be told of a commit", exc_info=fault)
