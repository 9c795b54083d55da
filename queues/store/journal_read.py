"""The journal as one row of rows, wherever they lie: in files of closed days, or in the table."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from pathlib import Path
from typing import Final

from sqlalchemy import Connection, select

from queues.store.database import Database
from queues.store.day_file import ClosedDay, DayDamaged, read_day
from queues.store.errors import JournalDamaged
from queues.store.journal_check import before_the_first, last_closed
from queues.store.rows import JournalRow, Kind
from queues.store.tables import closed_days, journal

# A page is one short transaction: a long one would keep the log of a file from being cut.
_PAGE: Final = 2000
_NO_END: Final = 2**63 - 1
_BEFORE_ALL: Final = -(2**63)
_KINDS: Final = {kind.value: kind for kind in Kind}


class JournalReader:
    """Reads a journal that may be written and closed meanwhile."""

    def __init__(self, database: Database, folder: Path) -> None:
        self._database = database
        self._folder = folder

    def closed_until(self) -> int:
        """The last row that lies in a file; what comes after it is quick to look up by subject."""
        with self._database.read() as connection:
            return last_closed(connection)

    def rows(
        self,
        after_seq: int = 0,
        *,
        until_seq: int | None = None,
        kinds: Collection[Kind] = tuple(Kind),
        subject: str | None = None,
        past: Callable[[DayDamaged], None] | None = None,
    ) -> Iterator[JournalRow]:
        """Give the rows after `after_seq`, up to and including `until_seq`, in order.

        Whoever reads while the journal is written names as `until_seq` what the writer calls
        committed. Raises `JournalDamaged`, and `DayDamaged` for the file of a closed day: what
        comes after can be read with `after_seq=error.last_seq`. With `past` a damaged day is told
        to that and passed over, which needs a choice of rows. Raises `StoreUnavailable`.
        """
        wanted = frozenset(kinds)
        whole = wanted == frozenset(Kind) and subject is None
        # Who wants every row is told also of those that somebody put before the first.
        start = _BEFORE_ALL if whole and after_seq == 0 else after_seq
        for row in self._all(start, until_seq, wanted, subject, past):
            if row.seq < 1:
                raise before_the_first(row.seq)
            if whole and row.seq != after_seq + 1:
                raise _missing(after_seq + 1, row.seq - 1)
            after_seq = row.seq
            yield row

    def _all(
        self,
        position: int,
        until: int | None,
        kinds: frozenset[Kind],
        subject: str | None,
        past: Callable[[DayDamaged], None] | None,
    ) -> Iterator[JournalRow]:
        until = _NO_END if until is None else until
        while position < until:
            # One picture of both: a row that is not in the table is in a file seen here.
            with self._database.read() as connection:
                day = _next_day(connection, position)
                page = [] if day else _page(connection, position, until, kinds, subject)
            if day:
                try:
                    for row in read_day(self._folder / day.file, day):
                        in_reach = position < row.seq <= until
                        if in_reach and row.kind in kinds and subject in (None, row.subject):
                            yield row
                except DayDamaged as error:
                    if past is None:
                        raise
                    past(error)
                position = day.last_seq
                continue
            yield from page
            if len(page) < _PAGE:
                return
            position = page[-1].seq


def _next_day(connection: Connection, after: int) -> ClosedDay | None:
    row = connection.execute(
        select(closed_days)
        .where(closed_days.c.last_seq > after)
        .order_by(closed_days.c.last_seq)
        .limit(1)
    ).first()
    return ClosedDay(row.first_seq, row.last_seq, row.day, row.file, row.sha256) if row else None


def _page(
    connection: Connection,
    after: int,
    until: int,
    kinds: frozenset[Kind],
    subject: str | None,
) -> list[JournalRow]:
    query = select(journal).where(journal.c.seq > after, journal.c.seq <= until)
    if len(kinds) < len(Kind):
        query = query.where(journal.c.kind.in_([kind.value for kind in kinds]))
    if subject is not None:
        query = query.where(journal.c.subject == subject)
    found = connection.execute(query.order_by(journal.c.seq).limit(_PAGE)).all()
    return [
        JournalRow(seq, at, epoch, node, _KINDS[kind], type_, version, about, payload, seal)
        for seq, at, epoch, node, kind, type_, version, about, payload, seal in found
    ]


def _missing(first: int, last: int) -> JournalDamaged:
    return JournalDamaged(
        f"rows {first} to {last} of the journal are missing; restore a backup that has them, or "
        f"read on after them (after_seq={last})",
        first,
        last,
    )
