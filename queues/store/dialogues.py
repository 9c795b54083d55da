"""Where the dialogues of live calls stood, for a service that takes over; the writer keeps them."""

from __future__ import annotations

import json

from sqlalchemy import select

from queues.store.database import Database
from queues.store.rows import DialogueRow
from queues.store.tables import dialogues


class Dialogues:
    """The rows of live calls, as they were last committed."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def all(self) -> tuple[DialogueRow, ...]:
        """Every row, oldest first; raises `StoreUnavailable`."""
        with self._database.read() as connection:
            rows = connection.execute(select(dialogues).order_by(dialogues.c.at)).all()
        return tuple(
            DialogueRow(row.call, row.node, row.plan, row.turn, row.at, _ids(row[5]), row.blob)
            for row in rows
        )


def _ids(text: str) -> tuple[str, ...]:
    """The ids of a row; none where it was damaged, so that one row keeps nobody from starting."""
    try:
        ids = json.loads(text)
    except (ValueError, TypeError, RecursionError):
        return ()
    return tuple(ids) if isinstance(ids, list) else ()
