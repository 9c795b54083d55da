"""Unit: the way of a call is told in order, with times and reasons, from its rows."""

from collections import defaultdict
from dataclasses import replace

import pytest

from queues.centre.explanations.explain import Way, explain, way_as_text
from queues.centre.explanations.reasons import reason_of
from queues.centre.facts.offers import WithdrawReason
from queues.centre.inputs.agents import PauseAsked, SignOutAsked
from queues.centre.inputs.calls import CallEnded, EndCause, QueueEntered, QueueLeft
from queues.centre.inputs.house import (
    PlaceChanged,
    PlaceState,
    ServiceEnding,
    SwitchRestarted,
    TimerFired,
)
from queues.centre.inputs.offers import (
    AgentLegEnded,
    OfferAnswered,
    OfferRefused,
    RefuseCause,
    TalkStarted,
)
from queues.centre.journal.codec import read_fact
from queues.centre.journal.row import JournalRow
from queues.centre.journal.row_faults import RowUnreadable
from queues.centre.lives.call import CallState
from queues.ids import AgentId, CallId, LineId, PlaceId, QueueId
from tests.unit.queues.journals import KEPT, read_journal
from tests.unit.queues.rich_day import record
from tests.unit.queues.scenes import BILLING, REPAIRS, settings
from tests.unit.queues.virtual_time import run_in_virtual_time
from tests.unit.queues.written import Written

C1 = CallId("c1")
TWO = settings(("anna", (BILLING,)), ("bert", (BILLING,)))


def told(scene: Written, call: str = "c1") -> list[tuple[float, str, str]]:
    way = explain(CallId(call), scene.rows)
    return [(entry.at - 1000.0, entry.what, entry.why) for entry in way.entries]


def test_a_call_that_is_answered_at_the_second_phone_is_told_from_first_to_last() -> None:
    scene = Written(TWO)
    scene.ready("anna")
    scene.now += 5
    scene.ready("bert")
    scene.enter("c0", after=1)
    scene.enter("c1", after=1)
    scene.enter("c2", after=1)
    scene.take(OfferRefused(scene.offer("c1"), RefuseCause.NO_ANSWER), after=20)
    scene.take(OfferAnswered(scene.offer("c0")), after=1)
    scene.take(TalkStarted(scene.offer("c0")))
    scene.take(AgentLegEnded(scene.offer("c0")), after=10)
    scene.take(TimerFired(), after=30)
    offer = scene.offer("c1")
    scene.take(OfferAnswered(offer), after=3)
    scene.take(TalkStarted(offer), after=0.5)
    scene.take(AgentLegEnded(offer), after=60)
    assert told(scene) == [
        (7.0, "call_queued", "came over line main and waits in queue billing"),
        (
            7.0,
            "offer_made",
            "bert was the only agent free, for 2.0 s; the call had waited 0.0 s;"
            " no other call waited for this agent",
        ),
        (
            28.0,
            "offer_missed",
            "bert did not answer; 1 missed in a row, 1 pause; bert is paused",
        ),
        (
            69.0,
            "offer_made",
            "anna was the only agent free, for 0.0 s; the call had waited 62.0 s;"
            " else this agent would have got call c2",
        ),
        (72.0, "offer_accepted", "anna picked up after 3.0 s"),
        (72.5, "talk_began", "joined with anna after a wait of 65.5 s"),
        (132.5, "talk_ended", "the agent's side ended it after 60.0 s; anna is in wrap-up"),
        (
            132.5,
            "call_returned",
            "the agent's side ended the talk; the dialogue has the caller again",
        ),
    ]
    way = explain(C1, scene.rows)
    assert [way.seconds_in(state) for state in CallState][:4] == [41.0, 24.0, 0.5, 60.0]
    assert way.entries[1].ids == {
        "offer": "test-2",
        "agent": "bert",
        "place": "p-bert",
        "queue": "billing",
        "policy": "longest-wait/2",
    }


def test_the_agent_idle_longest_of_several_is_said_to_be() -> None:
    scene = Written(TWO)
    scene.ready("anna")
    scene.now += 5
    scene.ready("bert")
    scene.enter("c1", after=1)
    assert "anna was first of 2 free, for 6.0 s" in told(scene)[1][2]


