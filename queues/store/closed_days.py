"""When days leave the journal's table for files, and in which order, so that no row is ever lost.

First the file: complete, on the disk, read back. Then one row of `closed_days`, from which on the
file counts. Last the rows in the table, a few at a time, so that the writer need not wait long;
a kill in between leaves rows that no longer count, and the next run deletes them.
"""

from __future__ import annotations

import errno
from datetime import date, datetime, timedelta
from itertools import groupby
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

import structlog
from sqlalchemy import delete, func, insert, select

from queues.store.database import Database
from queues.store.day_file import ClosedDay, write_day
from queues.store.errors import StoreUnavailable, Trouble
from queues.store.journal_check import last_closed
from queues.store.journal_read import JournalReader
from queues.store.rows import JournalRow
from queues.store.tables import closed_days, journal

KEPT_DAYS: Final = 14
_DELETED_AT_ONCE: Final = 2000
_FULL: Final = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
_log = structlog.get_logger("queues.store")


class ClosedDays:
    """The files of closed days, in a folder of their own."""

    def __init__(self, database: Database, folder: Path, reader: JournalReader) -> None:
        self._database = database
        self._folder = folder
        self._reader = reader

    def all(self) -> tuple[ClosedDay, ...]:
        """Every file, oldest first."""
        with self._database.read() as connection:
            rows = connection.execute(select(closed_days).order_by(closed_days.c.first_seq)).all()
        return tuple(ClosedDay(r.first_seq, r.last_seq, r.day, r.file, r.sha256) for r in rows)

    def close(
        self, now: float, zone: ZoneInfo, *, kept_days: int = KEPT_DAYS, until_seq: int
    ) -> tuple[ClosedDay, ...]:
        """Close every day older than `kept_days` days, and give what was closed.

        `now` in Unix seconds; a day is one of `zone`; `until_seq` is what the writer calls
        committed. Takes its time and may be called beside the writer, but not beside itself.
        Raises `StoreUnavailable`, `JournalDamaged`; what was not closed then stays in the table.
        """
        oldest_kept = datetime.fromtimestamp(now, zone).date() - timedelta(days=kept_days)
        midnight = datetime.combine(oldest_kept, datetime.min.time(), zone).timestamp()
        with self._database.read() as connection:
            closed = last_closed(connection)
            first_kept: int | None = connection.scalar(
                select(func.min(journal.c.seq)).where(
                    journal.c.seq > closed, journal.c.at >= midnight
                )
            )
        until = until_seq if first_kept is None else min(until_seq, first_kept - 1)
        done = []
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            rows = self._reader.rows(closed, until_seq=until)
            for day, of_day in groupby(rows, _Days(zone)):
                written = write_day(self._folder, day.isoformat(), zone.key, of_day)
                if written is not None:
                    self._count_in(written)
                    done.append(written)
        except OSError as error:
            _log.error("a day could not be closed", error=type(error).__name__)
            full = error.errno in _FULL
            raise StoreUnavailable(
                str(self._folder), Trouble.FULL if full else Trouble.READ_ONLY
            ) from None
        self._delete_closed()
        return tuple(done)

    def _count_in(self, day: ClosedDay) -> None:
        with self._database.write() as connection:
            connection.execute(
                insert(closed_days).values(
                    first_seq=day.first_seq,
                    last_seq=day.last_seq,
                    day=day.day,
                    file=day.file,
                    sha256=day.sha256,
                )
            )
        _log.info("a day of the journal was closed", day=day.day, last_seq=day.last_seq)

    def _delete_closed(self) -> None:
        """Delete what stands in a file, a few rows in each transaction."""
        while True:
            with self._database.write() as connection:
                closed = last_closed(connection)
                first: int | None = connection.scalar(select(func.min(journal.c.seq)))
                if first is None or first > closed:
                    return
                last = min(closed, first + _DELETED_AT_ONCE - 1)
                connection.execute(delete(journal).where(journal.c.seq <= last))


class _Days:
    """The day a row is filed under. A clock that was set back does not open a day again."""

    def __init__(self, zone: ZoneInfo) -> None:
        self._zone = zone
        self._latest = date.min

    def __call__(self, row: JournalRow) -> date:
        self._latest = max(self._latest, datetime.fromtimestamp(row.at, self._zone).date())
        return self._latest
