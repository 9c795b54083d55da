"""What can go wrong with the store, named by who must act; no text quotes what is stored.

A database's own messages are never passed on: they quote the values of the statement that failed.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from typing import ClassVar

from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout


class Trouble(StrEnum):
    """Why a database cannot be written or read just now."""

    LOCKED = "locked"  # another connection holds it, longer than we wait
    FULL = "full"
    READ_ONLY = "read_only"
    GONE = "gone"  # the file under our connection was moved, removed or replaced
    UNREACHABLE = "unreachable"  # the server does not answer, or ended our session
    DAMAGED = "damaged"  # what lies on the disk is no database, or no longer one
    FAILED = "failed"  # the disk or the database reports a fault of another kind

    @property
    def mend(self) -> str:
        """What is wrong and what to do, without saying where."""
        return _MEND[self]


_MEND: dict[Trouble, str] = {
    Trouble.LOCKED: "another program holds it; end that program, or wait until it is done",
    Trouble.FULL: "the disk is full; free some space",
    Trouble.READ_ONLY: "it cannot be written; mend the rights of file and folder, or of the disk",
    Trouble.GONE: "the file was moved, removed or replaced; put it back, or restart the service",
    Trouble.UNREACHABLE: "the server does not answer; check that it runs and may be reached",
    Trouble.DAMAGED: "it is damaged or no database; restore a backup, or move it away",
    Trouble.FAILED: "the disk or the database reports a fault; look into the system's log",
}


class StoreError(Exception):
    """Anything the store cannot do. `code` never changes its meaning."""

    code: ClassVar[str] = "store_error"


class StoreUnusable(StoreError):
    """The store cannot be opened as it is; the text says what to do. Nothing was changed."""

    code = "store_unusable"


class StoreInUse(StoreUnusable):
    """Another service writes here."""

    code = "store_in_use"


class PeopleInUse(StoreInUse):
    """Another service has the database of people; it may be about to end."""


class SchemaTooNew(StoreUnusable):
    """The database was made by a later version of the product."""

    code = "schema_too_new"


class KeyUnusable(StoreUnusable):
    """The file with the master key is missing, open to others, unreadable or another one's."""

    code = "key_unusable"


class StoreUnavailable(StoreError):
    """A database did not take a statement; trying again later may help."""

    code = "store_unavailable"

    def __init__(self, where: str, trouble: Trouble) -> None:
        super().__init__(f"{where}: {trouble.mend}")
        self.trouble = trouble


class NotCommitted(StoreError):
    """Rows that were submitted do not stand in the journal and never will."""

    code = "not_committed"

    def __init__(self, reason: str) -> None:
        super().__init__(f"the rows were not committed: {reason}")
        self.reason = reason


class WriterFenced(NotCommitted):
    """Another service has taken the journal over; this process must not write any more."""

    code = "writer_fenced"

    def __init__(self) -> None:
        super().__init__("another service has taken the journal over; end this one")


class JournalDamaged(StoreError):
    """Rows of the journal are missing or cannot be read: `first_seq` to `last_seq`.

    What stands outside of these numbers can be read: go on with `after_seq=last_seq`.
    """

    code = "journal_damaged"

    def __init__(self, text: str, first_seq: int, last_seq: int) -> None:
        super().__init__(text)
        self.first_seq = first_seq
        self.last_seq = last_seq


def trouble_of(error: Exception) -> Trouble | None:
    """Give what an error of a database means; None if trying again would be of no use."""
    if isinstance(error, PoolTimeout):
        return Trouble.LOCKED
    raised = error.orig if isinstance(error, DBAPIError) else error
    sqlite_code = getattr(raised, "sqlite_errorcode", None)
    if sqlite_code is not None:
        return _SQLITE.get(sqlite_code & 0xFF)
    if not isinstance(error, DBAPIError):
        return None
    sqlstate = getattr(error.orig, "sqlstate", None)
    if sqlstate is None:  # the client library itself: no connection, or it broke
        lost = error.connection_invalidated or isinstance(error, OperationalError)
        return Trouble.UNREACHABLE if lost else None
    return next((found for start, found in _SQLSTATE if sqlstate.startswith(start)), None)


@contextmanager
def told(where: str) -> Iterator[None]:
    """Turn a database's errors, and those of SQLite's driver, into `StoreUnavailable`.

    Their text is left out.
    """
    try:
        yield
    except (DBAPIError, PoolTimeout, sqlite3.Error) as error:
        raise StoreUnavailable(where, trouble_of(error) or Trouble.FAILED) from None


_SQLITE = {
    5: Trouble.LOCKED,  # SQLITE_BUSY
    6: Trouble.LOCKED,  # SQLITE_LOCKED
    8: Trouble.READ_ONLY,
    10: Trouble.FAILED,  # SQLITE_IOERR
    11: Trouble.DAMAGED,  # SQLITE_CORRUPT
    13: Trouble.FULL,
    14: Trouble.READ_ONLY,  # SQLITE_CANTOPEN, of a file that is there: see `SqliteFile.check`
    26: Trouble.DAMAGED,  # SQLITE_NOTADB
}
_SQLSTATE = (
    ("08", Trouble.UNREACHABLE),
    ("57P", Trouble.UNREACHABLE),  # the server shuts down, or starts, or ended our session
    ("25P03", Trouble.UNREACHABLE),  # it ended our session because we slept in a transaction
    ("53100", Trouble.FULL),
    ("53300", Trouble.UNREACHABLE),  # too many connections
    ("53", Trouble.FAILED),
    ("55P03", Trouble.LOCKED),
    ("40", Trouble.LOCKED),  # serialization failure, deadlock
    ("57014", Trouble.LOCKED),  # the statement took too long
    ("25006", Trouble.READ_ONLY),
    ("58", Trouble.FAILED),  # the server's disk
    ("XX", Trouble.DAMAGED),
)
