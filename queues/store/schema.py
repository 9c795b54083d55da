"""Whether a database has the tables this version needs, and how it comes to have them."""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from sqlalchemy import Connection, MetaData, inspect, text

from queues.store import tables
from queues.store.database import Database
from queues.store.errors import SchemaTooNew, StoreUnavailable, StoreUnusable, Trouble

_STEPS: Final = Path(__file__).parent / "migrations"


@dataclass(frozen=True, slots=True)
class Schema:
    """The tables of one database, the steps that lead to them, and the last of these.

    Where an upgrade `leaves_a_copy`, who goes back to an older version needs no backup.
    """

    tables: MetaData
    steps: Path
    head: str
    revision_table: str
    leaves_a_copy: bool


STORE: Final = Schema(tables.store, _STEPS / "store", "0006", "schema_version", True)
# A copy would hold the keys of all who are erased from then on.
PEOPLE: Final = Schema(tables.people, _STEPS / "people", "p0003", "people_schema_version", False)


def bring_up(database: Database, schema: Schema) -> None:
    """Make the tables, or upgrade them; all of it or nothing.

    If its schema says so, a file is copied before, beside it, as `<file>.before-<revision>`.
    Raises `SchemaTooNew`, `StoreUnusable`, `StoreUnavailable`.
    """
    with database.read() as connection:
        now = revision_of(connection, schema)
        strange = now is None and _has_tables(connection, schema)
    if strange:
        raise StoreUnusable(
            f"{database.name}: holds tables of something else, or of an upgrade that was broken "
            "off; name another database, or move this one away"
        )
    if now == schema.head:
        return
    # Alembic takes half a second to import, which an ordinary start does not need.
    migrate = importlib.import_module("queues.store.migrate")
    if now is not None:
        if not migrate.is_known(schema, now):
            raise SchemaTooNew(
                f"{database.name}: was made by a later version of freizeichen (its tables are "
                f"'{now}', this version knows '{schema.head}'); install that version, or restore "
                + (
                    "the copy that it made before"
                    if schema.leaves_a_copy
                    else "a backup from before"
                )
                + " its upgrade"
            )
        if database.file is not None and schema.leaves_a_copy:
            database.file.copy_to(_free_name(database.file.path, schema.head))
    try:
        with database.write() as connection:
            migrate.upgrade(connection, schema, schema.head)
    except StoreUnavailable as error:
        if error.trouble is not Trouble.FAILED:
            raise
        raise StoreUnusable(
            f"{database.name}: its tables cannot be brought to '{schema.head}', and are as they "
            "were; something in them is not of freizeichen's making. Restore a backup, or name "
            "another database"
        ) from None


def require_head(database: Database, schema: Schema) -> None:
    """Raise `StoreUnusable` unless the tables are exactly those of this version."""
    with database.read() as connection:
        now = revision_of(connection, schema)
    if now != schema.head:
        raise StoreUnusable(
            f"{database.name}: has the tables of another version of freizeichen ('{now}', expected "
            f"'{schema.head}'); start the service of this version once to have it upgraded"
        )


def revision_of(connection: Connection, schema: Schema) -> str | None:
    """Give the last step that was done; None if there was none."""
    if not inspect(connection).has_table(schema.revision_table):
        return None
    found: str | None = connection.scalar(text(f"SELECT version_num FROM {schema.revision_table}"))  # noqa: S608  (a name of ours)
    return found


def _has_tables(connection: Connection, schema: Schema) -> bool:
    return bool(set(inspect(connection).get_table_names()) & set(schema.tables.tables))


def _free_name(path: Path, head: str) -> Path:
    name = path.with_name(f"{path.name}.before-{head}")
    number = 2
    while name.exists():  # of an upgrade that did not come to its end: never overwritten
        name = path.with_name(f"{path.name}.before-{head}.{number}")
        number += 1
    return name
