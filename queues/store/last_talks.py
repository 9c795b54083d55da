"""With whom a contact talked last in a queue: kept with the people, and gone with the person."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import and_, delete, exists, insert, not_, or_, select

from queues.store.database import Database
from queues.store.tables import contacts, last_talks


@dataclass(frozen=True, slots=True)
class LastTalk:
    """A talk of a contact that began at `at` (Unix seconds), the last one in this queue."""

    queue: str
    agent: str
    at: float


class LastTalks:
    """The last talk of each contact in each queue. Everything raises `StoreUnavailable`."""

    def __init__(self, people: Database) -> None:
        self._people = people

    def note(self, contact: str, talk: LastTalk) -> None:
        """Keep a talk in the place of the one before; nothing of who is unknown or was erased."""
        here = and_(last_talks.c.contact == contact, last_talks.c.queue == talk.queue)
        is_there = exists().where(contacts.c.id == contact, contacts.c.wrapped_key.is_not(None))
        with self._people.write() as connection:
            connection.execute(delete(last_talks).where(here))
            if connection.scalar(select(is_there)):
                connection.execute(
                    insert(last_talks).values(
                        contact=contact, queue=talk.queue, agent=talk.agent, at=talk.at
                    )
                )

    def of(self, contact: str) -> tuple[LastTalk, ...]:
        """Give the last talks of a contact, one for each queue."""
        query = select(last_talks.c.queue, last_talks.c.agent, last_talks.c.at)
        with self._people.read() as connection:
            rows = connection.execute(query.where(last_talks.c.contact == contact)).all()
        return tuple(LastTalk(row.queue, row.agent, row.at) for row in rows)

    def forget(self, since: Mapping[str, float]) -> int:
        """Delete talks before these times (Unix seconds) of their queues, and of other queues all.

        Tells how many.
        """
        kept = [
            and_(last_talks.c.queue == queue, last_talks.c.at >= at) for queue, at in since.items()
        ]
        over = delete(last_talks)
        with self._people.write() as connection:
            return connection.execute(over.where(not_(or_(*kept))) if kept else over).rowcount