@pytest.mark.parametrize(
    ("cause", "says"),
    [
        (RefuseCause.DECLINED, "anna declined, or phone p-anna was busy; 1 missed in a row"),
        (
            RefuseCause.UNREACHABLE,
            "phone p-anna was not reached; anna is ready; phone",
        ),
        (
            RefuseCause.FAILED,
            "what became of the ringing is not known; anna is ready",
        ),
    ],
)
def test_why_an_offer_came_to_nothing_is_said(cause: RefuseCause, says: str) -> None:
    scene = Written(TWO)
    scene.ready("anna")
    scene.enter("c1")
    scene.take(OfferRefused(scene.offer("c1"), cause))
    assert says in told(scene)[2][2]


def test_joins_that_fail_are_told_with_both_rests_and_the_end() -> None:
    scene = Written(TWO)
    scene.ready("anna")
    scene.enter("c1")
    while scene.call("c1") is not None:
        scene.take(OfferAnswered(scene.offer("c1")))
        scene.take(OfferRefused(scene.offer("c1"), RefuseCause.FAILED))
        for _ in range(2):
            scene.take(TimerFired(), after=20)
    missed = [why for _, what, why in told(scene) if what == "offer_missed"]
    assert (
        missed[0] == "caller and agent were not joined; anna is ready; phone p-anna rests for 3.0 s"
    )
    assert missed[1].endswith("the call rests for 5.0 s after 2 failed joins in a row")
    assert "may be offered again, at its old place in the order" in [w for _, _, w in told(scene)]
    assert told(scene)[-1][2].startswith("no agent could be joined with it")


@pytest.mark.parametrize(
    ("what", "says"),
    [
        (PauseAsked(AgentId("anna"), "lunch"), "anna asked for a pause; anna is paused"),
        (SignOutAsked(AgentId("anna")), "anna signed out; anna is signed out"),
        (PlaceChanged(PlaceId("p-anna"), PlaceState.UNREACHABLE), "phone p-anna became unreach"),
        (CallEnded(C1, EndCause.HUNG_UP), "the caller hung up; anna is ready"),
        (QueueLeft(C1), "the dialogue took the caller back; anna is ready"),
        (ServiceEnding(), "the service was about to end; anna is ready"),
        (SwitchRestarted(), "the switch was started anew; anna is ready"),
        (settings(("bert", (BILLING,))), "anna is not in the settings any more; anna is signed"),
    ],
)
def test_why_an_offer_was_taken_back_is_said(what, says: str) -> None:
    scene = Written(TWO)
    scene.ready("anna")
    scene.enter("c1")
    scene.take(what, after=2)
    (why,) = [why for _, name, why in told(scene) if name == "offer_withdrawn"]
    assert why.startswith(says)


def test_a_queue_that_went_away_is_told() -> None:
    scene = Written(settings(("anna", (REPAIRS,))))
    scene.enter("c1", REPAIRS)
    (billing, _) = settings().queues
    scene.take(replace(settings(), queues=(billing,)), after=4)
    assert told(scene)[1][1:] == (
        "call_moved",
        "queue repairs is not in the settings any more; it goes on in queue billing,"
        " with the 4.0 s since it came",
    )


def test_what_led_to_nothing_is_told_as_such() -> None:
    scene = Written(TWO)
    scene.ready("anna")
    scene.enter("c1")
    scene.enter("c1")
    offer = scene.talk("c1")
    scene.take(QueueLeft(C1))
    scene.take(TalkStarted(offer))
    scene.take(CallEnded(C1, EndCause.HUNG_UP))
    scene.take(AgentLegEnded(offer))
    scene.take(CallEnded(C1, EndCause.HUNG_UP))
    scene.enter("c1")
    scene.take(QueueLeft(C1))
    scene.take(OfferAnswered(offer))
    nothing = [(what, why.split(";")[0]) for _, what, why in told(scene) if "nothing" in why]
    assert nothing == [
        ("queue_entered", "it was handed over already"),
        ("queue_left", "too late to take it back: the talk had begun"),
        ("talk_started", "it had been settled already"),
        ("agent_leg_ended", "it had been settled already"),
        ("call_ended", "its end was known already"),
        ("queue_entered", "the caller had hung up meanwhile"),
        ("queue_left", "it did not wait here any more"),
    ]
    assert told(scene)[-1][1:] == (
        "leg_dropped",
        "a phone answered for an offer that was over; its leg was ended",
    )


