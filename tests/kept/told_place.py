"""A place whose store holds the day that the first release left, and the commands that read it."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from typer.testing import CliRunner, Result

from ivr.cli import app
from ivr.keeping.kept import Kept, open_kept
from ivr.place.place import Place
from ivr.settings.settings import load_settings
from queues.centre.journal.row import JournalRow
from queues.store import Kind, NewRow
from tests.switch import test_settings
from tests.unit.queues.journals import KEPT, read_journal

WITHIN_S = 20.0


def told_place(folder: Path) -> Place:
    """A settings file and an empty run folder."""
    path = folder / "freizeichen.yaml"
    with path.open("w", encoding="utf-8") as file:
        YAML(typ="safe").dump(test_settings().model_dump(mode="json", exclude_none=True), file)
    (folder / ".freizeichen").mkdir()
    return Place(path, folder / ".freizeichen", is_example=False)


@contextmanager
def opened(place: Place) -> Iterator[Kept]:
    with open_kept(load_settings(place.settings_file), place, lambda _: None) as kept:
        yield kept


def write_a_day(kept: Kept, *, old: NewRow | None = None) -> None:
    """The day that the first release left, behind an older row."""
    if old is not None:
        kept.store.journal.submit([old])
    write(kept, read_journal(KEPT[0]))


def write(kept: Kept, rows: Iterable[JournalRow]) -> None:
    for row in rows:
        new = NewRow(
            row.at, Kind(row.kind), row.type, row.version, row.subject, json.dumps(row.payload)
        )
        kept.store.journal.submit([new])
    assert kept.store.journal.flush(WITHIN_S)


def run(place: Place, *words: str) -> Result:
    return CliRunner().invoke(app, [*words, "--settings", str(place.settings_file)])


def rows(place: Place, query: str) -> list[Any]:
    with closing(sqlite3.connect(place.run_folder / "store/store.db")) as database:
        found = database.execute(query).fetchall()
        database.commit()
    return found
