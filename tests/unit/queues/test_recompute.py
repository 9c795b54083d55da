"""Unit: each decision is asked again on the state before it, and must come to what is recorded."""

from dataclasses import replace
from typing import Any

import pytest

from queues.centre.explanations.explain import asked_anew, explain, way_as_text
from queues.centre.explanations.recompute import Recomputed, Verdict, recompute
from queues.centre.inputs.agents import PauseAsked
from queues.centre.inputs.house import PlaceChanged, PlaceState
from queues.centre.inputs.offers import OfferRefused, RefuseCause
from queues.centre.journal.row import JournalRow
from queues.centre.policies.known import KNOWN
from queues.centre.recovery import recover
from queues.centre.state import Centre
from queues.ids import AgentId, CallId, PlaceId
from tests.unit.queues.journals import KEPT, read_journal
from tests.unit.queues.rich_day import record
from tests.unit.queues.scenes import BILLING, settings
from tests.unit.queues.virtual_time import run_in_virtual_time
from tests.unit.queues.written import Written

DAY = run_in_virtual_time(record(12))
LOST = JournalRow(0, 0.0, 1, "n1", "lost", "rows_lost", 1, "", {})


def decisions(rows: list[JournalRow]) -> list[JournalRow]:
    return [row for row in rows if row.type in ("offer_made", "offer_missed", "estimate_made")]


def asked(rows: list[JournalRow], wanted: list[JournalRow] | None = None) -> list[Recomputed]:
    chosen = decisions(rows) if wanted is None else wanted
    return list(recompute(Centre(), rows, {row.seq for row in chosen}))


def altered(rows: list[JournalRow], which: JournalRow, **fields: Any) -> list[JournalRow]:
    return [
        replace(row, payload=row.payload | fields) if row.seq == which.seq else row for row in rows
    ]


@pytest.mark.parametrize("rows", [DAY, read_journal(KEPT[0])], ids=["today", "0.1"])
def test_every_decision_of_a_rich_day_is_decided_the_same_again(rows: list[JournalRow]) -> None:
    found = asked(rows)
    assert [each.seq for each in found] == [row.seq for row in decisions(rows)]
    assert {each.verdict for each in found} == {Verdict.SAME}
    assert {each.policy for each in found} <= KNOWN


def test_a_decision_is_asked_again_from_a_state_in_the_midst_too() -> None:
    last = decisions(DAY)[-1]
    middle = last.seq // 2
    before = recover(None, DAY[:middle])
    (found,) = recompute(before, DAY[middle : last.seq], {last.seq})
    assert (found.seq, found.verdict) == (last.seq, Verdict.SAME)


@pytest.mark.parametrize(
    ("kind", "fields"),
    [
        ("offer_made", {"agent": "emil", "candidates": 9}),
        ("offer_made", {"runner_up": "call-x"}),
        ("offer_missed", {"misses": 7, "then": "paused"}),
    ],
)
def test_a_recorded_decision_that_was_altered_is_said_to_differ(
    kind: str, fields: dict[str, Any]
) -> None:
    which = next(
        row
        for row in reversed(DAY)
        if row.type == kind and all(row.payload[name] != value for name, value in fields.items())
    )
    (found,) = asked(altered(DAY, which, **fields), [which])
    assert found.verdict is Verdict.DIFFERS
    assert set(found.fields) == set(fields)


def test_an_offer_that_nobody_would_have_made_is_said_to_be_none() -> None:
    scene = Written(settings(("anna", (BILLING,))))
    scene.ready("anna")
    scene.enter("c1")
    made = next(row for row in scene.rows if row.type == "offer_made")
    rows = [row for row in scene.rows if row.type != "agent_became_ready"]
    (found,) = asked(rows, [made])
    assert (found.verdict, found.fields) == (Verdict.DIFFERS, ())


def test_a_policy_that_is_gone_leaves_the_recorded_reason_and_says_so() -> None:
    which = decisions(DAY)[3]
    rows = altered(DAY, which, policy="longest-wait/0")
    (found,) = asked(rows, [which])
    assert (found.verdict, found.policy) == (Verdict.POLICY_GONE, "longest-wait/0")
    way = asked_anew(explain(CallId(which.subject), rows), [found])
    text = way_as_text(way, str)
    assert "this is the recorded reason: longest-wait/0 is not in this release any more" in text


def test_behind_missing_rows_the_recorded_reason_is_all_there_is() -> None:
    last = decisions(DAY)[-1]
    gap = [*DAY[:400], LOST, *DAY[450:]]
    assert [each.verdict for each in asked(gap, [last])] == [Verdict.STATE_UNKNOWN]
    torn = [replace(row, payload={}) if row.seq == 400 else row for row in DAY]
    torn[399] = replace(torn[399], kind="fact", type="call_queued")
    assert [each.verdict for each in asked(torn, [last])] == [Verdict.STATE_UNKNOWN]


def test_the_full_reason_names_the_calls_behind_and_why_each_other_agent_was_not_rung() -> None:
    scene = Written(
        settings(*((name, (BILLING,)) for name in ("anna", "bert", "cem", "dora", "emil", "fred")))
    )
    scene.ready("anna", "bert", "cem")
    scene.take(PauseAsked(AgentId("bert"), "secret errand"))
    scene.take(PlaceChanged(PlaceId("p-cem"), PlaceState.UNREACHABLE))
    scene.enter("c0")
    scene.talk("c0")
    for call in ("c1", "c2", "c3"):
        scene.enter(call, after=1)
    scene.ready("dora")
    scene.take(OfferRefused(scene.offer("c1"), RefuseCause.UNREACHABLE), after=5)
    scene.ready("emil", "fred")
    made = [row for row in scene.rows if row.type == "offer_made"][2]
    (found,) = asked(scene.rows, [made])
    assert made.payload["agent"] == "emil"
    assert found.full == (
        "this agent could have taken next, in this order: c2, c3",
        "anna was in a talk",
        "bert was paused",
        "cem was ready, but phone p-cem was not reachable",
        "dora was ready, but phone p-dora rested",
        "emil had been idle for 0.0 s: chosen",
        "fred was signed out",
        "had call c2 come 1.1 s earlier, emil would have got call c2",
        "had bert been ready and not paused, bert would have been rung",
    )
    assert "secret" not in repr(found)
