"""What a database's address leads to: a file of our own, or a PostgreSQL server."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError, NoSuchModuleError

from queues.store.errors import StoreUnusable, told
from queues.store.sqlite_file import BUSY_S, SqliteFile

# A client that is gone without a word frees its lock after about 11 s, one that sleeps inside a
# transaction after 30 s. Commits are on the disk when they are reported.
_POSTGRES: Final = (
    "SELECT set_config('tcp_keepalives_idle', '5', false),"
    " set_config('tcp_keepalives_interval', '2', false),"
    " set_config('tcp_keepalives_count', '3', false),"
    f" set_config('lock_timeout', '{BUSY_S:g}s', false),"
    " set_config('idle_in_transaction_session_timeout', '30s', false),"
    " set_config('synchronous_commit', CASE current_setting('synchronous_commit')"
    "  WHEN 'off' THEN 'on' ELSE current_setting('synchronous_commit') END, false)"
)
_SHAPES: Final = "sqlite:////folder/store.db or postgresql+psycopg://user@host/database"


class Database:
    """Transactions for reading and for writing; errors come as `StoreUnavailable`."""

    def __init__(self, name: str, engine: Engine, file: SqliteFile | None) -> None:
        self.name = name
        self.engine = engine
        self.file = file
        self.writing = engine.execution_options(writes=True)
        self._reading = (
            engine if file else engine.execution_options(isolation_level="REPEATABLE READ")
        )

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """One unchanging picture of the database."""
        with told(self.name), self._reading.begin() as connection:
            yield connection

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """All of it or nothing."""
        with told(self.name), self.writing.begin() as connection:
            yield connection

    def shred(self) -> bool:
        """Have nothing left in the log of a file of what was deleted; tell whether that was done.

        While somebody else reads, the log stays. On a server there is no such log of ours.
        """
        if self.file is None:
            return True
        with told(self.name), self.engine.connect() as connection:
            driver: Any = connection.connection.driver_connection
            is_busy: int = driver.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]
            return not is_busy

    def close(self) -> None:
        """End every connection, and let another service have the file."""
        self.engine.dispose()
        if self.file is not None:
            self.file.unlock()

    def undo(self) -> None:
        """Close, and leave no file that was not there before it was opened."""
        self.engine.dispose()
        if self.file is not None:
            self.file.unmake()
        self.close()


def open_database(url: str | URL, *, writable: bool = True, patience_s: float = 0.0) -> Database:
    """Open, and for writing lock, what an address leads to; raises `StoreUnusable`.

    A service that is about to end is given `patience_s` to let go of a file.
    """
    address = _read(url)
    if address.get_backend_name() == "sqlite":
        return _open_file(address, writable, patience_s)
    if address.get_backend_name() != "postgresql":
        raise StoreUnusable(
            f"a database of the kind '{address.get_backend_name()}' is not supported; "
            f"expected {_SHAPES}"
        )
    return _open_server(address)


def refuse_lone_logs(*urls: str | URL) -> None:
    """Raise `StoreUnusable` if the log of a file is there without it, before any is opened."""
    for address in map(_read, urls):
        if address.get_backend_name() == "sqlite" and address.database:
            SqliteFile(Path(address.database)).refuse_log_alone()


def _read(url: str | URL) -> URL:
    try:
        return make_url(url)
    except (ArgumentError, ValueError):  # the port may be no number
        raise StoreUnusable(f"the database's address cannot be read; expected {_SHAPES}") from None


def _open_file(address: URL, writable: bool, patience_s: float) -> Database:
    if not address.database or address.database == ":memory:" or address.query:
        raise StoreUnusable(f"the database's address must name a file; expected {_SHAPES}")
    file = SqliteFile(Path(address.database))
    if writable:
        file.lock(patience_s)
    elif not file.path.is_file():
        raise StoreUnusable(f"{file.name} is not there; start the service once to have it made")
    return Database(file.name, file.engine(writable=writable), file)


def _open_server(address: URL) -> Database:
    name = f"PostgreSQL database '{address.database}'"
    try:
        engine = create_engine(
            address,
            pool_pre_ping=True,
            pool_timeout=BUSY_S,
            hide_parameters=True,
            connect_args={"connect_timeout": 5},
        )
    except (ImportError, NoSuchModuleError):
        raise StoreUnusable(
            f"{name} needs a driver; install it with: pip install 'freizeichen[postgres]', and "
            "begin the address with postgresql+psycopg://"
        ) from None

    @event.listens_for(engine, "connect")
    def _set_up(connection: Any, _record: Any) -> None:
        connection.execute(_POSTGRES)
        connection.commit()

    return Database(name, engine, None)
