"""When a decision takes effect outside: once its rows are committed, or after a bound.

Claim, commit, then act. What a decision leads to (frames of the live stream, commands to the
switch) is released when the journal has committed the decision's rows, always in the order of the
decisions. If that takes longer than the bound, or the journal says that it will never be, it is
released all the same: callers are served on from memory, `health` says so, and a crash in that time
would lose history. While that lasts nothing waits any more; the first commit ends it.

Rows that the journal could not keep leave a gap on which no recovery can build. So after the next
commit the whole state is written down once, as the fact `HistoryLost`.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Final

import structlog

from queues.centre.facts.fact import Fact
from queues.centre.facts.house import HistoryLost
from queues.centre.inputs.input import Input
from queues.centre.journal.codec import fact_row, input_row
from queues.centre.journal.row import JournalRow
from queues.ports import Journal, JournalTakenOver

BOUND_S: Final = 0.25

_log = structlog.get_logger("queues.dispatcher")

Settled = Callable[[Exception | None], None]
Done = Settled


@dataclass(frozen=True, slots=True)
class LedgerHealth:
    """How the journal keeps up.

    While `is_degraded` decisions take effect without being committed. `ahead` counts decisions
    whose rows are not committed yet, `given_up` those that took effect uncommitted, `lost_rows` the
    rows that were never kept, both since the start. `trouble` is the journal's own word.
    """

    is_degraded: bool
    ahead: int
    given_up: int
    lost_rows: int
    trouble: str | None


@dataclass(frozen=True, slots=True)
class Restated:
    """The whole state at a time of the centre; `fact` may be made later, by any thread."""

    at: float
    fact: Callable[[], HistoryLost]


@dataclass(slots=True)
class _Entry:
    """A decision on its way: its rows, what it leads to, and what became of the rows."""

    rows: int
    act: Callable[[], None]
    settled: Settled | None
    deadline: float  # of the loop's clock
    is_settled: bool = False
    is_committed: bool = False
    awaited: list[asyncio.Future[None]] = field(default_factory=list)  # by who waits for `act`


class Ledger:
    """Numbers and appends rows, and releases what waits for them. Works on one loop.

    `restate` gives the whole state as it is now, for so many rows lost. Without a journal
    everything is released at once and nothing is numbered.
    """

    def __init__(
        self,
        journal: Journal | None,
        restate: Callable[[int], Restated],
        *,
        last_seq: int = 0,
        epoch: int = 0,
        node: str = "",
        bound_s: float = BOUND_S,
    ) -> None:
        self._journal = journal
        self._restate = restate
        self._epoch = epoch
        self._node = node
        self._bound_s = bound_s
        self._last_seq = last_seq
        self._unreleased: deque[_Entry] = deque()
        self._head_changed = asyncio.Event()
        self._taken_over: JournalTakenOver | None = None
        self._is_degraded = False
        self._ahead = self._given_up = self._lost_rows = 0
        self._gap = 0  # rows lost since the state last stood written as a whole
        self._is_restating = False

    @property
    def health(self) -> LedgerHealth | None:
        """How the journal keeps up; None without a journal."""
        if self._journal is None:
            return None
        trouble = self._journal.health
        return LedgerHealth(
            self._is_degraded or trouble is not None,
            self._ahead,
            self._given_up,
            self._lost_rows,
            trouble,
        )

    def take(
        self,
        what: Input,
        at: float,
        facts: Sequence[Fact],
        act: Callable[[], None],
        settled: Settled | None = None,
    ) -> None:
        """Append the rows of one decision, and call `act` when it may take effect.

        `settled` is called with None as soon as the rows are committed, or with an error when they
        never will be.
        """
        if self._journal is None:
            act()
            return
        deadline = asyncio.get_running_loop().time() + self._bound_s
        entry = _Entry(1 + len(facts), act, settled, deadline)
        self._unreleased.append(entry)
        if len(self._unreleased) == 1:
            self._head_changed.set()
        journal = self._journal
        self._append(journal, lambda done: journal.append(self._rows(what, at, facts), done), entry)
        if self._is_degraded:
            self._release_all()

    async def released(self) -> None:
        """Wait until all that was taken so far has taken effect, for hardly longer than the bound.

        Raises `JournalTakenOver` if it never will, because another service writes the journal.
        """
        if self._taken_over is not None:
            raise self._taken_over
        if self._unreleased:
            released: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._unreleased[-1].awaited.append(released)
            await released

    async def run(self) -> None:
        """Release what waits for longer than the bound, until cancelled.

        Raises `JournalTakenOver` when another service writes the journal: from then on nothing is
        released.
        """
        while True:
            self._head_changed.clear()
            if self._taken_over is not None:
                raise self._taken_over
            deadline = self._unreleased[0].deadline if self._unreleased else None
            try:
                async with asyncio.timeout_at(deadline):
                    await self._head_changed.wait()
            except TimeoutError:
                if self._unreleased and self._unreleased[0].deadline == deadline:
                    self._degrade("overdue")

    def _append(self, journal: Journal, put: Callable[[Done], None], entry: _Entry) -> None:
        self._ahead += 1
        before = self._last_seq
        try:
            put(partial(self._done, entry))
        except Exception as error:  # the decision stands, whatever is wrong with its rows
            _log.error("rows not appended", exc_info=error)
            self._last_seq = before
            self._done(entry, error)
            if entry.rows:  # no row tells of this gap, so no other decision may follow it
                self._tell_whole_state(journal)

    def _done(self, entry: _Entry, error: Exception | None) -> None:
        if entry.is_settled:
            return
        entry.is_settled, entry.is_committed = True, error is None
        self._ahead -= 1
        if entry.settled is not None:
            entry.settled(error)
        match error:
            case None:
                self._committed()
            case JournalTakenOver():
                self._taken_over = error
                self._head_changed.set()
                for waiting in self._unreleased:
                    _answer(waiting, error)
            case _:
                self._lost_rows += entry.rows
                self._gap += entry.rows
                self._degrade(type(error).__name__)

    def _committed(self) -> None:
        if self._is_degraded:
            self._is_degraded = False
            _log.warning("journal is written again", given_up=self._given_up, lost=self._lost_rows)
        if self._journal is not None:
            self._tell_whole_state(self._journal)
        while self._unreleased and self._unreleased[0].is_settled:
            self._release(self._unreleased.popleft())

    def _tell_whole_state(self, journal: Journal) -> None:
        gap = self._gap
        if not gap or self._is_restating:
            return

        def settled(error: Exception | None) -> None:
            self._is_restating = False
            if error is None:
                self._gap -= gap

        self._is_restating = True
        whole = _Entry(0, _nothing, settled, deadline=0.0)
        self._append(journal, partial(self._put_whole, journal, gap), whole)

    def _put_whole(self, journal: Journal, gap: int, done: Done) -> None:
        state, seq = self._restate(gap), self._next()

        def row() -> JournalRow:
            return fact_row(state.fact(), seq=seq, epoch=self._epoch, node=self._node)

        journal.append_whole_state(state.at, row, done)

    def _degrade(self, why: str) -> None:
        if not self._is_degraded:
            self._is_degraded = True
            _log.error("journal is not written; calls go on from memory", why=why)
        self._release_all()

    def _release_all(self) -> None:
        while self._unreleased:
            self._release(self._unreleased.popleft())

    def _release(self, entry: _Entry) -> None:
        if self._taken_over is not None:
            return  # whoever writes now decides and acts
        if not entry.is_committed:
            self._given_up += 1
        try:
            entry.act()
        except Exception as error:  # the decisions behind it must not wait for ever
            _log.error("decision not carried out", exc_info=error)
        _answer(entry, None)

    def _rows(self, what: Input, at: float, facts: Sequence[Fact]) -> tuple[JournalRow, ...]:
        row = input_row(what, seq=self._next(), at=at, epoch=self._epoch, node=self._node)
        return (row, *(self._row(fact) for fact in facts))

    def _next(self) -> int:
        self._last_seq += 1
        return self._last_seq

    def _row(self, fact: Fact) -> JournalRow:
        return fact_row(fact, seq=self._next(), epoch=self._epoch, node=self._node)


def _answer(entry: _Entry, error: Exception | None) -> None:
    """Tell whoever waits for this entry that it has taken effect, or why it never will."""
    for waits in entry.awaited:
        if waits.done():
            continue  # cancelled: nobody is there to be told
        if error is None:
            waits.set_result(None)
        else:
            waits.set_exception(error)
    entry.awaited.clear()


def _nothing() -> None:
    """What the whole state, written down once more, leads to."""
