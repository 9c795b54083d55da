"""Whether the two databases and the key file belong together; nothing is overwritten if not."""

from __future__ import annotations

import secrets
from pathlib import Path
from typing import Final

from sqlalchemy import Connection, Table, delete, exists, insert, select

from queues.store.database import Database
from queues.store.envelope import Envelope
from queues.store.errors import KeyUnusable, StoreUnusable
from queues.store.key_file import MasterKeys, make_keys, read_keys
from queues.store.tables import contacts, meta, people_meta, vault

_ID: Final = "store_id"
_CHECK: Final = "key_check_"


def open_envelope(store: Database, people: Database, key_file: Path) -> Envelope:
    """Give the master keys' use, after all three are found to be of one store.

    What is new is made. Raises `StoreUnusable`, `KeyUnusable`, `StoreUnavailable`.
    """
    _join(store, people)
    with people.write() as connection:
        used = set(
            connection.scalars(
                select(contacts.c.key_version).where(contacts.c.wrapped_key.is_not(None)).distinct()
            )
        )
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
        theirs = _value(in_people, people_meta, _ID)
        if ours is not None and ours == theirs:
            return
        if in_people.scalar(select(exists().where(contacts.c.wrapped_key.is_not(None)))):
            raise StoreUnusable(
                f"{people.name}: belongs to another database than {store.name}; put back the one "
                "that was beside it, or move both away to begin anew. Nothing was changed"
            )
        if in_store.scalar(select(exists(select(vault.c.id)))):
            raise StoreUnusable(
                f"{people.name}: is empty, and {store.name} has values that only the lost one can "
                "open; put back a copy of it, or move both away to begin anew. Nothing was changed"
            )
        ours = ours or secrets.token_hex(16)
        _set(in_store, meta, _ID, ours)
        _set(in_people, people_meta, _ID, ours)


def _check(
    connection: Connection,
    envelope: Envelope,
    keys: MasterKeys,
    used: set[int],
    key_file: Path,
    name: str,
) -> None:
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
        _set(connection, people_meta, f"{_CHECK}{version}", envelope.check_value(version))


def _value(connection: Connection, table: Table, name: str) -> str | None:
    found: str | None = connection.scalar(select(table.c.value).where(table.c.name == name))
    return found


def _set(connection: Connection, table: Table, name: str, value: str) -> None:
    connection.execute(delete(table).where(table.c.name == name))
    connection.execute(insert(table).values(name=name, value=value))
