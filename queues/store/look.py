"""What can be told of a store without changing it, beside a service or without one."""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import URL, make_url, select

from queues.store.belonging import refuse_strangers
from queues.store.database import Database, open_database, refuse_lone_logs
from queues.store.errors import KeyUnusable, SchemaTooNew, StoreUnusable
from queues.store.key_file import read_keys
from queues.store.schema import PEOPLE, STORE, Schema, revision_of
from queues.store.tables import contacts, journal


@dataclass(frozen=True, slots=True)
class SeenStore:
    """A store that can be used: its last row, when that was, and what the next start upgrades."""

    last_seq: int
    last_at: float | None
    older: tuple[str, ...]


def see_store(url: str, *, key_file: Path, people_url: str | None = None) -> SeenStore | None:
    """Look at both databases; None where neither is there yet.

    Raises `StoreUnusable` (`SchemaTooNew`), `StoreUnavailable`.
    """
    beside = people_url or URL.create("sqlite", database=str(key_file.parent / "people.db"))
    refuse_lone_logs(url, beside)
    missing = [
        make_url(address).database
        for address, schema in ((url, STORE), (beside, PEOPLE))
        if not _is_there(address, schema)
    ]
    if len(missing) == 2:
        return None
    if missing:
        raise StoreUnusable(
            f"{missing[0]} is missing, and the database that belongs to it is there; put the "
            "newest copy back, or move the other one away to begin anew"
        )
    store = open_database(url, writable=False)
    try:
        people = open_database(beside, writable=False)
        try:
            older = [
                database.name
                for database, schema in ((store, STORE), (people, PEOPLE))
                if _is_older(database, schema)
            ]
            if older:
                return SeenStore(0, None, tuple(older))
            refuse_strangers(store, people)
        finally:
            people.close()
        with store.read() as connection:
            newest = select(journal.c.seq, journal.c.at).order_by(journal.c.seq.desc()).limit(1)
            row = connection.execute(newest).one_or_none()
        return SeenStore(0, None, ()) if row is None else SeenStore(row.seq, row.at, ())
    finally:
        store.close()


def see_keys(key_file: Path, *, people_url: str | None = None) -> tuple[int, ...] | None:
    """The versions of the master keys, all that are used among them; None where no file is needed.

    Raises `KeyUnusable`, `StoreUnusable`, `StoreUnavailable`.
    """
    keys = read_keys(key_file, to_root=True)
    beside = people_url or URL.create("sqlite", database=str(key_file.parent / "people.db"))
    used: set[int] = set()
    if _is_there(beside, PEOPLE):
        people = open_database(beside, writable=False)
        try:
            if not _is_older(people, PEOPLE):
                with people.read() as connection:
                    has_key = contacts.c.wrapped_key.is_not(None)
                    versions = select(contacts.c.key_version).where(has_key).distinct()
                    used = set(connection.scalars(versions))
        finally:
            people.close()
    lost = sorted(used - set(keys.versions if keys is not None else ()))
    if lost:
        raise KeyUnusable(
            f"{key_file}: the key that opens what is kept (version {lost[0]}) is not there; put "
            "back a copy of the file"
        )
    return None if keys is None else keys.versions


def _is_there(address: str | URL, schema: Schema) -> bool:
    """Whether a file is there, or a server's database was used by us."""
    url = make_url(address)
    if url.get_backend_name() == "sqlite":
        return Path(url.database or "").is_file()
    database = open_database(address, writable=False)
    try:
        with database.read() as connection:
            return revision_of(connection, schema) is not None
    finally:
        database.close()


def _is_older(database: Database, schema: Schema) -> bool:
    """Whether the next start upgrades it; raises `SchemaTooNew`."""
    with database.read() as connection:
        now = revision_of(connection, schema)
    if now == schema.head:
        return False
    if now is not None and not importlib.import_module("queues.store.migrate").is_known(
        schema, now
    ):
        raise SchemaTooNew(
            f"{database.name}: was made by a later version of freizeichen ('{now}', this version "
            f"knows '{schema.head}'); install that version, or restore a backup from before"
        )
    return True
