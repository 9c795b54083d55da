"""Which rows wait in memory, which go together, and which are lost when there are too many.

Plain bookkeeping: `JournalWriter` calls it under its lock.
"""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Final

from queues.store.errors import NotCommitted, StoreUnavailable, Trouble
from queues.store.rows import DialogueRow, Kind, NewRow

LOST_TYPE: Final = "rows_lost"
LOST_VERSION: Final = 1

Done = Callable[[Exception | None], None]


@dataclass(frozen=True, slots=True)
class Batch:
    """What was submitted together; it is committed together or not at all."""

    rows: tuple[NewRow, ...]
    done: Done | None = None
    is_marker: bool = False  # our own row, which tells of lost ones and is never lost itself


@dataclass(frozen=True, slots=True)
class Group:
    """What goes into one transaction. A dialogue without a row is over."""

    batches: tuple[Batch, ...]
    dialogues: dict[str, DialogueRow | None] = field(default_factory=dict)

    @property
    def rows(self) -> int:
        """How many rows of the journal."""
        return sum(len(batch.rows) for batch in self.batches)


@dataclass(frozen=True, slots=True)
class WriterHealth:
    """How the writer is doing: `trouble` and `since` (Unix seconds) while nothing can be written.

    `waiting` rows lie in memory; `lost` were dropped since the start; `committed` is the number of
    the last row in the database. A writer that has `ended` writes nothing any more; one that is
    `fenced` has ended because another service has taken over.
    """

    trouble: Trouble | None
    since: float | None
    waiting: int
    lost: int
    committed: int
    fenced: bool
    ended: bool

    @property
    def ok(self) -> bool:
        """Whether rows are committed as they come."""
        return self.trouble is None and not self.ended


@dataclass(slots=True)
class _Hole:
    """Rows that are lost and that no row of the journal tells of yet."""

    rows: int
    first_at: float
    last_at: float


class WaitingRows:
    """The queue between those who submit and the thread that writes."""

    def __init__(self, most: int, most_in_a_group: int) -> None:
        self._most = most
        self._most_in_a_group = most_in_a_group
        self._batches: deque[Batch] = deque()
        self._dialogues: dict[str, DialogueRow | None] = {}
        self._hole: _Hole | None = None
        self._one_by_one = 0  # so many takes are of one thing only, to find the one that fails
        self._refused: list[tuple[Done, Exception]] = []
        self._trouble: Trouble | None = None
        self._since: float | None = None
        self.rows = 0  # that wait, those of a group under way included
        self.lost = 0  # since the start

    @property
    def has_work(self) -> bool:
        """Whether there is something to write."""
        return bool(self._batches or self._dialogues)

    @property
    def has_refused(self) -> bool:
        """Whether somebody waits to hear of a refusal."""
        return bool(self._refused)

    def add(self, batch: Batch) -> None:
        """Put a batch at the end, or refuse it."""
        if batch.rows and self.rows + len(batch.rows) + (self._hole is not None) > self._most:
            self._lose(batch, NotCommitted("too many rows wait for the database"))
        else:
            self._tell_hole()
            self._append(batch)

    def note_dialogue(self, call: str, row: DialogueRow | None) -> None:
        """Remember what is to be written for a call; what was to be written before is void."""
        self._dialogues[call] = row

    def take(self) -> Group:
        """Take what goes into the next transaction."""
        if self._one_by_one:
            self._one_by_one -= 1
            if self._dialogues:  # first, so that a flush is not overtaken by what was before it
                return Group((), dict([self._dialogues.popitem()]))
            return Group((self._batches.popleft(),) if self._batches else ())
        taken: list[Batch] = []
        rows = 0
        while self._batches and (
            not taken or rows + len(self._batches[0].rows) <= self._most_in_a_group
        ):
            taken.append(self._batches.popleft())
            rows += len(taken[-1].rows)
        dialogues, self._dialogues = self._dialogues, {}
        return Group(tuple(taken), dialogues)

    def settle(self, group: Group) -> bool:
        """A group stands in the database; tell whether that ends a trouble."""
        self.rows -= sum(len(batch.rows) for batch in group.batches)
        ends = self._trouble is not None
        self._trouble = self._since = None
        self._tell_hole()
        return ends

    def put_back(self, group: Group, error: StoreUnavailable, now: float) -> bool:
        """A group could not be written now: what may wait waits on at its old place.

        Tells whether that begins a trouble.
        """
        begins = self._trouble is None
        if begins:
            self._since = now
        self._trouble = error.trouble
        self._dialogues = group.dialogues | self._dialogues
        self._batches.extendleft(reversed(group.batches))
        return begins

    def is_narrowed(self, group: Group) -> bool:
        """Whether a group is one thing only, so that what it fails by may be its own fault."""
        return len(group.batches) + len(group.dialogues) == 1

    def split(self, group: Group) -> None:
        """A group can never be written as it is: find what is at fault, and lose only that."""
        if not self.is_narrowed(group):
            self._dialogues = group.dialogues | self._dialogues
            self._batches.extendleft(reversed(group.batches))
            self._one_by_one = len(group.batches) + len(self._dialogues)
            return
        for batch in group.batches:
            self.rows -= len(batch.rows)
            self._lose(batch, NotCommitted("the database does not take them"))
            if self._hole is not None:
                self._append(self._marker(self._hole), first=True)
                self._hole = None

    def refuse(self, batches: Iterable[Batch], error: Exception) -> None:
        """Have those who submitted told that these rows will never stand in the journal."""
        self._refused += [(batch.done, error) for batch in batches if batch.done is not None]

    def refuse_all(self, group: Group, error: Exception) -> None:
        """Nothing of what waits will be written any more."""
        self.refuse([*group.batches, *self._batches], error)
        self._batches.clear()
        self._dialogues.clear()
        self.lost += self.rows
        self.rows = 0

    def pop_refused(self) -> list[tuple[Done, Exception]]:
        """Take what is to be told."""
        refused, self._refused = self._refused, []
        return refused

    def health(self, committed: int, *, fenced: bool, ended: bool) -> WriterHealth:
        """How things stand."""
        return WriterHealth(
            self._trouble, self._since, self.rows, self.lost, committed, fenced, ended
        )

    def _append(self, batch: Batch, *, first: bool = False) -> None:
        self.rows += len(batch.rows)
        if first:
            self._batches.appendleft(batch)
        else:
            self._batches.append(batch)

    def _lose(self, batch: Batch, error: NotCommitted) -> None:
        self.refuse([batch], error)
        self.lost += len(batch.rows)
        times = [row.at for row in batch.rows]
        if self._hole is None:
            self._hole = _Hole(0, min(times), max(times))
        self._hole.rows += len(batch.rows)
        self._hole.last_at = max(self._hole.last_at, *times)

    def _tell_hole(self) -> None:
        if self._hole is not None:
            self._append(self._marker(self._hole))
            self._hole = None

    def _marker(self, hole: _Hole) -> Batch:
        told = {"rows": hole.rows, "first_at": hole.first_at, "last_at": hole.last_at}
        row = NewRow(hole.last_at, Kind.LOST, LOST_TYPE, LOST_VERSION, "", json.dumps(told))
        return Batch((row,), is_marker=True)
