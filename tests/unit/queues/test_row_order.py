"""Unit: what stands in the columns of a row is what belongs there, or the row is named."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from queues.centre.facts.house import HistoryLost
from queues.centre.inputs.house import PlaceChanged, PlaceState
from queues.centre.journal.codec import fact_row
from queues.centre.journal.row import JournalRow
from queues.centre.journal.snapshot import to_snapshot
from queues.centre.replay import MOST_SHOWN, replay
from queues.ids import PlaceId
from tests.unit.queues.journals import KEPT, read_journal
from tests.unit.queues.rich_day import record
from tests.unit.queues.scenes import BILLING, settings
from tests.unit.queues.virtual_time import run_in_virtual_time
from tests.unit.queues.written import Written

SENTINEL = "+4930998877"
EPOCH = "its epoch or node is not that of its input"
INPUTS_TIME = "its time is not that of its input"
BEFORE = "its time is before that of a row before"
SUBJECT = "its subject is not what it is about"


def a_scene() -> list[JournalRow]:
    scene = Written(settings(("anna", (BILLING,))))
    scene.ready("anna")
    scene.enter("c1", after=5)
    scene.take(PlaceChanged(PlaceId("none"), PlaceState.FREE), after=5)  # leads to nothing
    scene.talk("c1")
    return scene.rows


def told(rows: list[JournalRow]) -> list[tuple[int, str]]:
    return [(each.seq, each.what) for each in replay(rows).shown_misfits]


def seq_of(rows: list[JournalRow], type_: str) -> int:
    return next(row.seq for row in rows if row.type == type_)


def changed(rows: list[JournalRow], seq: int, **columns: Any) -> list[JournalRow]:
    return [replace(row, **columns) if row.seq == seq else row for row in rows]


@pytest.mark.parametrize("path", KEPT, ids=lambda path: path.stem)
def test_in_a_journal_of_any_release_every_column_fits(path: Any) -> None:
    assert told(read_journal(path)) == []


def test_in_a_day_every_column_fits() -> None:
    assert told(run_in_virtual_time(record(12))) == []


@pytest.mark.parametrize(
    ("type_", "columns", "found"),
    [
        ("queue_entered", {"subject": SENTINEL}, [SUBJECT]),
        ("call_queued", {"subject": SENTINEL}, [SUBJECT]),
        ("call_queued", {"at": 1e12}, ["its time is not the one that it tells", INPUTS_TIME]),
        ("call_queued", {"node": SENTINEL}, [EPOCH]),
        ("place_changed", {"at": 1.0}, [BEFORE]),
    ],
)
def test_a_column_that_does_not_fit_is_named(
    type_: str, columns: dict[str, Any], found: list[str]
) -> None:
    rows = a_scene()
    seq = max(row.seq for row in rows if row.type == type_)
    misfits = told(changed(rows, seq, **columns))
    assert [what for number, what in misfits if number == seq] == found
    assert SENTINEL not in repr(misfits)


def test_epochs_never_go_back_and_facts_have_that_of_their_input() -> None:
    rows = a_scene()
    entered = seq_of(rows, "queue_entered")
    later = [replace(row, epoch=2) if row.seq >= entered else row for row in rows]
    assert told(later) == []
    assert (entered + 1, EPOCH) in told(changed(rows, entered, epoch=2))
    lower = changed(later, rows[-1].seq, epoch=1)
    assert told(lower)[-2:] == [
        (rows[-1].seq, "its epoch is lower than that of a row before"),
        (rows[-1].seq, EPOCH),
    ]


def test_a_new_epoch_may_begin_before_an_input_that_led_to_nothing_and_not_before_a_fact() -> None:
    rows = a_scene()
    idle = next(row for row in rows if row.subject == "none")
    settled = max(row.at for row in rows if row.kind == "fact" and row.seq < idle.seq)
    start = Written(settings(("anna", (BILLING,)))).rows[0]

    def with_start(at: float) -> list[JournalRow]:
        upto = [row for row in rows if row.seq <= idle.seq]
        return [*upto, replace(start, seq=idle.seq + 1, epoch=2, at=at)]

    assert told(with_start(settled)) == []
    assert told(with_start(settled - 1)) == [(idle.seq + 1, BEFORE)]


def test_the_whole_state_may_be_an_older_one_and_time_goes_on_from_it() -> None:
    scene = Written(settings(("anna", (BILLING,))))
    scene.enter("c1", after=50)
    whole = HistoryLost(scene.now - 40, 3, to_snapshot(scene.centre))
    seq = scene.rows[-1].seq
    state = fact_row(whole, seq=seq + 1, epoch=2, node="n1")
    follows = replace(a_scene()[0], seq=seq + 2, epoch=2, at=scene.now - 39)
    assert told([*scene.rows, state, follows]) == []
    earlier = replace(follows, at=scene.now - 41)
    assert told([*scene.rows, state, earlier]) == [(seq + 2, BEFORE)]
    assert told([*scene.rows, replace(state, at=1.0)]) == [
        (seq + 1, "its time is not the one that it tells")
    ]


def test_a_fact_that_follows_from_nothing_is_a_difference() -> None:
    rows = a_scene()
    report = replay(rows[1:])
    assert report.first is not None
    assert (report.first.seq, report.first.found) == (2, None)


def test_all_misfits_are_counted_and_the_first_are_shown() -> None:
    def renamed() -> Iterator[JournalRow]:
        for row in run_in_virtual_time(record(12)):
            yield replace(row, subject=SENTINEL)

    rows = list(renamed())
    report = replay(rows)
    assert report.misfits == len(rows)
    assert [each.seq for each in report.shown_misfits] == list(range(1, MOST_SHOWN + 1))
