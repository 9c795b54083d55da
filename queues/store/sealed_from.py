"""From which row of the journal on every row was written with a seal: noted once, under a seal too.

Without the note, whoever takes the seals off the first rows, or off all, would make them look like
rows of a release before there were seals. It lies in the store, where a reader finds it, and with
the people, from where a start puts it back.
"""

from __future__ import annotations

from typing import Final

from sqlalchemy import Connection, Table, delete, insert, select

from queues.store.database import Database
from queues.store.seal import RowSeals
from queues.store.tables import journal, meta, people_meta

_NAME: Final = "sealed_from"


def note_sealed_from(store: Database, people: Database, seals: RowSeals, last_seq: int) -> None:
    """Note it if it was not yet, before the row after `last_seq` is written.

    In a store of a release without the note it is the first row with a seal, or the next one. A
    note that no key of ours made stays as it is. Raises `StoreUnavailable`.
    """
    with people.write() as in_people, store.write() as in_store:
        texts = [_text(in_people, people_meta), _text(in_store, meta)]
        noted = [first for first in map(seals.noted, texts) if first is not None]
        if not noted and any(text is not None for text in texts):
            return
        first = min(noted) if noted else _first_sealed(in_store) or last_seq + 1
        _set(in_people, people_meta, seals.note(first))
        _set(in_store, meta, seals.note(first))


def sealed_from(store: Database, seals: RowSeals) -> int | None:
    """Give the row; None if it is not noted, or not by us. Raises `StoreUnavailable`."""
    with store.read() as connection:
        return seals.noted(_text(connection, meta))


def _first_sealed(store: Connection) -> int | None:
    found: int | None = store.scalar(
        select(journal.c.seq).where(journal.c.seal.is_not(None)).order_by(journal.c.seq).limit(1)
    )
    return found


def _text(connection: Connection, table: Table) -> str | None:
    found: str | None = connection.scalar(select(table.c.value).where(table.c.name == _NAME))
    return found


def _set(connection: Connection, table: Table, text: str) -> None:
    if _text(connection, table) != text:
        connection.execute(delete(table).where(table.c.name == _NAME))
        connection.execute(insert(table).values(name=_NAME, value=text))
