"""Unit: a replay of inputs comes to the recorded facts, or says where it does not."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from queues.centre.facts.agents import AgentBecameReady
from queues.centre.facts.house import HistoryLost
from queues.centre.facts.offers import OfferMade
from queues.centre.inputs.agents import PauseAsked
from queues.centre.journal.codec import fact_row
from queues.centre.journal.row import JournalRow
from queues.centre.journal.row_faults import RowUnreadable
from queues.centre.journal.snapshot import to_snapshot
from queues.centre.policies.pairing import next_offer
from queues.centre.recovery import recover
from queues.centre.replay import MOST_SHOWN, ReplayReport, replay
from queues.centre.state import Centre
from queues.ids import AgentId
from tests.unit.queues.journals import KEPT, read_journal
from tests.unit.queues.rich_day import record
from tests.unit.queues.scenes import BILLING, settings
from tests.unit.queues.virtual_time import run_in_virtual_time
from tests.unit.queues.written import Written

SENTINEL = "Frau Musterfrau is on the line"
LOST = JournalRow(0, 0.0, 1, "n1", "lost", "rows_lost", 1, "", {})


def a_day() -> list[JournalRow]:
    return run_in_virtual_time(record(12))


def a_scene() -> list[JournalRow]:
    scene = Written(settings(("anna", (BILLING,)), ("bert", (BILLING,))))
    scene.ready("anna", "bert")
    scene.enter("c1", after=1)
    scene.talk("c1")
    scene.take(PauseAsked(AgentId("bert"), SENTINEL), after=5)
    scene.enter("c2", after=1)
    return scene.rows


def changed(rows: list[JournalRow], type_: str, **fields: Any) -> Iterator[JournalRow]:
    """The rows with one recorded decision altered: the last one of its type."""
    which = max(row.seq for row in rows if row.type == type_)
    for row in rows:
        yield replace(row, payload=row.payload | fields) if row.seq == which else row


@pytest.mark.parametrize("path", KEPT, ids=lambda path: path.stem)
def test_a_journal_of_any_release_is_decided_the_same_today(path: Any) -> None:
    rows = read_journal(path)
    centre = Centre()
    report = replay(rows, centre)
    assert (report.differences, report.not_recomputed, report.first) == (0, 0, None)
    assert report.inputs + report.facts == len(rows)
    assert centre == recover(None, rows)


def test_a_day_is_decided_the_same_again_and_from_a_snapshot_in_the_midst_too() -> None:
    rows = a_day()
    assert replay(rows).differences == 0
    middle = next(n for n, row in enumerate(rows) if row.kind == "input" and n > len(rows) / 2)
    assert replay(rows[middle:], recover(None, rows[:middle])).differences == 0


def test_one_recorded_decision_that_was_altered_is_reported_and_nothing_else() -> None:
    rows = a_day()
    made = [row for row in rows if row.type == "offer_made"]
    report = replay(changed(rows, "offer_made", agent="zoe", candidates=9))
    assert report.differences == 1
    assert report.first is not None
    assert report.first.seq == made[-1].seq
    assert report.first.fields == ("agent", "candidates")
    assert report.first.expected is not None
    assert report.first.found is not None
    assert report.first.expected.fields["agent"] == "zoe"
    assert report.first.found.fields["agent"] == made[-1].payload["agent"]


def test_a_recorded_decision_that_is_missing_is_reported() -> None:
    rows = a_scene()
    gone = next(row for row in rows if row.type == "offer_made")
    report = replay(row for row in rows if row is not gone)
    assert report.differences == 1
    assert report.first is not None
    assert (report.first.expected, report.first.seq) == (None, gone.seq - 2)
    assert report.first.found is not None
    assert report.first.found.type == "offer_made"


def test_a_recorded_decision_too_many_is_reported_alone() -> None:
    rows = a_scene()
    at = next(n for n, row in enumerate(rows) if row.type == "call_queued")
    extra = fact_row(AgentBecameReady(1001.0, AgentId("anna")), seq=900, epoch=1, node="n1")
    report = replay([*rows[:at], extra, *rows[at:]])
    assert report.differences == 1
    assert report.first is not None
    assert (report.first.seq, report.first.found) == (900, None)


def test_an_input_that_was_altered_shows_in_what_follows_from_it() -> None:
    rows = [replace(row, at=row.at + 1) if row.type == "offer_answered" else row for row in a_day()]
    report = replay(rows)
    assert report.differences > MOST_SHOWN
    assert len(report.shown) == MOST_SHOWN


def test_a_policy_that_is_gone_cannot_be_recomputed_and_is_no_difference() -> None:
    rows = [
        replace(row, payload=row.payload | {"policy": "longest-wait/0", "candidates": 7})
        if row.type == "offer_made"
        else row
        for row in a_scene()
    ]
    report = replay(rows)
    assert (report.differences, report.first) == (0, None)
    assert report.not_recomputed == 2  # the call that came, and the offer that was made of it


def test_what_a_policy_that_is_gone_decided_is_what_the_replay_goes_on_from(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def newest_first(centre: Centre, now: float) -> OfferMade | None:
        made = next_offer(centre, now)
        if made is None:
            return None
        pool = centre.calls[made.call].pool
        assert pool is not None
        agent = centre.agents[pool.free[-1][-1]].setting
        return replace(made, agent=agent.agent, place=agent.place, policy="newest-first/1")

    with monkeypatch.context() as patch:
        patch.setattr("queues.centre.step.next_offer", newest_first)
        rows = a_scene()
    centre = Centre()
    report = replay(rows, centre)
    assert {row.payload["agent"] for row in rows if row.type == "talk_began"} == {"bert"}
    assert (report.differences, report.not_recomputed) == (0, 4)
    assert centre == recover(None, rows)


def test_what_lies_in_a_gap_is_not_decided_anew() -> None:
    scene = Written(settings(("anna", (BILLING,))))
    rows = scene.rows
    scene.ready("anna")
    scene.enter("c1")
    before = list(rows)
    scene.talk("c1")
    told = HistoryLost(scene.now, 4, to_snapshot(scene.centre))
    after = len(rows)
    scene.enter("c2", after=1)
    row = fact_row(told, seq=99, epoch=1, node="n1")
    report = replay([*before, LOST, *rows[after - 1 : after], row, *rows[after:]])
    assert (report.differences, report.gaps, report.not_recomputed) == (0, 1, 1)


def test_a_fault_of_ours_is_a_difference_and_the_replay_goes_on() -> None:
    rows = a_scene()
    stray = next(row for row in rows if row.type == "settings_loaded")
    twice = replace(
        stray,
        seq=901,
        payload=stray.payload | {"queues": [*stray.payload["queues"], *stray.payload["queues"]]},
    )
    report = replay([*rows, twice, rows[0]])
    assert report.shown[0].fault == "ValueError"
    assert report.shown[0].seq == 901


def test_a_row_that_cannot_be_read_ends_the_replay_with_its_number() -> None:
    rows = a_scene()
    rows[4] = replace(rows[4], type="nothing")
    with pytest.raises(RowUnreadable, match=f"row {rows[4].seq}"):
        replay(rows)


def test_what_people_wrote_is_in_no_report() -> None:
    rows = a_scene()
    reports: list[ReplayReport] = [
        replay(changed(rows, "agent_paused", reason=f"{SENTINEL}!")),
        replay(changed(rows, "agent_paused", at=1.0)),
        replay(row for row in rows if row.type != "agent_paused"),
    ]
    assert [report.differences for report in reports] == [1, 1, 1]
    assert reports[0].shown[0].fields == ("reason",)
    assert SENTINEL not in repr(reports)


def test_an_empty_journal_is_replayed_too() -> None:
    assert replay([]) == ReplayReport(0, 0, 0, (), 0, 0)
