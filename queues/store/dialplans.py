"""The dialplans that live calls run on, by hash; whoever keeps dialogues says when one may go."""

from __future__ import annotations

from sqlalchemy import delete, insert, select

from queues.store.database import Database
from queues.store.tables import dialplans


class Dialplans:
    """Texts of dialplans. From any thread; everything raises `StoreUnavailable`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def keep(self, name: str, body: str) -> None:
        """Keep a text under its hash; once more does no harm."""
        with self._database.write() as connection:
            known = select(dialplans.c.hash).where(dialplans.c.hash == name)
            if connection.scalar(known) is None:
                connection.execute(insert(dialplans).values(hash=name, body=body))

    def all(self) -> dict[str, str]:
        """Give every text by its hash."""
        with self._database.read() as connection:
            rows = connection.execute(select(dialplans)).all()
        return {row.hash: row.body for row in rows}

    def drop(self, name: str) -> None:
        """Let one go: no live call runs on it any more."""
        with self._database.write() as connection:
            connection.execute(delete(dialplans).where(dialplans.c.hash == name))
