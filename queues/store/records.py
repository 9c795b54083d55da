"""What reports are made of, filled behind the journal: how it is kept together with the position.

A projector reads committed rows of the journal and writes what they come to, together with how far
it has read, in one transaction. So nothing is counted twice, and all can be made again.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from typing import Final

from sqlalchemy import ColumnElement, Connection, Table, delete, func, insert, select, true

from queues.record_rows import (
    EndedCall,
    EndedOffer,
    EndedTalk,
    EndedWait,
    EstimateCount,
    MissedCall,
)
from queues.store.database import Database
from queues.store.errors import StoreError
from queues.store.tables import (
    ended_calls,
    ended_offers,
    ended_talks,
    ended_waits,
    missed_calls,
    projections,
)

_NAME: Final = "reports"
_DELETED_AT_ONCE: Final = 2000  # so that the journal's writer need not wait long
_TABLES: Final = (ended_calls, ended_offers, missed_calls, ended_waits, ended_talks)


class ProjectorBehind(StoreError):
    """Somebody else has moved the projection on; read its position again."""

    code = "projector_behind"


class RowAhead(StoreError):
    """A row was named that the projection has not come to yet."""

    code = "row_ahead"


@dataclass(frozen=True, slots=True)
class Position:
    """A projector of form `version` has read up to `seq`, and carries over what is not ended."""

    version: int
    seq: int
    carried: str = field(repr=False)  # JSON text


class Records:
    """The record tables and how far they are filled. Everything raises `StoreUnavailable`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def position(self, version: int) -> Position:
        """Where to read on; records made by another version are deleted, to be made again."""
        with self._database.read() as connection:
            row = connection.execute(select(projections).where(projections.c.name == _NAME)).first()
        if row is not None and row.version == version:
            return Position(version, row.seq, row.carried)
        self.clear()
        begin = Position(version, 0, "{}")
        with self._database.write() as connection:
            connection.execute(insert(projections).values(name=_NAME, **asdict(begin)))
        return begin

    def clear(self) -> None:
        """Delete all records, to be made again from the first row of the journal."""
        with self._database.write() as connection:  # first: what is deleted next counts no more
            connection.execute(delete(projections).where(projections.c.name == _NAME))
        for table in _TABLES:
            while self._delete_some(table):
                pass

    def add(
        self,
        before: Position,
        after: Position,
        calls: Iterable[EndedCall] = (),
        offers: Iterable[EndedOffer] = (),
        missed: Iterable[MissedCall] = (),
        waits: Iterable[EndedWait] = (),
        talks: Iterable[EndedTalk] = (),
    ) -> None:
        """Write what the rows between two positions came to; raises `ProjectorBehind`.

        A missed call may be told twice: the first telling counts.
        """
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
            new = _not_told_before(connection, missed)
            for table, rows in (
                (ended_calls, calls),
                (ended_offers, offers),
                (missed_calls, new),
                (ended_waits, waits),
                (ended_talks, talks),
            ):
                if values := [asdict(row) for row in rows]:
                    connection.execute(insert(table), values)

    def calls(self, from_at: float, until_at: float) -> tuple[EndedCall, ...]:
        """Calls that ended at `from_at` or later and before `until_at` (Unix seconds)."""
        ended = ended_calls.c.ended_at
        query = select(ended_calls).where(ended >= from_at, ended < until_at)
        with self._database.read() as connection:
            found = connection.execute(query.order_by("seq", "call"))
            return tuple(EndedCall(*row) for row in found)

    def offers(self, from_at: float, until_at: float) -> tuple[EndedOffer, ...]:
        """Offers that ended at `from_at` or later and before `until_at` (Unix seconds)."""
        ended = ended_offers.c.ended_at
        query = select(ended_offers).where(ended >= from_at, ended < until_at)
        with self._database.read() as connection:
            found = connection.execute(query.order_by("seq", "offer"))
            return tuple(EndedOffer(*row) for row in found)

    def last_waits(self, limit: int) -> tuple[EndedWait, ...]:
        """The last waits, up to `limit`, the last that ended first."""
        query = select(ended_waits).order_by(ended_waits.c.seq.desc()).limit(limit)
        with self._database.read() as connection:
            return tuple(EndedWait(*row) for row in connection.execute(query))

    def last_talks(self, limit: int) -> tuple[EndedTalk, ...]:
        """The last talks, up to `limit`, the last that let its agent go first."""
        query = select(ended_talks).order_by(ended_talks.c.seq.desc()).limit(limit)
        with self._database.read() as connection:
            return tuple(EndedTalk(*row) for row in connection.execute(query))

    def estimates(self, from_at: float, until_at: float) -> tuple[EstimateCount, ...]:
        """How the waits came out that were told a range and ended in that time, by need."""
        kept = ended_waits.c
        query = (
            select(kept.queue, kept.need, kept.came_true, func.count())
            .where(kept.ended_at >= from_at, kept.ended_at < until_at, kept.came_true.is_not(None))
            .group_by(kept.queue, kept.need, kept.came_true)
            .order_by(kept.queue, kept.need, kept.came_true)
        )
        with self._database.read() as connection:
            return tuple(EstimateCount(*row) for row in connection.execute(query))

    def missed(self, limit: int, before_seq: int | None = None) -> tuple[MissedCall, ...]:
        """Up to `limit` missed calls, the last that was told of first, from before `before_seq`.

        Raises `RowAhead` for a row that no record can have come from yet.
        """
        query = select(missed_calls).order_by(missed_calls.c.seq.desc()).limit(limit)
        if before_seq is not None:
            query = query.where(missed_calls.c.seq < before_seq)
        with self._database.read() as connection:
            if before_seq is not None and before_seq > _read_up_to(connection):
                raise RowAhead("records do not reach so far; begin with the first page")
            return tuple(MissedCall(*row) for row in connection.execute(query))

    def expire(self, now: float, keep_s: float) -> int:
        """Delete records that ended more than `keep_s` seconds before `now`; how many.

        A clock that is ahead deletes nothing: the newest record's time counts if it is earlier.
        """
        with self._database.read() as connection:
            ends = [
                connection.scalar(select(func.max(ended)))
                for ended in (ended_calls.c.ended_at, missed_calls.c.noted_at)
            ]
        newest = max((end for end in ends if end is not None), default=now)
        before, count = min(now, newest) - keep_s, 0
        for table, ended in (
            (ended_calls, ended_calls.c.ended_at),
            (ended_offers, ended_offers.c.ended_at),
            (missed_calls, missed_calls.c.noted_at),
            (ended_waits, ended_waits.c.ended_at),
            (ended_talks, ended_talks.c.ended_at),
        ):
            while deleted := self._delete_some(table, ended < before):
                count += deleted
        return count

    def counts(self) -> str:
        """How many records there are, in words."""
        with self._database.read() as connection:
            calls, offers, missed, waits, talks = (
                connection.scalar(select(func.count()).select_from(table)) for table in _TABLES
            )
        return (
            f"{calls} calls, {offers} offers, {missed} missed calls, {waits} waits, {talks} talks"
        )

    def _delete_some(self, table: Table, which: ColumnElement[bool] | None = None) -> int:
        which = true() if which is None else which
        some = select(table.c.seq).where(which).order_by(table.c.seq).limit(_DELETED_AT_ONCE)
        with self._database.write() as connection:
            return connection.execute(delete(table).where(table.c.seq.in_(some), which)).rowcount


def _read_up_to(connection: Connection) -> int:
    seq: int | None = connection.scalar(
        select(projections.c.seq).where(projections.c.name == _NAME)
    )
    return seq or 0


def _not_told_before(connection: Connection, missed: Iterable[MissedCall]) -> list[MissedCall]:
    first: dict[str, MissedCall] = {}
    for each in missed:
        first.setdefault(each.call, each)
    if first:
        known = select(missed_calls.c.call).where(missed_calls.c.call.in_(list(first)))
        for call in connection.scalars(known).all():
            del first[call]
    return list(first.values())
