"""A real PostgreSQL for tests: an ordinary account's, on a unix socket, ended with the session."""

from __future__ import annotations

import itertools
import os
import pwd
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg

from ivr.asterisk.account import RunAccount, ordinary_account
from tests.store.postgres_programs import PostgresPrograms, postgres_programs

ROOT = Path(__file__).parent.parent.parent
READY_S = 30.0
_OPTIONS = {
    "listen_addresses": "",  # no TCP
    "unix_socket_permissions": "0777",  # its folder is closed to others
    "fsync": "off",  # the machine of the tests does not lose its power
    "shared_buffers": "16MB",
    "max_connections": "60",
    "logging_collector": "off",
}


class PostgresServer:
    """A server that can be stopped and started again; each database of it is a test's own."""

    def __init__(self, programs: PostgresPrograms, folder: Path, options: dict[str, str]) -> None:
        self._programs = programs
        self._folder = folder
        self._account: dict[str, Any] = _account().popen_options()
        self._options = _OPTIONS | options
        self._process: subprocess.Popen[bytes] | None = None
        self._numbers = itertools.count(1)

    @property
    def socket(self) -> Path:
        return self._folder / ".s.PGSQL.5432"

    def make(self) -> None:
        self._folder.mkdir(mode=0o700)
        if self._account:
            os.chown(self._folder, self._account["user"], self._account["group"])
        command = [self._programs.path("initdb"), "--no-sync", "--auth=trust", "--locale=C"]
        command += ["--encoding=UTF8", "--username=freizeichen", str(self._folder / "data")]
        done = subprocess.run(
            command,
            capture_output=True,
            text=True,
            check=False,
            cwd="/",
            env=self._programs.environment(),
            **self._account,
        )
        assert done.returncode == 0, done.stderr

    def start(self) -> None:
        command = [self._programs.path("postgres"), "-D", str(self._folder / "data")]
        options = self._options | {"unix_socket_directories": str(self._folder)}
        command += [word for name, value in options.items() for word in ("-c", f"{name}={value}")]
        with (self._folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd="/",
                env=self._programs.environment(),
                start_new_session=True,
                **self._account,
            )
        until = time.monotonic() + READY_S
        while not self._answers():
            assert self._process.poll() is None, (self._folder / "log").read_text()
            assert time.monotonic() < until, (self._folder / "log").read_text()
            time.sleep(0.05)

    def stop(self, kind: signal.Signals = signal.SIGINT) -> None:
        """End it and see it gone; SIGINT ends every session first, SIGQUIT drops them."""
        if self._process is not None:
            self._process.send_signal(kind)
            self._process.wait(READY_S)
            self._process = None

    def new_database(self) -> str:
        """Make an empty database and give its name."""
        name = f"test{next(self._numbers)}"
        self.say("postgres", f"CREATE DATABASE {name}")
        return name

    def clean(self, database: str) -> None:
        """Make a database as new, whoever still has a session in it: much faster than a new one."""
        self.say(
            database,
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid()",
        )
        self.say(database, "DROP SCHEMA public CASCADE")
        self.say(database, "CREATE SCHEMA public")

    def url(self, database: str, socket_folder: Path | None = None) -> str:
        host = socket_folder or self._folder
        return f"postgresql+psycopg://freizeichen@/{database}?host={host}"

    def say(self, database: str, statement: str) -> list[Any]:
        """Run one statement beside the code under test."""
        with self.connect(database) as connection:
            cursor = connection.execute(statement.encode())
            return cursor.fetchall() if cursor.description else []

    def connect(self, database: str) -> psycopg.Connection[Any]:
        return psycopg.connect(
            dbname=database, user="freizeichen", host=str(self._folder), autocommit=True
        )

    def _answers(self) -> bool:
        try:
            self.connect("postgres").close()
        except psycopg.OperationalError:
            return False
        return True


def _account() -> RunAccount:
    """Who runs the server: it refuses root, and an account that has no name."""
    account = ordinary_account(ROOT)
    try:
        pwd.getpwuid(account.uid)
    except KeyError:
        entry = pwd.getpwnam("nobody")
        return RunAccount(entry.pw_uid, entry.pw_gid)
    return account


@contextmanager
def running_server(folder: Path, **options: str) -> Iterator[PostgresServer]:
    """A server in this folder, which the account that runs it must be able to enter."""
    server = PostgresServer(postgres_programs(), folder / "postgres", options)
    server.make()
    server.start()
    try:
        yield server
    finally:
        server.stop()
