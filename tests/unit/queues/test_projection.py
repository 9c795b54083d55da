"""Unit: which records follow from the rows of a journal, wherever they are cut."""

from dataclasses import asdict

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from queues.centre.facts.house import HistoryLost
from queues.centre.inputs.calls import (
    CallArrived,
    CallEnded,
    CallMissed,
    EndCause,
    MissCause,
    QueueEntered,
    QueueLeft,
    TransferAsked,
)
from queues.centre.inputs.consults import ConsultAsked
from queues.centre.inputs.house import ClockMoved, SwitchRestarted
from queues.centre.inputs.offers import (
    AgentLegEnded,
    OfferAnswered,
    OfferRefused,
    RefuseCause,
    TalkStarted,
)
from queues.centre.journal.codec import fact_row, input_row
from queues.centre.journal.row import JournalRow
from queues.centre.journal.snapshot import to_snapshot
from queues.ids import CallId, ContactId, LineId
from queues.reports import CallOutcome, Projection
from queues.reports.open import NOTHING, CarriedUnreadable, from_text
from queues.reports.projection import LONGEST_S, Batch
from tests.unit.queues.journals import KEPT, read_journal
from tests.unit.queues.rich_day import record
from tests.unit.queues.scenes import BILLING, REPAIRS
from tests.unit.queues.scenes import settings as centre_settings
from tests.unit.queues.virtual_time import run_in_virtual_time
from tests.unit.queues.written import Written

C1 = CallId("c1")
TWO = centre_settings(("anna", (BILLING,)), ("bert", (BILLING,)))
LOST = JournalRow(0, 0.0, 1, "n1", "lost", "rows_lost", 1, "", {})
DAY = run_in_virtual_time(record(12))


def projected(rows: list[JournalRow]) -> Batch:
    projection = Projection(NOTHING)
    for row in rows:
        projection.take(row)
    return projection.batch()


def arrive(scene: Written, call: str, *, after: float = 0.0) -> None:
    scene.take(CallArrived(CallId(call), LineId("main")), after=after)


def end(scene: Written, call: str, *, after: float = 0.0, lost: bool = False) -> None:
    cause = EndCause.LOST if lost else EndCause.HUNG_UP
    scene.take(CallEnded(CallId(call), cause), after=after)


def test_a_call_that_was_answered_at_the_second_phone_is_one_record_with_two_offers() -> None:
    scene = Written(TWO)
    scene.ready("anna", "bert")
    arrive(scene, "c1", after=5)  # 1005
    scene.enter("c1", after=7)  # 1012
    first = scene.offer("c1")
    scene.take(OfferRefused(first, RefuseCause.NO_ANSWER), after=20)  # 1032
    second = scene.offer("c1")
    scene.take(OfferAnswered(second), after=3)  # 1035
    scene.take(TalkStarted(second), after=1)  # 1036
    scene.take(AgentLegEnded(second), after=60)  # 1096
    end(scene, "c1", after=4)  # 1100
    made = projected(scene.rows)
    (call,) = made.calls
    assert asdict(call) == {
        "seq": scene.rows[-1].seq,
        "call": "c1",
        "line": "main",
        "queue": "billing",
        "arrived_at": 1005.0,
        "entered_at": 1012.0,
        "answered_at": 1036.0,
        "ended_at": 1100.0,
        "outcome": "talked",
        "agent": "bert",
        "waited_s": 24.0,
        "talked_s": 60.0,
        "hops": 1,
    }
    told = [(o.agent, o.made_at, o.ended_at, o.outcome, o.rang_s) for o in made.offers]
    assert told == [
        ("anna", 1012.0, 1032.0, "no_answer", 20.0),
        ("bert", 1032.0, 1036.0, "talked", 3.0),
    ]
    assert Projection(made.carried).batch() == Batch((), (), (), (), (), made.carried)


def test_how_a_call_ended_is_told_for_each_way() -> None:
    scene = Written(TWO)
    for call in ("machine", "gave-up", "left", "lost"):
        arrive(scene, call)
    end(scene, "machine")
    for call in ("gave-up", "left", "lost"):
        scene.enter(call, after=1)
    scene.take(QueueLeft(CallId("left")), after=10)
    end(scene, "left", after=1)
    end(scene, "gave-up", after=1)
    scene.take(SwitchRestarted(), after=1)
    outcomes = {call.call: call.outcome for call in projected(scene.rows).calls}
    assert outcomes == {
        "machine": CallOutcome.MACHINE,
        "left": CallOutcome.LEFT_QUEUE,
        "gave-up": CallOutcome.ABANDONED,
        "lost": CallOutcome.LOST,
    }


def test_a_call_that_comes_back_into_a_queue_is_one_record_with_all_its_waits() -> None:
    scene = Written(TWO)
    arrive(scene, "c1")
    scene.enter("c1", after=1)
    scene.take(QueueLeft(C1), after=10)
    scene.enter("c1", REPAIRS, after=5)
    end(scene, "c1", after=20)
    (call,) = projected(scene.rows).calls
    assert (call.queue, call.hops, call.waited_s, call.entered_at) == ("repairs", 2, 30.0, 1001.0)


