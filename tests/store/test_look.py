"""A store is seen without being changed: before there is one, beside a service, of any version."""

from __future__ import annotations

import pytest

from queues.store import KeyUnusable, SchemaTooNew, SeenStore, StoreUnusable, see_keys, see_store
from tests.store.places import Place, row, write


def seen(place: Place) -> SeenStore | None:
    return see_store(place.url, key_file=place.key_file)


def test_before_the_first_start_there_is_nothing_and_nothing_is_made(place: Place) -> None:
    assert seen(place) is None
    assert see_keys(place.key_file) is None
    assert not place.folder.exists() or not list(place.folder.iterdir())


def test_beside_a_service_its_last_row_is_seen(place: Place) -> None:
    with place.opened() as store:
        write(store, row(at=1000.0), row(at=2000.0))
        assert seen(place) == SeenStore(2, 2000.0, ())
        assert see_keys(place.key_file) == (1,)


def test_tables_of_another_version_are_told_as_older_or_as_newer(place: Place) -> None:
    place.open().close()
    place.say("UPDATE schema_version SET version_num = '0002'")
    older = seen(place)
    assert older is not None
    assert len(older.older) == 1
    place.say("UPDATE schema_version SET version_num = '9999'")
    with pytest.raises(SchemaTooNew, match="a later version"):
        seen(place)


def test_a_database_whose_other_half_is_missing_is_refused(place: Place) -> None:
    place.open().close()
    (place.folder / "people.db").unlink()
    with pytest.raises(StoreUnusable, match=r"people\.db is missing"):
        seen(place)


def test_a_key_that_opens_what_is_kept_and_is_gone_is_missed(file_place: Place) -> None:
    with file_place.opened() as store:
        store.vault.new_contact()
    file_place.key_file.unlink()
    with pytest.raises(KeyUnusable, match="is not there"):
        see_keys(file_place.key_file)
