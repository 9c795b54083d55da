"""The dialplans that live calls run on, by hash; whoever keeps dialogues says when one may go.

Their texts lie there packed: they hold every phrase that callers may say, and whoever looks through
the files for what somebody said shall find only that.
"""

from __future__ import annotations

import base64
import zlib

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
                connection.execute(insert(dialplans).values(hash=name, body=_packed(body)))

    def all(self) -> dict[str, str]:
        """Give every text by its hash; an empty one where it is damaged."""
        with self._database.read() as connection:
            rows = connection.execute(select(dialplans)).all()
        return {row.hash: _unpacked(row.body) for row in rows}

    def drop(self, name: str) -> None:
        """Let one go: no live call runs on it any more."""
        with self._database.write() as connection:
            connection.execute(delete(dialplans).where(dialplans.c.hash == name))


def _packed(text: str) -> str:
    return base64.b85encode(zlib.compress(text.encode())).decode()


def _unpacked(packed: str) -> str:
    try:
        return zlib.decompress(base64.b85decode(packed)).decode()
    except (ValueError, zlib.error):
        return ""
