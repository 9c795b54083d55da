"""Unit: what any release wrote is understood today, and starts today's service."""

from pathlib import Path

import pytest

from queues.centre.journal import codec
from queues.centre.journal.snapshot import from_snapshot, to_snapshot
from queues.centre.journal.upcasters import UPCASTERS, upcast
from queues.centre.recovery import recover
from tests.unit.queues.journals import KEPT, read_journal, released

EVERY_KIND = [
    *(("input", kind.TYPE, kind.VERSION) for kind in codec.INPUTS.values()),
    *(("fact", kind.TYPE, kind.VERSION) for kind in codec.FACTS.values()),
]


@pytest.mark.parametrize(("kind", "name", "version"), released())
def test_what_was_ever_released_has_a_way_to_today(kind: str, name: str, version: int) -> None:
    today = (codec.INPUTS if kind == "input" else codec.FACTS)[name].VERSION
    while version != today:
        assert (name, version) in UPCASTERS, f"{kind} {name} {version} leads nowhere"
        version += 1


def test_what_is_written_today_is_on_the_list_of_what_was_released() -> None:
    missing = [entry for entry in EVERY_KIND if entry not in released()]
    assert missing == [], "add these lines to tests/corpus/journals/released.txt"


def test_every_step_leads_on_from_something_that_was_released() -> None:
    known = {(name, version) for _, name, version in released()}
    assert set(UPCASTERS) <= known


def test_steps_are_taken_one_after_the_other() -> None:
    steps = {
        ("moved", 1): lambda payload: payload | {"two": 2},
        ("moved", 2): lambda payload: payload | {"three": 3},
    }
    assert upcast("moved", 1, {"one": 1}, steps) == (3, {"one": 1, "two": 2, "three": 3})
    assert upcast("moved", 3, {"one": 1}, steps) == (3, {"one": 1})
    assert upcast("other", 1, {}, steps) == (1, {})


def test_a_step_does_not_change_the_row_it_was_given() -> None:
    row = next(row for row in read_journal(KEPT[0]) if row.type == "settings_taken")
    before = dict(row.payload)
    codec.read_fact(row)
    assert row.payload == before


def test_a_call_of_the_first_release_waits_from_its_hand_over_on() -> None:
    rows = read_journal(KEPT[0])
    queued = [codec.read_fact(row) for row in rows if row.type == "call_queued"]
    entered = [codec.read_input(row) for row in rows if row.type == "queue_entered"]
    assert {(fact.at, fact.since) for fact in queued} == {(fact.at, fact.at) for fact in queued}
    assert {what.waited_s for what in entered} == {0.0}


def test_a_journal_is_kept_of_the_first_release() -> None:
    assert "0.1.jsonl" in {path.name for path in KEPT}


@pytest.mark.parametrize("path", KEPT, ids=lambda path: path.stem)
def test_a_kept_journal_is_a_rich_one(path: Path) -> None:
    found = {(row.kind, row.type, row.version) for row in read_journal(path)}
    assert found <= set(released())
    assert len(found) >= 37


@pytest.mark.parametrize("path", KEPT, ids=lambda path: path.stem)
def test_every_row_of_a_kept_journal_is_read_and_written_again(path: Path) -> None:
    for row in read_journal(path):
        if row.kind == "input":
            what = codec.read_input(row)
            again = codec.input_row(what, seq=row.seq, at=row.at, epoch=1, node="n1")
            assert codec.read_input(again) == what
        else:
            fact = codec.read_fact(row)
            again = codec.fact_row(fact, seq=row.seq, epoch=1, node="n1")
            assert codec.read_fact(again) == fact
        assert again.version != row.version or again == row


@pytest.mark.parametrize("path", KEPT, ids=lambda path: path.stem)
def test_a_kept_journal_is_recovered_up_to_each_of_its_decisions(path: Path) -> None:
    rows = read_journal(path)
    ends = [n for n, row in enumerate(rows) if row.kind == "input"]
    for end in (*ends[::25], len(rows)):
        centre = recover(None, rows[:end])
        assert from_snapshot(to_snapshot(centre)) == centre  # every index follows its records
        waiting = [rank[2] for pool in centre.pools.values() for rank in pool.waiting]
        assert len(waiting) == len(set(waiting))
        for kind in ("call", "agent", "place"):
            assert len({getattr(o, kind) for o in centre.offers.values()}) == len(centre.offers)
        assert {o.call for o in centre.offers.values()}.isdisjoint(waiting)
        assert not [pool for pool in centre.pools.values() if pool.free and pool.waiting]
