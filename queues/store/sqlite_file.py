"""A database in a file: who may own it, how it is locked, opened, watched and copied."""

from __future__ import annotations

import contextlib
import fcntl
import os
import sqlite3
import stat
import time
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Connection, Engine, QueuePool, create_engine, event
from sqlalchemy.exc import DBAPIError

from queues.store.errors import StoreInUse, StoreUnavailable, StoreUnusable, Trouble

BUSY_S: Final = 3.0  # how long a statement waits for another connection
_CONNECTIONS: Final = 8
_LOOK_S: Final = 0.05
_Identity = tuple[int, int]  # device and inode


class SqliteFile:
    """One file that we alone open for writing. `lock` first, then `engine`."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._locked: int | None = None
        self._made = False
        self._identity: _Identity | None = None

    @property
    def name(self) -> str:
        """How errors call it."""
        return str(self.path)

    def refuse_log_alone(self) -> None:
        """Raise `StoreUnusable` if only the log is there: SQLite would delete it."""
        try:
            is_alone = not self.path.exists() and self._log.stat().st_size > 0
        except OSError:
            return
        if is_alone:
            raise StoreUnusable(
                f"{self.name} is missing, and its log {self._log.name}, which holds what was "
                "written last, is there; put the file back beside its log, or move the log away "
                "before you restore a backup or begin anew. Nothing was changed"
            )

    def lock(self, patience_s: float = 0.0) -> None:
        """Make folder and file where they are missing, and hold them until `unlock`.

        The system drops the lock with the process, however that ends; one who is just about to end
        is given `patience_s`. Raises `StoreUnusable`, `StoreInUse`.
        """
        self._own_folder()
        path = self.path.with_name(self.path.name + ".lock")
        flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
        try:
            descriptor = os.open(path, flags, 0o600)
        except OSError as error:
            raise _unusable(path, error) from None
        until = time.monotonic() + patience_s
        while not (held := _flock(descriptor)) and time.monotonic() < until:
            time.sleep(_LOOK_S)
        if not held:
            holder = os.read(descriptor, 20).decode("ascii", "replace").strip()
            os.close(descriptor)
            raise StoreInUse(
                f"{self.name}: another service uses it (process {holder or 'unknown'}); "
                "end that one first, or give this one a folder of its own"
            )
        self._locked = descriptor
        try:
            os.ftruncate(descriptor, 0)
            os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
            self._own_file()
        except OSError as error:
            self.unlock()
            raise _unusable(self.path, error) from None
        except StoreUnusable:
            self.unlock()
            raise

    def unlock(self) -> None:
        """Let another service have it."""
        if self._locked is not None:
            os.close(self._locked)
            self._locked = None

    def unmake(self) -> None:
        """Remove the file again if `lock` made it: an empty one must not pass for a lost one."""
        if self._made and self._locked is not None and self._look() == self._identity:
            for path in (self.path, self._log, self.path.with_name(self.path.name + "-shm")):
                with contextlib.suppress(OSError):
                    path.unlink(missing_ok=True)

    def engine(self, *, writable: bool = True) -> Engine:
        """Give connections to this very file; none once it is moved, removed or replaced.

        A transaction of a connection with the execution option `writes` holds the right to write
        from its beginning, so that it never fails halfway for want of it.
        """
        self._identity = self._look()
        engine = create_engine(
            "sqlite://",
            creator=self._connect,
            poolclass=QueuePool,
            pool_size=_CONNECTIONS,
            max_overflow=0,
            pool_timeout=BUSY_S,
            pool_use_lifo=True,  # the one that was used last knows its statements and pages
            hide_parameters=True,
        )
        pragmas = ["foreign_keys=ON", "synchronous=FULL", "secure_delete=ON"]
        pragmas.insert(0, "journal_mode=WAL" if writable else "query_only=ON")

        @event.listens_for(engine, "connect")
        def _set_up(connection: Any, _record: Any) -> None:
            connection.isolation_level = None  # transactions begin where we say, tables included
            for pragma in pragmas:
                connection.execute(f"PRAGMA {pragma}")

        @event.listens_for(engine, "begin")
        def _begin(connection: Connection) -> None:
            self.check()
            writes = connection.get_execution_options().get("writes", False)
            _begin_in(connection, "BEGIN IMMEDIATE" if writes else "BEGIN")

        return engine

    def check(self) -> None:
        """Raise `StoreUnavailable` when the path no longer leads to the file we opened.

        SQLite itself would go on writing into a file that nobody can find any more.
        """
        if self._look() != self._identity or self._identity is None:
            raise StoreUnavailable(self.name, Trouble.GONE)

    def copy_to(self, path: Path, so: str = "is not upgraded without a copy") -> None:
        """Copy all that is committed, whole or not at all, also while others write.

        Raises `StoreUnusable`, which says what does not come to be (`so`).
        """
        new = path.with_name(path.name + ".new")
        try:
            new.unlink(missing_ok=True)
            os.close(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600))
            with (
                contextlib.closing(self._connect()) as source,
                contextlib.closing(sqlite3.connect(new)) as target,
            ):
                source.backup(target)
            descriptor = os.open(new, os.O_RDONLY)
            os.fsync(descriptor)
            os.close(descriptor)
            new.rename(path)
        except (OSError, sqlite3.Error) as error:
            with contextlib.suppress(OSError):
                new.unlink(missing_ok=True)
            raise StoreUnusable(
                f"{self.name} cannot be copied to {path} ({type(error).__name__}), and {so}; "
                "check disk space and rights, then try again"
            ) from None

    def _connect(self) -> sqlite3.Connection:
        # Never makes a file: an empty one in the place of a lost one would look like a fresh start.
        self.check()
        return sqlite3.connect(
            f"{self.path.absolute().as_uri()}?mode=rw",
            uri=True,
            timeout=BUSY_S,
            check_same_thread=False,
        )

    @property
    def _log(self) -> Path:
        return self.path.with_name(self.path.name + "-wal")

    def _look(self) -> _Identity | None:
        try:
            found = self.path.stat()
        except OSError:
            return None
        return found.st_dev, found.st_ino

    def _own_folder(self) -> None:
        folder = self.path.parent
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            found = folder.stat()
        except OSError as error:
            raise _unusable(folder, error) from None
        if found.st_uid != os.geteuid() or found.st_mode & 0o022:
            raise StoreUnusable(
                f"{folder}: the folder of the database must be ours (account {os.geteuid()}) and "
                "nobody else may write to it; give it to this account and take the rights away "
                "(chown, chmod go-w), or name another folder"
            )

    def _own_file(self) -> None:
        flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
        try:
            os.close(os.open(self.path, flags, 0o600))
            self._made = True
        except FileExistsError:
            found = self.path.lstat()
            if not stat.S_ISREG(found.st_mode) or found.st_uid != os.geteuid():
                raise StoreUnusable(
                    f"{self.name}: is not a file of this account; move it away"
                ) from None
            self.path.chmod(0o600)


def _begin_in(connection: Connection, statement: str) -> None:
    # By the driver: there is one for each call's rows, and SQLAlchemy's way costs as much as they.
    driver: Any = connection.connection.driver_connection
    try:
        driver.execute(statement)
    except sqlite3.Error as error:
        raise DBAPIError.instance(
            statement, None, error, sqlite3.Error, hide_parameters=True, dialect=connection.dialect
        ) from error


def _flock(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def _unusable(path: Path, error: OSError) -> StoreUnusable:
    return StoreUnusable(
        f"{path} cannot be made or opened ({error.strerror}); mend the rights of its folder, free "
        "some space, or name another folder"
    )
