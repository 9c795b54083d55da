"""Tables: what the migrations make, and what becomes of databases of other versions."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Engine, inspect

from queues.store import SchemaTooNew, StoreUnusable, StoreView, migrate, schema
from queues.store.database import Database, open_database
from queues.store.schema import PEOPLE, STORE, Schema, bring_up
from tests.store.places import Place, numbers, row, write


@contextmanager
def database_of(place: Place, which: Schema) -> Iterator[Database]:
    url = place.url if which is STORE or place.server else f"sqlite:///{place.folder}/people.db"
    database = open_database(url)
    try:
        yield database
    finally:
        database.close()


def checks(engine: Engine) -> dict[str, set[str]]:
    found = inspect(engine)
    return {
        table: {
            f"{check['name']}: {check['sqltext']}" for check in found.get_check_constraints(table)
        }
        for table in found.get_table_names()
        if not table.endswith("schema_version")
    }


@pytest.mark.parametrize("which", [STORE, PEOPLE], ids=["store", "people"])
def test_migrations_make_the_tables_that_the_code_names(place: Place, which: Schema) -> None:
    with database_of(place, which) as database:
        bring_up(database, which)
        with database.engine.connect() as connection:
            context = MigrationContext.configure(
                connection, opts={"version_table": which.revision_table, "compare_type": True}
            )
            assert compare_metadata(context, which.tables) == []
        migrated = checks(database.engine)
        which.tables.drop_all(database.engine)
        which.tables.create_all(database.engine)
        assert migrated == checks(database.engine)


@pytest.mark.parametrize("which", [STORE, PEOPLE], ids=["store", "people"])
def test_the_version_a_start_expects_is_the_last_step(which: Schema) -> None:
    assert migrate.last(which) == which.head


def older(place: Place) -> None:
    """A database as the first version made it, with a row in its journal."""
    with database_of(place, STORE) as database, database.write() as connection:
        migrate.upgrade(connection, STORE, "0001")
        connection.exec_driver_sql("UPDATE writer SET epoch = 7")
        connection.exec_driver_sql(
            "INSERT INTO journal VALUES (1, 1000.0, 7, 'old', 'fact', 'call_queued', 1, 'call',"
            " '{\"number\": 41}')"
        )


def test_a_database_of_an_older_version_is_upgraded_with_all_that_is_in_it(place: Place) -> None:
    older(place)
    with place.opened() as store:
        assert store.epoch == 8
        write(store, row(42))
        assert numbers(store) == [41, 42]
        assert store.records.calls(0, 1e9) == ()


def test_an_upgrade_leaves_a_copy_of_the_older_file(file_place: Place) -> None:
    older(file_place)
    with file_place.opened():
        pass
    copy = file_place.folder / f"store.db.before-{STORE.head}"
    assert copy.stat().st_mode & 0o777 == 0o600
    with closing(sqlite3.connect(copy)) as connection:
        assert connection.execute("SELECT version_num FROM schema_version").fetchall() == [
            ("0001",)
        ]
        assert connection.execute("SELECT count(*) FROM journal").fetchall() == [(1,)]


def test_a_copy_of_an_earlier_upgrade_is_never_overwritten(file_place: Place) -> None:
    older(file_place)
    copy = file_place.folder / f"store.db.before-{STORE.head}"
    copy.write_text("kept")
    with file_place.opened():
        pass
    assert copy.read_text() == "kept"
    assert (file_place.folder / f"store.db.before-{STORE.head}.2").stat().st_size > 1000


def test_people_of_an_older_version_are_upgraded_and_no_copy_of_their_keys_is_left(
    file_place: Place,
) -> None:
    with database_of(file_place, PEOPLE) as database, database.write() as connection:
        migrate.upgrade(connection, PEOPLE, "p0001")
        connection.exec_driver_sql("INSERT INTO contacts VALUES ('old', NULL, 1, 1000.0)")
    file_place.open().close()
    assert file_place.say_to_people("SELECT id, erased_at, seen_at FROM contacts") == [
        ("old", 1000.0, None)
    ]
    assert not list(file_place.folder.glob("*before*"))


def test_an_upgrade_that_fails_changes_nothing(place: Place) -> None:
    older(place)
    place.say("CREATE TABLE projections (name TEXT)")  # in the way of the last table of step 2
    with pytest.raises(
        StoreUnusable, match=f"cannot be brought to '{STORE.head}', and are as they were"
    ):
        place.open()
    with database_of(place, STORE) as database:
        tables = set(inspect(database.engine).get_table_names())
        assert "ended_calls" not in tables
    place.say("DROP TABLE projections")
    with place.opened() as store:
        assert numbers(store) == [41]


def test_a_database_of_a_later_version_is_refused_and_left_alone(place: Place) -> None:
    with place.opened() as store:
        write(store, row(1))
    place.say("UPDATE schema_version SET version_num = '0099'")
    with pytest.raises(SchemaTooNew, match=r"later version of freizeichen.*'0099'.*install"):
        place.open()
    assert place.say("SELECT epoch FROM writer") == [(1,)]
    place.say(f"UPDATE schema_version SET version_num = '{STORE.head}'")
    with place.opened() as store:
        assert numbers(store) == [1]


def test_a_database_of_something_else_is_refused(place: Place) -> None:
    place.folder.mkdir(mode=0o700)
    place.say("CREATE TABLE journal (entry TEXT)")
    with pytest.raises(StoreUnusable, match="tables of something else"):
        place.open()


def test_who_only_reads_upgrades_nothing(place: Place) -> None:
    older(place)
    with pytest.raises(StoreUnusable, match=rf"'0001', expected '{STORE.head}'.*start the service"):
        StoreView(place.url, days_folder=place.folder)


def test_the_steps_are_found_in_the_package() -> None:
    folder = Path(schema.__file__).parent / "migrations"
    for which in (STORE, PEOPLE):
        assert which.steps.parent == folder
        assert list(which.steps.glob("*.py"))
