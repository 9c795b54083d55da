"""Whether the store is as new as the database of people, or came back from an older backup.

The two are backed up apart. How far the store is stands in the database of people too: noted while
a service runs, compared at the next start. An older store is used, for that is what backups are
for; it is told, for it may have been put back by mistake.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import structlog
from sqlalchemy import Connection, delete, func, insert, select

from queues.store.database import Database
from queues.store.errors import StoreUnusable
from queues.store.journal_check import last_closed
from queues.store.tables import journal, people_meta, writer

_log = structlog.get_logger("queues.store")

_NAME: Final = "store_progress"


@dataclass(frozen=True, slots=True)
class Progress:
    """The epoch of the last writer, and the last row of the journal."""

    epoch: int
    seq: int


def note_progress(people: Database, progress: Progress) -> None:
    """Note how far the store is; raises `StoreUnavailable`."""
    with people.write() as connection:
        connection.execute(delete(people_meta).where(people_meta.c.name == _NAME))
        connection.execute(
            insert(people_meta).values(name=_NAME, value=f"{progress.epoch} {progress.seq}")
        )


def is_older(store: Database, people: Database) -> str | None:
    """What is to be told if the store is older than what was noted, before its next epoch.

    Raises `StoreUnusable` where the store does not tell its epoch.
    """
    with store.read() as connection:
        if connection.scalar(select(writer.c.epoch)) is None:
            raise StoreUnusable(
                f"{store.name}: its note of who writes it is missing; restore a backup, or move it "
                "away"
            )
    noted, found = noted_progress(people), progress_of(store)
    if noted is None or (found.epoch >= noted.epoch and found.seq >= noted.seq):
        return None
    _log.warning("the store is older than the database of people")
    return (
        f"{store.name} is older than {people.name}: its journal ends with row {found.seq} of start "
        f"{found.epoch}, and had come to row {noted.seq} of start {noted.epoch}. If a backup was "
        "restored, nothing is to be done: what happened since is lost, and who was erased since "
        "stays erased. If not, end this service now and put the newer one back"
    )


def progress_of(store: Database) -> Progress:
    """How far a store is."""
    with store.read() as connection:
        epoch: int = connection.execute(select(writer.c.epoch)).scalar_one()
        last: int | None = connection.scalar(select(func.max(journal.c.seq)))
        return Progress(epoch, max(last or 0, last_closed(connection)))


def noted_progress(people: Database) -> Progress | None:
    """How far the store was when that was noted last."""
    with people.read() as connection:
        return _noted(connection)


def _noted(connection: Connection) -> Progress | None:
    found: str | None = connection.scalar(
        select(people_meta.c.value).where(people_meta.c.name == _NAME)
    )
    return None if found is None else Progress(*map(int, found.split()))
