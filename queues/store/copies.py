"""What makes up a store that lies in files: copied while a service writes, and looked at in peace.

The store is copied first and the people after it, so that whoever the store tells of is known; the
copy of the people is then told how far the copy of the store is.
"""

from __future__ import annotations

import importlib
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from sqlalchemy import URL, make_url, select, text
from sqlalchemy.exc import ArgumentError

from queues.store.belonging import refuse_wrong_key, store_ids, used_keys
from queues.store.database import Database, open_database
from queues.store.day_file import ClosedDay, verify_day
from queues.store.envelope import Envelope
from queues.store.errors import KeyUnusable, SchemaTooNew, StoreUnusable
from queues.store.key_file import read_keys
from queues.store.progress import Progress, note_progress, noted_progress, progress_of
from queues.store.schema import PEOPLE, STORE, Schema, revision_of
from queues.store.tables import closed_days

_SO: Final = "no backup was made"


@dataclass(frozen=True, slots=True)
class StoreFiles:
    """Where the parts of one store lie, or are to lie; `days` is a folder."""

    store: Path
    people: Path
    key: Path
    days: Path


@dataclass(frozen=True, slots=True)
class StoreFacts:
    """What a store in files says of itself, after all of it was looked at.

    `people_know` is how far the store was when the database of people was told of it last.
    """

    store_id: str
    progress: Progress
    people_know: Progress | None
    revisions: tuple[str, str]
    days: tuple[str, ...]


def store_files(url: str, people_url: str | None, *, key: Path, days: Path) -> StoreFiles:
    """Where the parts of a store lie; raises `StoreUnusable` for one on a server."""
    beside = URL.create("sqlite", database=str(key.parent / "people.db"))
    paths = [_path(url, key), _path(people_url or beside, key)]
    return StoreFiles(paths[0], paths[1], key, days)


def copy_store(files: StoreFiles, into: StoreFiles) -> StoreFacts:
    """Copy everything, also while a service runs; `into` is private and empty.

    Raises `StoreUnusable`, `StoreUnavailable`, `DayDamaged`, `KeyUnusable`, OSError.
    """
    for path in (into.store.parent, into.people.parent, into.days):
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
    _copy(files.store, into.store)
    with _reading(into.store) as store:
        progress, days = progress_of(store), _days(store)
    for day in days:
        verify_day(files.days / day.file, day)
        shutil.copyfile(files.days / day.file, into.days / day.file)
    _copy(files.people, into.people)
    people = open_database(_url(into.people))
    try:
        note_progress(people, progress)
        people.shred()  # all of it into the file itself
    finally:
        people.close()
    if read_keys(files.key, to_root=True) is not None:
        into.key.write_bytes(files.key.read_bytes())
        into.key.chmod(0o600)
    return look_at_store(into)


def look_at_store(files: StoreFiles) -> StoreFacts:
    """Look at every part: whole, of one store, opened by the key, not of a later version.

    Changes nothing. Raises `StoreUnusable`, `StoreUnavailable`, `DayDamaged`, `KeyUnusable`.
    """
    with _reading(files.store) as store, _reading(files.people) as people:
        revisions = tuple(_revision(*each) for each in ((store, STORE), (people, PEOPLE)))
        for database in (store, people):
            _refuse_damaged(database)
        with store.read() as in_store, people.read() as in_people:
            ours, theirs = store_ids(in_store, in_people)
            if ours is None or ours != theirs:
                raise StoreUnusable(f"{store.name} and {people.name} are not of one store")
            used = used_keys(in_people)
            keys = read_keys(files.key, to_root=True)
            if keys is None and used:
                raise KeyUnusable(f"{files.key}: the key file is missing, which opens the people")
            if keys is not None:
                refuse_wrong_key(in_people, Envelope(keys), keys, used, files.key, people.name)
        days = _days(store)
        for day in days:
            verify_day(files.days / day.file, day)
        return StoreFacts(
            ours,
            progress_of(store),
            noted_progress(people),
            (revisions[0], revisions[1]),
            tuple(day.file for day in days),
        )


def _path(url: str | URL, key: Path) -> Path:
    try:
        address = make_url(url)
    except (ArgumentError, ValueError):
        raise StoreUnusable("the database's address cannot be read") from None
    if address.get_backend_name() != "sqlite" or not address.database:
        raise StoreUnusable(
            f"the database '{address.database}' is on a server, which has a backup of its own: "
            "pg_dump --format=custom, and pg_restore to go back (the store before the people). "
            f"Keep a copy of {key} apart from it; without it nothing personal can be read"
        )
    return Path(address.database)


def _copy(path: Path, to: Path) -> None:
    with _reading(path) as database:
        if database.file is not None:
            database.file.copy_to(to, _SO)


@contextmanager
def _reading(path: Path) -> Iterator[Database]:
    database = open_database(_url(path), writable=False)
    try:
        yield database
    finally:
        database.close()


def _url(path: Path) -> URL:
    return URL.create("sqlite", database=str(path))


def _days(store: Database) -> tuple[ClosedDay, ...]:
    with store.read() as connection:
        rows = connection.execute(select(closed_days).order_by(closed_days.c.first_seq)).all()
    return tuple(ClosedDay(r.first_seq, r.last_seq, r.day, r.file, r.sha256) for r in rows)


def _revision(database: Database, schema: Schema) -> str:
    with database.read() as connection:
        found = revision_of(connection, schema)
    if found is None:
        raise StoreUnusable(f"{database.name}: holds no tables of freizeichen")
    migrate = importlib.import_module("queues.store.migrate")  # which takes half a second
    if found != schema.head and not migrate.is_known(schema, found):
        raise SchemaTooNew(
            f"{database.name}: was made by a later version of freizeichen (its tables are "
            f"'{found}', this version knows '{schema.head}'); install that version"
        )
    return found


def _refuse_damaged(database: Database) -> None:
    with database.read() as connection:
        if connection.scalar(text("PRAGMA quick_check(1)")) != "ok":
            raise StoreUnusable(f"{database.name}: is damaged")