def test_a_wait_elsewhere_before_is_part_of_the_record() -> None:
    scene = Written(TWO)
    arrive(scene, "c1", after=60)  # 1060
    scene.take(QueueEntered(C1, LineId("main"), BILLING, 40.0))
    end(scene, "c1", after=5)
    (call,) = projected(scene.rows).calls
    assert (call.arrived_at, call.entered_at, call.waited_s) == (1020.0, 1020.0, 45.0)


def test_a_wait_that_a_second_queue_counts_on_is_in_the_record_once() -> None:
    scene = Written(TWO)
    scene.enter("c1")  # 1000
    scene.take(QueueLeft(C1), after=100)
    scene.take(QueueEntered(C1, LineId("main"), REPAIRS, 100.0))
    scene.take(CallEnded(C1, EndCause.LOST, 1130.0), after=600)
    (call,) = projected(scene.rows).calls
    assert (call.hops, call.waited_s, call.entered_at, call.ended_at) == (2, 130.0, 1000.0, 1130.0)


def test_a_wait_ends_when_the_caller_was_gone_and_not_when_that_was_heard() -> None:
    scene = Written(TWO)
    arrive(scene, "c1", after=10)  # 1010
    scene.enter("c1")
    scene.take(CallEnded(C1, EndCause.LOST, 1030.0), after=600)
    (call,) = projected(scene.rows).calls
    assert (call.waited_s, call.ended_at, call.outcome) == (20.0, 1030.0, CallOutcome.LOST)


def test_a_queue_that_goes_away_is_a_hop() -> None:
    scene = Written(TWO)
    scene.enter("c1", REPAIRS)
    (billing, _) = TWO.queues
    scene.take(type(TWO)((billing,), TWO.agents, TWO.epoch), after=1)
    end(scene, "c1", after=1)
    (call,) = projected(scene.rows).calls
    assert (call.queue, call.hops, call.waited_s) == ("billing", 2, 2.0)


def test_a_transfer_is_a_hop_and_waits_count_without_the_talk_between() -> None:
    scene = Written(centre_settings(("anna", (BILLING,)), ("bert", (REPAIRS,)), wrap_up_s=0.0))
    scene.ready("anna")
    arrive(scene, "c1")
    scene.enter("c1")
    scene.take(OfferAnswered(scene.offer("c1")), after=4)
    scene.talk("c1")
    scene.ready("bert")
    scene.take(TransferAsked(C1, None, REPAIRS, None, 0.0, None), after=60)
    scene.take(OfferAnswered(scene.offer("c1")), after=5)
    second = scene.talk("c1")
    scene.take(AgentLegEnded(second), after=30)
    end(scene, "c1")
    (call,) = projected(scene.rows).calls
    assert (call.queue, call.agent, call.hops) == ("repairs", "bert", 2)
    assert (call.waited_s, call.talked_s, call.outcome) == (9.0, 90.0, "talked")


def test_times_are_those_of_the_wall_clock_and_durations_are_not_bent_by_it() -> None:
    scene = Written(TWO)
    arrive(scene, "c1")
    scene.enter("c1")
    scene.take(ClockMoved(7200.0), after=5)
    end(scene, "c1", after=5)
    (call,) = projected(scene.rows).calls
    assert (call.entered_at, call.ended_at, call.waited_s) == (1000.0, 8210.0, 10.0)


def test_an_end_that_is_told_again_much_later_makes_no_second_record() -> None:
    scene = Written(TWO)
    arrive(scene, "c1")
    end(scene, "c1")
    end(scene, "c2", after=3600)  # now the centre has forgotten the end of c1
    end(scene, "c1")
    assert [row.subject for row in scene.rows if row.type == "call_end_noted"] == ["c1", "c2", "c1"]
    assert [call.call for call in projected(scene.rows).calls] == ["c1"]


def test_a_missed_call_is_recorded_with_contact_and_cause_also_one_of_an_older_release() -> None:
    scene = Written(TWO)
    contact = ContactId("7f3a")
    scene.take(CallMissed(C1, LineId("main"), 900.0, contact, MissCause.GONE))
    new = scene.rows[-1]
    payload = {name: value for name, value in new.payload.items() if name != "cause"}
    old = JournalRow(99, 1001.0, 1, "n1", "input", "call_missed", 1, "c0", payload)
    missed = projected([*scene.rows, old]).missed
    assert [(m.called_at, m.noted_at, m.cause, m.contact) for m in missed] == [
        (900.0, 1000.0, "gone", "7f3a"),
        (900.0, 1001.0, "no_service", "7f3a"),
    ]


