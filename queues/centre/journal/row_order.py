"""What must hold between the columns of a row and what it says, and between it and those before it.

A replay compares what was decided; here is looked at what stands beside it. The rules:
- the subject is the one that follows from the input or fact;
- a fact stands at the time that it tells, and at time, epoch and node of its input;
- epochs never go back; nor does time within an epoch, and a new epoch begins no earlier than the
  last fact before it. The whole state (`HistoryLost`) may be an older one: time goes on from it.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from math import inf

from queues.centre.facts.fact import Fact
from queues.centre.facts.house import HistoryLost
from queues.centre.inputs.input import Input
from queues.centre.journal.codec import subject_of
from queues.centre.journal.row import JournalRow


@dataclass(frozen=True, slots=True)
class Misfit:
    """A column of a row that is not what was written there."""

    seq: int
    what: str


@dataclass(slots=True)
class RowOrder:
    """Looks at the rows of a journal, one after the other."""

    _epoch: int = 0
    _input: JournalRow | None = None
    _earliest: float = -inf  # time of the next row
    _fact_at: float = -inf

    def take(self, row: JournalRow, what: Input | Fact | None) -> list[Misfit]:
        """Give what does not fit about the next row, which says `what`; None: rows are lost."""
        if not (isinstance(row.at, int | float) and isinstance(row.epoch, int)):
            return [Misfit(row.seq, "its time or epoch is no number")]
        return [Misfit(row.seq, fault) for fault in self._faults(row, what)]

    def _faults(self, row: JournalRow, what: Input | Fact | None) -> Iterator[str]:
        if row.epoch < self._epoch:
            yield "its epoch is lower than that of a row before"
        elif row.epoch > self._epoch:
            self._epoch, self._input, self._earliest = row.epoch, None, self._fact_at
        if what is None:
            self._input = None
            return
        if row.subject != subject_of(what):
            yield "its subject is not what it is about"
        if isinstance(what, HistoryLost):
            self._input, self._earliest = None, -inf
        if row.at < self._earliest:
            yield "its time is before that of a row before"
        if row.kind == "input":
            self._input = row
        else:
            yield from self._faults_of_fact(row, what)
            self._fact_at = row.at
        self._earliest = row.at

    def _faults_of_fact(self, row: JournalRow, what: Input | Fact) -> Iterator[str]:
        if row.at != getattr(what, "at", None):
            yield "its time is not the one that it tells"
        if self._input is None:
            return
        if row.at != self._input.at:
            yield "its time is not that of its input"
        if (row.epoch, row.node) != (self._input.epoch, self._input.node):
            yield "its epoch or node is not that of its input"
