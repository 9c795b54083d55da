"""Whether the two databases and the key file belong together; nothing is overwritten if not."""

from __future__ import annotations

import secrets
from pathlib import Path
from typing import Final

from sqlalchemy import Connection, Table, delete, exists, insert, inspect, select

from queues.store.database import Database
from queues.store.envelope import Envelope
from queues.store.errors import KeyUnusable, StoreUnusable
from queues.store.key_file import MasterKeys, make_keys, read_keys
from queues.store.tables import (
    closed_days,
    contacts,
    dialogues,
    journal,
    meta,
    people_meta,
    vault,
)

_ID: Final = "store_id"
_CHECK: Final = "key_check_"


def refuse_strangers(store: Database, people: Database) -> None:
    """Raise `StoreUnusable` unless both are of one store, or new; before either is changed."""
    with store.read() as in_store, people.read() as in_people:
        ours, theirs = _id(in_store, meta), _id(in_people, people_meta)
        if ours == theirs:
            return
        has_keys = select(exists().where(contacts.c.wrapped_key.is_not(None)))
        if theirs is not None and in_people.scalar(has_keys):
            raise StoreUnusable(
                f"{people.name}: belongs to another database than {store.name}; put back the one "
                "that was beside it, or move both away to begin anew. Nothing was changed"
            )
        if ours is not None and _is_used(in_store):
            raise StoreUnusable(
                f"{people.name}: is missing or empty, and {store.name} tells of people whom only "
                "the lost one knows; put back a copy of it with its key file, or move both "
                "databases away to begin anew. Nothing was changed"
            )


def used_keys(people: Connection) -> set[int]:
    """The versions of the master key that somebody's key is wrapped with."""
    return set(
        people.scalars(
            select(contacts.c.key_version).where(contacts.c.wrapped_key.is_not(None)).distinct()
        )
    )


def store_ids(store: Connection, people: Connection) -> tuple[str | None, str | None]:
    """Which store each database is of; None for a new one."""
    return _id(store, meta), _id(people, people_meta)


def open_envelope(store: Database, people: Database, key_file: Path) -> Envelope:
    """Give the master keys' use, after all three are found to be of one store.

    After `refuse_strangers`. What is new is made. Raises `KeyUnusable`, `StoreUnavailable`.
    """
    _join(store, people)
    with people.write() as connection:
        used = used_keys(connection)
        keys = read_keys(key_file)
        if keys is None:
            if used:
                raise KeyUnusable(
                    f"{key_file}: the key file is missing, and {people.name} has contacts that "
                    "only it can open; put back a copy of it. Nothing was changed"
                )
            keys = make_keys(key_file)
        envelope = Envelope(keys)
        _check(connection, envelope, keys, used, key_file, people.name)
    return envelope


def _join(store: Database, people: Database) -> None:
    with store.write() as in_store, people.write() as in_people:
        ours = _value(in_store, meta, _ID)
        if ours is not None and ours == _value(in_people, people_meta, _ID):
            return
        ours = ours or secrets.token_hex(16)
        _set(in_store, meta, _ID, ours)
        _set(in_people, people_meta, _ID, ours)


def _is_used(store: Connection) -> bool:
    """Whether the store has anything that could be of a person."""
    return any(
        store.scalar(select(exists(select(column))))
        for column in (journal.c.seq, closed_days.c.last_seq, vault.c.id, dialogues.c.call)
    )


def _id(connection: Connection, table: Table) -> str | None:
    """The id of the store that a database is of; None for a new one, without tables too."""
    return _value(connection, table, _ID) if inspect(connection).has_table(table.name) else None


def _check(
    connection: Connection,
    envelope: Envelope,
    keys: MasterKeys,
    used: set[int],
    key_file: Path,
    name: str,
) -> None:
    refuse_wrong_key(connection, envelope, keys, used, key_file, name)
    for version in keys.versions:
        _set(connection, people_meta, f"{_CHECK}{version}", envelope.check_value(version))


def refuse_wrong_key(
    connection: Connection,
    envelope: Envelope,
    keys: MasterKeys,
    used: set[int],
    key_file: Path,
    name: str,
) -> None:
    """Raise `KeyUnusable` unless these keys open what the database of people holds."""
    if missing := used - set(keys.versions):
        raise KeyUnusable(
            f"{key_file}: lacks the key of version {min(missing)}, which {name} uses; put the line "
            "back. Nothing was changed"
        )
    for version in keys.versions:
        expected = _value(connection, people_meta, f"{_CHECK}{version}")
        if expected not in (None, envelope.check_value(version)) and version in used:
            raise KeyUnusable(
                f"{key_file}: is not the key that {name} was made with (version {version}); put "
                "the right one back. Nothing was changed"
            )


def _value(connection: Connection, table: Table, name: str) -> str | None:
    found: str | None = connection.scalar(select(table.c.value).where(table.c.name == name))
    return found


def _set(connection: Connection, table: Table, name: str, value: str) -> None:
    connection.execute(delete(table).where(table.c.name == name))
    connection.execute(insert(table).values(name=name, value=value))
