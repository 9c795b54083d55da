"""`freizeichen replay DATE --with CHANGES.yaml` on a real store, on the day of all troubles."""

from __future__ import annotations

import json
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from ivr.keeping.journal import new_row
from ivr.place.place import Place
from tests.kept.told_place import WITHIN_S, opened, run, told_place
from tests.unit.queues.rich_day import record
from tests.unit.queues.virtual_time import run_in_virtual_time

DATE = "2026-06-01"
CHANGES = """\
agents:
  more: [{count: 2, from: "08:00", to: "18:00"}]
queues:
  billing: {wrap_up_s: 5}
"""


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Place:
    place = told_place(tmp_path_factory.mktemp("what-if"))
    rows = run_in_virtual_time(record(1))
    with opened(place) as kept:
        kept.store.journal.submit([new_row(row) for row in rows])
        assert kept.store.journal.flush(WITHIN_S)
        kept.store.close_days(rows[-1].at + 30 * 86_400, ZoneInfo("UTC"))
    return place


@pytest.fixture
def changes(tmp_path: Path) -> Path:
    path = tmp_path / "changes.yaml"
    path.write_text(CHANGES)
    return path


def test_a_day_is_told_as_recorded_as_simulated_and_with_the_changes(
    place: Place, changes: Path
) -> None:
    done = run(place, "replay", DATE, "--with", str(changes), "--json")
    assert done.exit_code == 0, done.output
    told = json.loads(done.stdout)
    assert (told["date"], told["seeds"], told["gaps"]) == (DATE, [1, 20], 0)
    was, with_changes = told["unchanged"]["mean_wait_s"], told["changed"]["mean_wait_s"]
    assert was["low"] <= was["median"] <= was["high"]
    assert with_changes["median"] < was["median"]
    assert told["recorded"]["callers"] == told["changed"]["callers"]["median"]
    assert {each["queue"] for each in told["laws"]} == {"billing", "repairs", "moving"}
    text = run(place, "replay", DATE, "--with", str(changes)).stdout
    assert f"{told['changed']['p95_s']['high']:.2f}" in text
    assert "laws of the day" in text


def test_faults_of_a_file_of_changes_are_named_and_nothing_is_simulated(
    place: Place, changes: Path
) -> None:
    changes.write_text(CHANGES.replace("billing", "bills"))
    done = run(place, "replay", DATE, "--with", str(changes))
    assert done.exit_code == 1
    assert f"{changes}:4: queues.bills: is no queue of this day" in done.output


@pytest.mark.parametrize(
    ("words", "status", "told"),
    [
        (["2026-06-02", "--with"], 1, "no call that waited on 2026-06-02"),
        (["first of June", "--with"], 2, "expected a date such as 2026-06-01"),
        ([DATE], 2, "expected both DATE and --with"),
        (["--with"], 2, "expected both DATE and --with"),
    ],
)
def test_what_cannot_be_asked_is_said(
    place: Place, changes: Path, words: list[str], status: int, told: str
) -> None:
    if "--with" in words:
        words = [*words, str(changes)]
    done = run(place, "replay", *words)
    assert done.exit_code == status
    assert told in done.output


def test_without_a_date_it_is_the_replay_that_it_was(place: Place) -> None:
    done = run(place, "replay", "--json")
    assert "differences" in json.loads(done.stdout)
