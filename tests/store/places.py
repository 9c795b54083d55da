"""Where a test's store lies, how it is opened, and how a test reaches past it into the database."""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from queues.store import DialogueRow, Kind, NewRow, Store
from tests.store.postgres_server import PostgresServer

DAY_S = 86_400.0
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Place:
    """A folder of a service, and a database that no other test uses."""

    folder: Path
    url: str
    server: PostgresServer | None = None
    database: str = ""

    @property
    def file(self) -> Path:
        return self.folder / "store.db"

    @property
    def key_file(self) -> Path:
        return self.folder / "store.key"

    def open(self, **more: Any) -> Store:
        values = {"key_file": self.key_file, "node": "node-a", "longest_pause_s": 0.1} | more
        return Store.open(self.url, **values)

    @contextmanager
    def opened(self, **more: Any) -> Iterator[Store]:
        store = self.open(**more)
        try:
            yield store
        finally:
            store.close()

    def say(self, statement: str) -> list[Any]:
        """Run one statement beside the store."""
        if self.server is not None:
            return self.server.say(self.database, statement)
        return _say(self.file, statement)

    def say_to_people(self, statement: str) -> list[Any]:
        """Run one statement beside the store in the database that says who is who."""
        return _say(self.folder / "people.db", statement)


def _say(file: Path, statement: str) -> list[Any]:
    with closing(sqlite3.connect(file, isolation_level=None)) as connection:
        return connection.execute(statement).fetchall()


def row(number: int = 0, *, kind: Kind = Kind.FACT, at: float = 1000.0, about: str = "") -> NewRow:
    """A row that tells a number."""
    subject = about or f"call-{number}"
    return NewRow(at, kind, "call_queued", 1, subject, json.dumps({"number": number}))


def dialogue(call: str, turn: int, at: float = 1.0) -> DialogueRow:
    """Where a call's dialogue stands after so many turns."""
    return DialogueRow(call, f"node-{turn}", "hash", turn, at, ("value-1", "value-2"), '{"a": 1}')


def numbers(store: Store, after_seq: int = 0, **more: Any) -> list[int]:
    """The numbers that the rows of the journal tell."""
    return [found.values()["number"] for found in store.read_journal(after_seq, **more)]


def write(store: Store, *rows: NewRow) -> None:
    """Submit rows and see them committed."""
    errors: list[Exception | None] = []
    store.journal.submit(rows, errors.append)
    assert store.journal.flush(20)
    assert errors == [None]


def eventually(what: Callable[[], T], within_s: float = 20.0) -> T:
    """Ask again until the answer is true, and give it."""
    until = time.monotonic() + within_s
    while not (answer := what()):
        assert time.monotonic() < until, f"not within {within_s:g} s"
        time.sleep(0.01)
    return answer


@contextmanager
def locked(place: Place) -> Iterator[None]:
    """Another connection holds the journal."""
    if place.server is not None:
        with place.server.connect(place.database) as connection, connection.transaction():
            connection.execute("LOCK TABLE journal IN ACCESS EXCLUSIVE MODE")
            yield
        return
    with closing(sqlite3.connect(place.file, isolation_level=None)) as connection:
        connection.execute("BEGIN IMMEDIATE")
        yield
        connection.execute("ROLLBACK")
