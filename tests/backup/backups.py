"""A place with a store for tests of backups, filled, opened, put back, repacked after a change."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from ivr.backups.archive import read_archive, write_archive
from ivr.backups.restore import restore
from ivr.keeping.kept import open_store
from ivr.place.place import Place
from ivr.settings.settings import load_settings
from queues.store import (
    DataClass,
    Store,
)
from tests.store.places import row, write

EXAMPLE = Path(__file__).parents[2] / "ivr" / "example.yaml"
NUMBER = "+49301234567"


@contextmanager
def opened(place: Place) -> Iterator[Store]:
    store = open_store(load_settings(place.settings_file), place)
    try:
        yield store
    finally:
        store.close()


def fill(place: Place, rows: int = 3) -> tuple[str, str]:
    """A store with rows and a caller's value; gives the contact and the value's id."""
    with opened(place) as store:
        write(store, *(row(n + 1) for n in range(rows)))
        contact = store.vault.contact_of("phone", NUMBER, create=True)
        assert contact is not None
        value = store.vault.put(contact, DataClass.PERSONAL, "Erika", time.time() + 1000)
    (place.run_folder / "token").write_text("before\n")
    return contact, value


def put_back(place: Place, file: Path, *, force: bool = False, people: bool = False) -> list[str]:
    told: list[str] = []
    restore(place, file, told.append, force=force, people=people)
    return told


def repacked(file: Path, folder: Path, change: Callable[[Path], None], **says: object) -> Path:
    """The same backup after a change, with checksums that fit."""
    manifest = read_archive(file, folder)
    change(folder)
    names = [each["name"] for each in manifest["files"]]
    for name in ("files", "format"):
        del manifest[name]
    write_archive(folder, names, manifest | says, file)
    return file
