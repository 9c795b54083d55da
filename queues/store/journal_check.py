"""Whether the journal is whole when it is opened: no row missing, the last one readable."""

from __future__ import annotations

import json

import structlog
from sqlalchemy import Connection, delete, func, select

from queues.store.database import Database
from queues.store.errors import JournalDamaged
from queues.store.rows import Kind
from queues.store.tables import closed_days, journal, projections, snapshots

_log = structlog.get_logger("queues.store")


def check_journal(database: Database) -> tuple[int, str | None]:
    """Give the number of the last row, 0 for an empty journal, and what is to be told.

    A last row whose payload was torn is dropped, which is told, and with it the decision that it
    belongs to: half of one would lead to a state that never was. Raises `JournalDamaged` for
    anything else that is not whole.
    """
    dropped = None
    with database.write() as connection:
        closed = last_closed(connection)
        last = _last_whole(connection, database.name, closed)
        if _is_torn(connection, last):
            if _is_torn(connection, last - 1):
                raise JournalDamaged(
                    f"{database.name}: the last two rows of the journal cannot be read "
                    f"({last - 1} and the one after it); restore a backup. Up to row {last - 2} "
                    "it is whole and can be read; nothing was changed",
                    last - 1,
                    last,
                )
            first = _first_of_decision(connection, last)
            _drop(connection, first, last)
            dropped = (
                f"{database.name}: the last row of the journal ({last}) could not be read and was "
                f"dropped, with the decision that it belongs to ({last - first + 1} rows); what it "
                "told is lost"
            )
            last = _last_whole(connection, database.name, closed)
        _refuse_a_cut_end(connection, database.name, last)
        return last, dropped


def last_closed(connection: Connection) -> int:
    """The last row that lies in a file of a closed day; 0 if there is none."""
    found: int | None = connection.scalar(select(func.max(closed_days.c.last_seq)))
    return found or 0


def _last_whole(connection: Connection, name: str, closed: int) -> int:
    first, last, count = connection.execute(
        select(func.min(journal.c.seq), func.max(journal.c.seq), func.count())
    ).one()
    if first is None:
        return closed
    if first < 1:
        raise before_the_first(first)
    if first > closed + 1:
        raise _missing(name, closed + 1, first - 1)
    if count != last - first + 1:
        after = journal.alias()
        before_gap: int = connection.execute(
            select(func.min(journal.c.seq)).where(
                ~select(after.c.seq).where(after.c.seq == journal.c.seq + 1).exists()
            )
        ).scalar_one()
        after_gap: int = connection.execute(
            select(func.min(journal.c.seq)).where(journal.c.seq > before_gap)
        ).scalar_one()
        raise _missing(name, before_gap + 1, after_gap - 1)
    return max(int(last), closed)


def _refuse_a_cut_end(connection: Connection, name: str, last: int) -> None:
    """What is made of rows is made of committed ones, in the same database: they were there."""
    made_of = [
        connection.scalar(select(func.max(column)))
        for column in (snapshots.c.seq, projections.c.seq)
    ]
    reached = max(seq or 0 for seq in made_of)
    if reached > last:
        raise JournalDamaged(
            f"{name}: rows {last + 1} to {reached} at the end of the journal are missing, though "
            "snapshots or records were made of them; restore a backup of it (an older one will "
            f"do), and leave the database of people as it is. Up to row {last} it can be read; "
            "nothing was changed",
            last + 1,
            reached,
        )


def before_the_first(seq: int) -> JournalDamaged:
    """The error for a row with a number that no row of ours can have."""
    return JournalDamaged(
        f"row {seq} of the journal was not written by a service, for the first one is row 1; "
        "take it out, or restore a backup; nothing was changed",
        seq,
        seq,
    )


def _missing(name: str, first: int, last: int) -> JournalDamaged:
    return JournalDamaged(
        f"{name}: rows {first} to {last} of the journal are missing; restore a backup that has "
        f"them, or move this database away to begin with an empty one. Up to row {first - 1} it is "
        f"whole, and what follows row {last} can be read; nothing was changed",
        first,
        last,
    )


def _is_torn(connection: Connection, seq: int) -> bool:
    payload = connection.scalar(select(journal.c.payload).where(journal.c.seq == seq))
    if payload is None:  # in a file, which has a checksum of its own
        return False
    try:
        json.loads(payload)
    except (ValueError, RecursionError):
        return True
    return False


def _first_of_decision(connection: Connection, seq: int) -> int:
    """The input that a fact follows from; the row itself if it does not follow from one."""
    before = connection.execute(
        select(journal.c.seq, journal.c.kind)
        .where(journal.c.seq <= seq, journal.c.kind != Kind.FACT.value)
        .order_by(journal.c.seq.desc())
        .limit(1)
    ).first()
    return seq if before is None or before.kind != Kind.INPUT.value else int(before.seq)


def _drop(connection: Connection, first: int, last: int) -> None:
    """Take the last rows out, and what was already made of them."""
    connection.execute(delete(journal).where(journal.c.seq >= first))
    connection.execute(delete(snapshots).where(snapshots.c.seq >= first))
    connection.execute(delete(projections).where(projections.c.seq >= first))
    _log.warning(
        "the last row of the journal could not be read and was dropped, with the decision that it "
        "belongs to; what it told is lost",
        seq=last,
        rows=last - first + 1,
    )
