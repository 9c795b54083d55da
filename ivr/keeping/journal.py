"""How a row of the waiting side becomes a row of the store, and comes back: as JSON text."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import Final

from ivr.gently import gently
from queues import store
from queues.centre.facts.house import HistoryLost
from queues.centre.journal.row import JournalRow
from queues.ports import JournalTakenOver

_PIECES_AT_ONCE: Final = 1000  # of text, before the loop has its turn
_AS_JSON: Final = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))


class StoredJournal:
    """`queues.ports.Journal` on the store's writer, which numbers the rows by itself."""

    def __init__(self, writer: store.JournalWriter) -> None:
        self._writer = writer

    def append(
        self, rows: tuple[JournalRow, ...], done: Callable[[Exception | None], None]
    ) -> None:
        """Take rows; see `Journal.append`."""
        self._submit([new_row(row) for row in rows], done)

    def append_whole_state(
        self, at: float, row: Callable[[], JournalRow], done: Callable[[Exception | None], None]
    ) -> None:
        """Take a row that is made, and made text, in the writer's thread."""
        kind, version = store.Kind.FACT, HistoryLost.VERSION
        text = partial(_text_gently, row)
        self._submit([store.NewRow(at, kind, HistoryLost.TYPE, version, "", text)], done)

    @property
    def health(self) -> str | None:
        """What keeps the journal from being written; see `Journal.health`."""
        health = self._writer.health()
        if health.trouble is not None:
            return health.trouble.value
        return "ended" if health.ended else None

    def _submit(self, new: list[store.NewRow], done: Callable[[Exception | None], None]) -> None:
        tell = store.in_loop(asyncio.get_running_loop(), partial(_tell, done))
        self._writer.submit(new, tell)


def new_row(row: JournalRow) -> store.NewRow:
    """The row as the store takes it, which numbers it by itself."""
    payload = _AS_JSON.encode(row.payload)
    return store.NewRow(row.at, store.Kind(row.kind), row.type, row.version, row.subject, payload)


def as_rows(stored: Iterable[store.JournalRow]) -> Iterator[JournalRow]:
    """The rows of the store as the waiting side reads them; raises `JournalDamaged`."""
    for row in stored:
        yield JournalRow(
            row.seq,
            row.at,
            row.epoch,
            row.node,
            row.kind.value,
            row.type,
            row.version,
            row.subject,
            row.values(),
        )


def _text_gently(row: Callable[[], JournalRow]) -> str:
    return "".join(gently(_AS_JSON.iterencode(row().payload), at_once=_PIECES_AT_ONCE))


def _tell(done: Callable[[Exception | None], None], error: Exception | None) -> None:
    if isinstance(error, store.WriterFenced):
        error = JournalTakenOver("another service has taken the journal over; end this one")
    done(error)
