"""One transaction of the writer: what it holds, and how an outcome that is not known is settled.

After any failure the next transaction begins by taking out what may have been committed without our
hearing of it: nobody was told of those rows, and what still waits of them is written again.
"""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any, Final

from sqlalchemy import Connection, bindparam, delete, insert
from sqlalchemy.exc import DataError, DBAPIError, IntegrityError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from queues.store.errors import (
    StoreError,
    StoreUnavailable,
    Trouble,
    WriterFenced,
    told,
    trouble_of,
)
from queues.store.hold import WriteHold
from queues.store.rows import DialogueRow, Kind, NewRow
from queues.store.seal import RowSeals
from queues.store.tables import dialogues, journal
from queues.store.waiting import Group

# The rows themselves are at fault, so that trying again is of no use.
_AT_FAULT: Final = (DataError, IntegrityError)
_OVER: Final = {Trouble.UNREACHABLE, Trouble.GONE, Trouble.DAMAGED, Trouble.FAILED}
_SOUND_ROW: Final = NewRow(0.0, Kind.LOST, "tried", 1, "", "{}")
_SOUND_DIALOGUE: Final = DialogueRow("", "", "", 0, 0.0, (), "")
_INSERT_ROW: Final = insert(journal)
_INSERT_DIALOGUE: Final = insert(dialogues)
_DELETE_DIALOGUE: Final = delete(dialogues).where(dialogues.c.call == bindparam("over"))


class Committer:
    """Numbers rows without a gap, seals them and commits them under one epoch."""

    def __init__(
        self,
        hold: WriteHold,
        connection: Connection,
        seals: RowSeals,
        name: str,
        epoch: int,
        node: str,
        last: int,
    ) -> None:
        self._hold = hold
        self._connection: Connection | None = connection
        self._seals = seals
        self.name = name
        self._epoch = epoch
        self._node = node
        self._unsure = False
        self.committed = last

    def commit(self, group: Group) -> Exception | None:
        """Write a group whole, and tell what hindered it.

        `StoreUnavailable`: try again later. `WriterFenced`: never again. Another error: this group
        can never be written as it is, unless `hindrance` finds something.
        """
        rows = [row for batch in group.batches for row in batch.rows]
        if not rows and not group.dialogues:
            return None
        try:
            if self._connection is None:
                self._connection = self._hold.connect()
            self._write(self._connection, rows, group.dialogues)
        except Exception as error:
            self._unsure = True
            return self._meaning(error)
        self._unsure = False
        self.committed += len(rows)
        return None

    def hindrance(self) -> Exception | None:
        """Tell what hinders rows that nothing is wrong with, tried and taken back; None if nothing.

        `StoreUnavailable` or `WriterFenced`. Rows are at fault only where this finds nothing.
        """
        try:
            if self._connection is None:
                self._connection = self._hold.connect()
            with self._connection.begin() as transaction:
                values = self._numbered([_SOUND_ROW])
                self._insert(self._connection, values, {"": _SOUND_DIALOGUE})
                transaction.rollback()
        except Exception as error:
            meaning = self._meaning(error)
            if isinstance(meaning, WriterFenced | StoreUnavailable):
                return meaning
            return StoreUnavailable(self.name, Trouble.FAILED)
        return None

    def close(self) -> None:
        """End the connection, and with it the right to write."""
        if self._connection is not None:
            self._connection.invalidate()
            self._connection.close()
            self._connection = None

    def _write(
        self, connection: Connection, rows: list[NewRow], live: dict[str, DialogueRow | None]
    ) -> None:
        values = self._numbered(rows)  # before the transaction: a large row takes its time
        with connection.begin():
            self._insert(connection, values, live)

    def _insert(
        self,
        connection: Connection,
        rows: list[dict[str, Any]],
        live: dict[str, DialogueRow | None],
    ) -> None:
        if self._unsure or not rows:
            self._hold.same_epoch(connection)
        if self._unsure:
            connection.execute(
                delete(journal).where(
                    journal.c.seq > self.committed, journal.c.epoch == self._epoch
                )
            )
        if rows:
            connection.execute(_INSERT_ROW, rows)
        if live:
            connection.execute(_DELETE_DIALOGUE, [{"over": call} for call in live])
        if written := [_columns(row) for row in live.values() if row is not None]:
            connection.execute(_INSERT_DIALOGUE, written)

    def _numbered(self, rows: list[NewRow]) -> list[dict[str, Any]]:
        return [self._sealed(seq, row) for seq, row in enumerate(rows, self.committed + 1)]

    def _sealed(self, seq: int, row: NewRow) -> dict[str, Any]:
        values = {
            "seq": seq,
            "at": float(row.at),
            "epoch": self._epoch,
            "node": self._node,
            "kind": row.kind.value,
            "type": row.type,
            "version": row.version,
            "subject": row.subject,
            "payload": row.text(),
        }
        return values | {"seal": self._seals.of(*values.values())}

    def _meaning(self, error: Exception) -> Exception:
        """What an error tells us to do; a connection that is of no use any more is given up.

        One that still is must be kept: with a server our right to write ends with it.
        """
        if isinstance(error, IntegrityError) and self._connection is not None:
            try:
                with told(self.name), self._connection.begin():
                    self._hold.same_epoch(self._connection)
            except StoreError as found:
                error = found
        if isinstance(error, DBAPIError | PoolTimeout) and not isinstance(error, _AT_FAULT):
            error = StoreUnavailable(self.name, trouble_of(error) or Trouble.FAILED)
        broken = self._connection is not None and self._connection.invalidated
        if broken or (isinstance(error, StoreUnavailable) and error.trouble in _OVER):
            self.close()
        return error


def _columns(row: DialogueRow) -> dict[str, Any]:
    return asdict(row) | {"values": json.dumps(row.values)}