def test_what_follows_later_from_something_else_is_not_taken_for_its_consequence() -> None:
    scene = Written(TWO)
    scene.enter("c1")
    scene.enter("c1", after=1)
    scene.ready("anna")
    assert [what for _, what, _ in told(scene)] == ["call_queued", "queue_entered", "offer_made"]


def test_a_call_that_is_still_there_is_told_up_to_now() -> None:
    scene = Written(TWO)
    scene.enter("c1", after=3)
    text = way_as_text(explain(C1, scene.rows), lambda at: f"{at - 1000:.0f} s")
    assert text == (
        "call c1\n"
        "3 s  call queued: came over line main and waits in queue billing\n"
        "waiting: 0.0 s in all, and is so now\n"
    )


def test_a_wait_elsewhere_before_is_told_and_counts() -> None:
    scene = Written(TWO)
    scene.take(QueueEntered(C1, LineId("main"), BILLING, 40.0), after=60)
    scene.take(CallEnded(C1, EndCause.HUNG_UP), after=5)
    way = explain(C1, scene.rows)
    assert way.entries[0].why == (
        "came over line main and waits in queue billing, with the 40.0 s that it had waited before"
    )
    assert way.seconds_in(CallState.WAITING) == 45.0


def test_a_call_that_was_gone_before_that_was_heard_waited_until_then() -> None:
    scene = Written(TWO)
    scene.enter("c1")
    scene.take(CallEnded(C1, EndCause.LOST, scene.now + 20), after=600)
    assert explain(C1, scene.rows).seconds_in(CallState.WAITING) == 20.0


def test_a_call_that_nobody_knows_is_said_to_be_unknown() -> None:
    way = explain(CallId("c9"), Written(TWO).rows)
    assert way == Way(CallId("c9"), (), ())
    assert way_as_text(way, str) == "call c9: nothing is known of it\n"


def test_a_refused_call_is_told() -> None:
    scene = Written(TWO)
    scene.enter("c1", QueueId("nowhere"))
    assert told(scene)[0][2].startswith("queue nowhere is not in the settings")


def test_rows_about_other_things_make_no_difference() -> None:
    rows = run_in_virtual_time(record(12))
    call = next(row.subject for row in reversed(rows) if row.type == "talk_began")
    offers = set[str]()
    for row in rows:  # those to agents who were asked about it have the asking one's as subject
        if row.type == "offer_made" and (row.subject == call or row.subject in offers):
            offers.add(str(row.payload["offer"]))
    of_it = [row for row in rows if row.subject == call or row.subject in offers]
    assert explain(CallId(call), rows) == explain(CallId(call), of_it)


@pytest.mark.parametrize("path", [*KEPT, None], ids=lambda path: path.stem if path else "today")
def test_every_call_of_a_rich_day_is_told_whole(path) -> None:
    rows = read_journal(path) if path else run_in_virtual_time(record(12))
    by_call: dict[str, list[JournalRow]] = defaultdict(list)
    for row in rows:
        if row.kind == "fact" and "call" in row.payload:
            by_call[row.subject].append(row)
    assert len(by_call) > 30
    for call, facts in by_call.items():
        way = explain(CallId(call), rows)
        entries = {entry.seq: entry for entry in way.entries}
        assert {row.seq for row in facts} <= entries.keys()
        assert [entry.seq for entry in way.entries] == sorted(entries)
        assert all(entry.why for entry in way.entries)
        for before, after in zip(way.stays, way.stays[1:], strict=False):
            assert before.until is not None
            assert before.until <= after.since
        assert way_as_text(way, str).count("\n") > len(entries)


def test_a_row_that_cannot_be_read_is_named() -> None:
    scene = Written(TWO)
    scene.enter("c1")
    bad = replace(scene.rows[-1], payload={})
    with pytest.raises(RowUnreadable, match=f"row {bad.seq}"):
        explain(C1, [*scene.rows[:-1], bad])


def test_every_reason_of_a_withdrawal_has_words() -> None:
    scene = Written(TWO)
    scene.ready("anna")
    scene.enter("c1")
    scene.take(QueueLeft(C1))
    row = next(row for row in scene.rows if row.type == "offer_withdrawn")
    for reason in WithdrawReason:
        fact = read_fact(replace(row, payload=row.payload | {"reason": reason.value}))
        assert reason_of(fact)
