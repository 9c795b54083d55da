"""Journeys: today's service starts on what an older one left, also where a power cut tore it."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing, suppress
from pathlib import Path

import pytest

from ivr.keeping.journal import new_row
from queues.centre.journal.row import JournalRow
from queues.centre.journal.snapshot import to_snapshot
from queues.centre.recovery import recover
from queues.store import Snapshot, Store
from tests.journeys.service import SCRIPTS, Service, call, command, end_asterisk, start, wait_ready
from tests.journeys.service import write_settings as write_settings_file
from tests.unit.queues.journals import KEPT, read_journal

WITHIN_S = 20.0


def left_behind(folder: Path, rows: list[JournalRow]) -> Path:
    """A store with this journal and two snapshots, made where a service will look for it."""
    run = folder / ".freizeichen"
    for each in (run, run / "store", run / "people"):
        each.mkdir(mode=0o700)
    url = f"sqlite:///{run / 'store/store.db'}"
    store = Store.open(
        url,
        key_file=run / "people/store.key",
        node="before",
        days_folder=run / "store/journal",
    )
    store.journal.submit([new_row(row) for row in rows])
    assert store.journal.flush(WITHIN_S)
    decisions = [n for n, row in enumerate(rows) if row.kind == "input"]
    for end in (decisions[len(decisions) // 3], decisions[2 * len(decisions) // 3]):
        centre = recover(None, rows[:end])
        store.snapshots.save(Snapshot(end, centre.at, 1, json.dumps(to_snapshot(centre))))
    assert store.close(WITHIN_S) == 0
    return run / "store/store.db"


def spoil(file: Path) -> tuple[int, int]:
    """Cut the newest snapshot in half, tear the last row; gives the numbers of both."""
    with closing(sqlite3.connect(file)) as database, database:
        (last,) = database.execute("SELECT max(seq) FROM journal").fetchone()
        (newest,) = database.execute("SELECT max(seq) FROM snapshots").fetchone()
        half = "substr(body, 1, length(body) / 2)"
        database.execute(f"UPDATE snapshots SET body = {half} WHERE seq = ?", (newest,))
        database.execute(
            "UPDATE journal SET payload = substr(payload, 1, 5) WHERE seq = ?", (last,)
        )
    return last, newest


@pytest.mark.parametrize("path", KEPT, ids=lambda path: path.stem)
def test_a_journal_of_any_release_starts_the_service_also_torn_and_with_a_cut_snapshot(
    folder: Path, path: Path
) -> None:
    write_settings_file(folder)
    rows = read_journal(path)
    last, newest = spoil(left_behind(folder, rows))
    process = start(folder)
    try:
        service = wait_ready(folder, process)
        assert service.health()[0] == 200
        assert service.get("calls") == []  # whoever called then is gone
        said = service.said()
        assert f'"seq": {last}' in said
        assert "could not be read and was dropped" in said
        assert "a snapshot was passed over" in said
        assert f'"seq": {newest}' in said
        assert "Traceback" not in said
        status, report = call(service, "300", SCRIPTS / "ko-keys.yaml")
        assert status == 0, report
        _decides_the_same(service)
        assert service.stop() == 0
    finally:
        with suppress(ProcessLookupError):
            process.kill()
        process.wait(5)
        end_asterisk(folder)


def _decides_the_same(service: Service) -> None:
    status, said = command(service, "replay", "--json")
    assert status == 0, said
    assert json.loads(said)["differences"] == 0
