"""Who may write the journal: one service at a time, and a new epoch for each.

The right lies where a dead process cannot keep it: with a file, in a lock of the system (taken when
the file is opened); with a server, in a lock of the very session that writes. The epoch is the last
word: the database refuses rows of an old one, so that a writer that slept cannot come back.
"""

from __future__ import annotations

import threading
import time
from typing import Any, Final

from sqlalchemy import Connection, select, text, update

from queues.store.database import Database
from queues.store.errors import StoreInUse, StoreUnavailable, Trouble, WriterFenced, told
from queues.store.tables import writer

# Advisory locks are a database's own, so that one number serves every installation.
_LOCK: Final = int.from_bytes(b"freizeic")
_BUSY_MS: Final = 1000  # the writer itself tries again, and says meanwhile that it cannot write
_LOOK_UP_MS: Final = 500  # how often a stand-by looks whether it shall give up
_AGAIN_S: Final = 1.0  # between a stand-by's tries to reach a server that is away


class WriteHold:
    """The right to write, for as long as the connection lives that `connect` gives."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._epoch: int | None = None

    def connect(self, *, wait: bool = False, give_up: threading.Event | None = None) -> Connection:
        """Give a connection that holds the right.

        With `wait` a stand-by waits for it, until `give_up` is set, also while a server that it
        has reached once is away. Raises `StoreInUse` when another service has it, `WriterFenced`
        when one had it since `draw_epoch`, `StoreUnavailable`.
        """
        has_waited = False
        while True:
            try:
                return self._connect(wait, give_up)
            except _LostWhileWaiting:
                has_waited = True
            except StoreUnavailable as error:
                if not has_waited or error.trouble is not Trouble.UNREACHABLE:
                    raise
            if give_up is None:
                time.sleep(_AGAIN_S)
            elif give_up.wait(_AGAIN_S):
                raise self._in_use()

    def _connect(self, wait: bool, give_up: threading.Event | None) -> Connection:
        with told(self._database.name):
            connection = self._database.writing.connect()
            try:
                if self._database.file is None:
                    self._lock(connection, wait, give_up)
                else:
                    driver: Any = connection.connection.driver_connection
                    driver.execute(f"PRAGMA busy_timeout = {_BUSY_MS}")
                if self._epoch is not None:
                    with connection.begin():
                        self.same_epoch(connection)
            except BaseException:
                connection.invalidate()  # a session of a server ends, and with it its locks
                connection.close()
                raise
            return connection

    def draw_epoch(self, connection: Connection, node: str, now: float) -> int:
        """Begin a new epoch: from here on rows of every earlier one are refused."""
        with told(self._database.name), connection.begin():
            drawn: int = connection.execute(
                update(writer)
                .values(epoch=writer.c.epoch + 1, node=node, since=now)
                .returning(writer.c.epoch)
            ).scalar_one()
        self._epoch = drawn
        return drawn

    def same_epoch(self, connection: Connection) -> None:
        """Raise `WriterFenced` when another service has drawn an epoch since we did."""
        if connection.scalar(select(writer.c.epoch)) != self._epoch:
            raise WriterFenced

    def _lock(self, connection: Connection, wait: bool, give_up: threading.Event | None) -> None:
        while not self._got_lock(connection, wait):
            if not wait or (give_up is not None and give_up.is_set()):
                break
        else:
            with connection.begin():
                connection.execute(text(f"SET SESSION lock_timeout = {_BUSY_MS}"))
            return
        if self._epoch is not None:  # we had it and lost it: to a stand-by, or for a moment
            with connection.begin():
                self.same_epoch(connection)
            raise StoreUnavailable(self._database.name, Trouble.LOCKED)
        raise self._in_use()

    def _in_use(self) -> StoreInUse:
        return StoreInUse(
            f"{self._database.name}: another service writes here; end that one first, or start "
            "this one as a stand-by, which waits for its end"
        )

    def _got_lock(self, connection: Connection, wait: bool) -> bool:
        try:
            with told(self._database.name), connection.begin():
                if not wait:
                    query = text(f"SELECT pg_try_advisory_lock({_LOCK})")
                    return bool(connection.scalar(query))
                connection.execute(text(f"SET LOCAL lock_timeout = {_LOOK_UP_MS}"))
                connection.execute(text(f"SELECT pg_advisory_lock({_LOCK})"))
                return True
        except StoreUnavailable as error:
            if error.trouble is Trouble.LOCKED:
                return False
            if wait and error.trouble is Trouble.UNREACHABLE:
                raise _LostWhileWaiting from None
            raise


class _LostWhileWaiting(Exception):
    """The server ended the session of a stand-by; it may be back soon."""
