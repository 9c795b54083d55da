"""What reports are made of: a row for each ended call and offer, filled behind the journal.

A projector reads committed rows of the journal and writes what they come to, together with how far
it has read, in one transaction. So nothing is counted twice, and all can be made again.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from typing import Final

from sqlalchemy import delete, insert, select

from queues.store.database import Database
from queues.store.errors import StoreError
from queues.store.tables import ended_calls, ended_offers, projections

_NAME: Final = "reports"


class ProjectorBehind(StoreError):
    """Somebody else has moved the projection on; read its position again."""

    code = "projector_behind"


@dataclass(frozen=True, slots=True)
class Position:
    """A projector of form `version` has read up to `seq`, and carries over what is not ended."""

    version: int
    seq: int
    carried: str = field(repr=False)  # JSON text


@dataclass(frozen=True, slots=True)
class EndedCall:
    """A call's stay in a queue. `seq` is the row that ended it; times in Unix seconds."""

    seq: int
    call: str
    line: str
    queue: str
    first_contact_at: float
    ended_at: float
    waited_s: float
    outcome: str
    agent: str | None
    talked_s: float | None


@dataclass(frozen=True, slots=True)
class EndedOffer:
    """One ringing of one phone. `seq` is the row that ended it; times in Unix seconds."""

    seq: int
    offer: str
    call: str
    queue: str
    agent: str
    place: str
    made_at: float
    ended_at: float
    outcome: str
    rang_s: float


class Records:
    """The record tables and how far they are filled. Everything raises `StoreUnavailable`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def position(self, version: int) -> Position:
        """Where to read on; records made by another version are deleted, to be made again."""
        with self._database.write() as connection:
            row = connection.execute(select(projections).where(projections.c.name == _NAME)).first()
            if row is not None and row.version == version:
                return Position(version, row.seq, row.carried)
            for table in (ended_calls, ended_offers):
                connection.execute(delete(table))
            connection.execute(delete(projections).where(projections.c.name == _NAME))
            begin = Position(version, 0, "{}")
            connection.execute(insert(projections).values(name=_NAME, **asdict(begin)))
            return begin

    def add(
        self,
        before: Position,
        after: Position,
        calls: Iterable[EndedCall] = (),
        offers: Iterable[EndedOffer] = (),
    ) -> None:
        """Write what the rows between two positions came to; raises `ProjectorBehind`."""
        with self._database.write() as connection:
            moved = connection.execute(
                projections.update()
                .where(
                    projections.c.name == _NAME,
                    projections.c.version == before.version,
                    projections.c.seq == before.seq,
                )
                .values(**asdict(after))
            )
            if moved.rowcount != 1:
                raise ProjectorBehind("the records were moved on by another; read their position")
            for table, rows in ((ended_calls, calls), (ended_offers, offers)):
                if values := [asdict(row) for row in rows]:
                    connection.execute(insert(table), values)

    def calls(self, from_at: float, until_at: float) -> tuple[EndedCall, ...]:
        """Calls that ended at `from_at` or later and before `until_at` (Unix seconds)."""
        ended = ended_calls.c.ended_at
        query = select(ended_calls).where(ended >= from_at, ended < until_at).order_by("seq")
        with self._database.read() as connection:
            return tuple(EndedCall(*row) for row in connection.execute(query))

    def offers(self, from_at: float, until_at: float) -> tuple[EndedOffer, ...]:
        """Offers that ended at `from_at` or later and before `until_at` (Unix seconds)."""
        ended = ended_offers.c.ended_at
        query = select(ended_offers).where(ended >= from_at, ended < until_at).order_by("seq")
        with self._database.read() as connection:
            return tuple(EndedOffer(*row) for row in connection.execute(query))
