"""Unit: the centre comes back from facts, or from a snapshot and the facts after it."""

from dataclasses import replace

import pytest

from queues.centre.apply import apply
from queues.centre.facts.fact import Fact
from queues.centre.facts.house import HistoryLost
from queues.centre.inputs.calls import QueueEntered
from queues.centre.inputs.house import TimerFired
from queues.centre.journal.codec import fact_row, input_row, read_fact
from queues.centre.journal.row import JournalRow
from queues.centre.journal.row_faults import FactDoesNotApply, RowUnreadable
from queues.centre.journal.snapshot import to_snapshot
from queues.centre.recovery import recover
from queues.centre.state import Centre
from queues.ids import CallId, LineId
from tests.unit.queues.rich_day import record
from tests.unit.queues.scenes import BILLING, Scene
from tests.unit.queues.virtual_time import run_in_virtual_time

LOST = JournalRow(0, 0.0, 1, "n1", "lost", "rows_lost", 1, "", {})


def rows_of(facts: list[Fact]) -> list[JournalRow]:
    return [fact_row(fact, seq=n, epoch=1, node="n1") for n, fact in enumerate(facts, 1)]


def talking() -> Scene:
    scene = Scene()
    scene.ready("anna")
    scene.enter("c1")
    scene.enter("c2", after=1)
    scene.talk("c1")
    return scene


def test_facts_alone_lead_to_the_same_centre() -> None:
    scene = talking()
    assert recover(None, rows_of(scene.facts)) == scene.centre


def test_no_facts_lead_to_an_empty_centre() -> None:
    assert recover(None, []) == Centre()


def test_a_snapshot_at_any_moment_of_a_day_and_the_facts_after_it_lead_to_the_same_centre() -> None:
    facts = [row for row in run_in_virtual_time(record(3)) if row.kind == "fact"]
    whole, running = recover(None, facts), Centre()
    for number, row in enumerate(facts):
        apply(running, read_fact(row))
        if number % 40 == 0:
            assert recover(to_snapshot(running), facts[number + 1 :]) == whole


def test_inputs_are_passed_over() -> None:
    scene = talking()
    entered = QueueEntered(CallId("c9"), LineId("main"), BILLING)
    rows = [input_row(entered, seq=1, at=0.0, epoch=1, node="n1"), *rows_of(scene.facts)]
    assert recover(None, rows) == scene.centre


def test_a_fact_that_does_not_apply_is_named_by_its_number() -> None:
    rows = rows_of(talking().facts)
    with pytest.raises(FactDoesNotApply, match="row 4: the fact 'call_queued'") as raised:
        recover(None, [*rows[:4], rows[3]])
    assert raised.value.seq == 4


def test_a_fact_about_what_was_never_there_is_named_too() -> None:
    rows = rows_of(talking().facts)
    with pytest.raises(FactDoesNotApply, match="row 4: the fact 'call_queued'"):
        recover(None, rows[3:])


def test_a_fact_that_the_snapshot_holds_already_does_not_apply_twice() -> None:
    scene = talking()
    with pytest.raises(FactDoesNotApply):
        recover(to_snapshot(scene.centre), rows_of(scene.facts)[3:])


def test_a_row_that_cannot_be_read_is_named_by_its_number() -> None:
    rows = rows_of(talking().facts)
    rows[2] = replace(rows[2], payload={})
    with pytest.raises(RowUnreadable, match="row 3: fact 'agent_became_ready'"):
        recover(None, rows)


def test_the_time_of_the_last_fact_is_known() -> None:
    scene = talking()
    scene.take(TimerFired(), after=3)
    assert recover(None, rows_of(scene.facts)).at == 1001.0


def test_after_a_gap_facts_are_left_until_the_whole_state_is_told_again() -> None:
    scene = talking()
    rows = rows_of(scene.facts)
    stale = recover(None, rows[:4])
    assert recover(None, [*rows[:4], LOST, *rows[6:]]) == stale
    told = fact_row(HistoryLost(scene.now, 2, to_snapshot(scene.centre)), seq=9, epoch=1, node="n1")
    scene.enter("c3", after=1)
    after = rows_of(scene.facts)[len(rows) :]
    assert recover(None, [*rows[:4], LOST, *rows[6:], told, *after]) == scene.centre