def test_behind_a_gap_the_written_state_counts() -> None:
    scene = Written(TWO)
    scene.ready("anna", "bert")
    for call in ("c1", "c2", "c3"):
        arrive(scene, call)
        scene.enter(call, after=1)
    before = len(scene.rows)
    scene.talk("c1")  # none of this is kept
    end(scene, "c2", after=10)
    scene.enter("c4", after=1)
    told = HistoryLost(scene.now, 9, to_snapshot(scene.centre))
    row = fact_row(told, seq=900, epoch=1, node="n1")
    after = len(scene.rows)
    end(scene, "c1", after=30)
    end(scene, "c3", after=1)
    end(scene, "c4", after=1)
    made = projected([*scene.rows[:before], LOST, row, *scene.rows[after:]])
    outcomes = {call.call: (call.outcome, call.agent, call.waited_s) for call in made.calls}
    assert outcomes == {
        "c1": ("talked", "anna", 2.0),
        "c3": ("abandoned", None, 42.0),
        "c4": ("abandoned", None, 32.0),
    }
    assert {offer.outcome for offer in made.offers} == {"unknown", "caller_gone"}
    late = JournalRow(999, scene.now + LONGEST_S, 1, "n1", "input", "timer_fired", 1, "", {})
    gone = projected([*scene.rows[:before], LOST, row, *scene.rows[after:], late]).calls[-1]
    assert (gone.call, gone.outcome, gone.seq) == ("c2", "unknown", 999)


def test_behind_a_gap_who_is_held_has_talked_since_the_talk_began() -> None:
    scene = Written(TWO)
    arrive(scene, "c1")
    scene.enter("c1")
    before = len(scene.rows)
    scene.ready("anna")  # none of this is kept
    scene.now += 7
    began = scene.now
    scene.talk("c1")
    scene.ready("bert")
    scene.take(ConsultAsked(CallId("c1"), None, None, None, None), after=50)
    assert scene.call("c1") == "held"
    told = HistoryLost(scene.now, 9, to_snapshot(scene.centre))
    row = fact_row(told, seq=900, epoch=1, node="n1")
    after = len(scene.rows)
    end(scene, "c1", after=30)
    (made,) = projected([*scene.rows[:before], LOST, row, *scene.rows[after:]]).calls
    assert (made.answered_at, made.waited_s, made.talked_s) == (began, 7.0, 80.0)


def test_what_is_carried_over_stays_small_when_ends_are_not_told() -> None:
    projection = Projection(NOTHING)
    for number in range(2000):
        row = input_row(
            CallArrived(CallId(f"c{number}"), LineId("main")),
            seq=number + 1,
            at=number * 3600.0,
            epoch=1,
            node="n1",
        )
        projection.take(row)
    made = projection.batch()
    assert len(from_text(made.carried).calls) == 49
    assert {call.outcome for call in made.calls} == {"unknown"}


def test_what_cannot_be_read_on_from_is_named_with_what_to_do() -> None:
    for text in ("[]", "{", '{"ahead_s": 1}'):
        with pytest.raises(CarriedUnreadable, match="records rebuild"):
            Projection(text)


@given(st.data())
@settings(max_examples=60, deadline=None, derandomize=True)
def test_wherever_the_rows_are_cut_they_come_to_the_same(data: st.DataObject) -> None:
    cuts = data.draw(st.lists(st.integers(0, len(DAY)), max_size=8).map(sorted))
    whole = projected(DAY)
    parts: list[Batch] = []
    carried = NOTHING
    for first, last in zip([0, *cuts], [*cuts, len(DAY)], strict=True):
        projection = Projection(carried)
        for row in DAY[first:last]:
            projection.take(row)
        parts.append(projection.batch())
        carried = parts[-1].carried
    assert tuple(c for part in parts for c in part.calls) == whole.calls
    assert tuple(o for part in parts for o in part.offers) == whole.offers
    assert tuple(m for part in parts for m in part.missed) == whole.missed
    assert tuple(w for part in parts for w in part.waits) == whole.waits
    assert tuple(t for part in parts for t in part.talks) == whole.talks
    assert carried == whole.carried


@pytest.mark.parametrize("rows", [DAY, read_journal(KEPT[0])], ids=["today", "0.1"])
def test_every_offer_and_every_call_of_a_rich_day_is_recorded_once(rows: list[JournalRow]) -> None:
    made = projected(rows)
    open_ = from_text(made.carried)
    offers = {str(row.payload["offer"]) for row in rows if row.type == "offer_made"}
    assert sorted(offers) == sorted([*(o.offer for o in made.offers), *open_.offers])
    calls = {row.subject for row in rows if row.type in ("call_queued", "call_arrived")}
    assert calls == {*(call.call for call in made.calls), *open_.calls}
    ended = [call.call for call in made.calls]
    assert len(ended) == len(set(ended))
    for call in made.calls:
        began = call.entered_at if call.entered_at is not None else call.arrived_at
        assert call.arrived_at <= began <= call.ended_at
        talks = [
            row.payload for row in rows if row.type == "talk_ended" and row.subject == call.call
        ]
        assert (call.talked_s or 0.0) == pytest.approx(sum(float(t["talked_s"]) for t in talks))
        assert (call.outcome == "talked") == bool(talks)


def test_no_word_of_people_is_in_any_record() -> None:
    assert "lunch" in repr([row.payload for row in DAY])
    made = projected(DAY)
    assert "lunch" not in repr(made)
