"""When records for reports are made, and by whom: behind the committed journal, in a thread.

It reads what was committed, some rows at a time, and writes what they came to together with how far
it has read. A kill in between costs nothing: the next start goes on from there. It never looks at
the living centre, and gives the loop that carries sound its turn between rows.
"""

from __future__ import annotations

import asyncio
from typing import Final

import structlog

from ivr.gently import gently
from ivr.keeping.journal import as_rows
from queues.centre.journal.row_faults import RowFault
from queues.reports import VERSION, Projection
from queues.reports.open import CarriedUnreadable
from queues.store import JournalDamaged, Position, Store, StoreError

_LOOK_S: Final = 2.0
_ROWS: Final = 500  # in one transaction
_LONGEST_S: Final = 600.0  # between two looks at a journal that is damaged

log = structlog.get_logger()


class Projector:
    """Follows the journal; `run` is a task of its owner."""

    def __init__(self, store: Store, *, rows: int = _ROWS, look_s: float = _LOOK_S) -> None:
        """`rows` go into one transaction."""
        self._store = store
        self._rows = rows
        self._look_s = look_s
        self._at: tuple[Position, Projection] | None = None  # None: to be read from the store
        self._seq = 0

    @property
    def seq(self) -> int:
        """The row up to which records are made; 0 until it has been looked."""
        return self._seq

    async def run(self) -> None:
        """Follow until cancelled.

        What keeps it from that is told once; a journal that is damaged is looked at ever less.
        """
        pause_s, told = self._look_s, ""
        while True:
            try:
                await asyncio.to_thread(self.follow)
                pause_s, told = self._look_s, ""
            except JournalDamaged as error:
                if told != str(error):
                    log.error("no records until the journal is mended", error=str(error))
                told, pause_s = str(error), min(2 * pause_s, _LONGEST_S)
            except StoreError as error:
                if told != error.code:
                    log.warning("no records just now", error=error.code)
                told = error.code
            except RowFault as error:
                log.error("no records from here on", seq=error.seq, error=error.code)
                return
            except CarriedUnreadable as error:
                log.error("no records until they are made again", error=error.code)
                return
            except Exception as error:  # the calls go on without
                log.error("records failed", error=type(error).__name__)
            await asyncio.sleep(pause_s)

    def follow(self) -> None:
        """Make records of all that was committed since; for a thread.

        Raises `StoreUnavailable`, `RowUnreadable` and `CarriedUnreadable`; what was made until then
        is kept, and the next call goes on after it.
        """
        position, projection = self._at or self._found()
        self._seq = position.seq
        self._at = None  # unless all goes well, the store says where we are
        seq = position.seq
        rows = gently(as_rows(self._store.read_journal(seq)))
        for count, row in enumerate(rows, 1):
            projection.take(row)
            seq = row.seq
            if count % self._rows == 0:
                position = self._keep(position, seq, projection)
        if seq != position.seq:
            position = self._keep(position, seq, projection)
        self._at = (position, projection)

    def _found(self) -> tuple[Position, Projection]:
        position = self._store.records.position(VERSION)
        return position, Projection(position.carried)

    def _keep(self, before: Position, seq: int, projection: Projection) -> Position:
        batch = projection.batch()
        after = Position(VERSION, seq, batch.carried)
        self._store.records.add(
            before, after, batch.calls, batch.offers, batch.missed, batch.waits, batch.talks
        )
        self._seq = seq
        return after
