"""Unit: where the time of a wait went, told from the states that the journal leads to."""

from itertools import pairwise

from queues.centre.explanations.explain import asked_anew, explain, way_as_text
from queues.centre.explanations.recompute import recompute
from queues.centre.explanations.wait import Stretch, WaitedFor, WaitFollowed, sums, words_of_stretch
from queues.centre.inputs.agents import PauseAsked, ReadyAsked, SignOutAsked
from queues.centre.inputs.calls import CallEnded, EndCause, QueueEntered
from queues.centre.inputs.house import PlaceChanged, PlaceState, TimerFired
from queues.centre.inputs.offers import (
    AgentLegEnded,
    OfferAnswered,
    OfferRefused,
    RefuseCause,
    TalkStarted,
)
from queues.centre.journal.row import JournalRow
from queues.centre.lives.call import WITH_AGENT
from queues.centre.state import Centre
from queues.centre.values.needs import Need, Skill
from queues.ids import AgentId, CallId, LineId, PlaceId
from tests.unit.queues.rich_day import record
from tests.unit.queues.scenes import BILLING, REPAIRS, settings
from tests.unit.queues.virtual_time import run_in_virtual_time
from tests.unit.queues.written import Written

C1 = CallId("c1")
DAY = run_in_virtual_time(record(12))


def followed(rows: list[JournalRow], call: str = "c1") -> tuple[Stretch, ...]:
    wait = WaitFollowed(CallId(call))
    assert list(recompute(Centre(), rows, frozenset(), wait)) == []
    return wait.stretches()


def went(scene: Written, call: str = "c1") -> list[tuple[str, float | None]]:
    return [
        (each.waited_for.value, None if each.until is None else round(each.until - each.since, 3))
        for each in followed(scene.rows, call)
    ]


def test_each_stretch_of_a_wait_is_told_by_what_the_able_agents_did() -> None:
    scene = Written(settings(("anna", (BILLING,)), ("bert", (BILLING,)), ("cem", (REPAIRS,))))
    scene.ready("cem")  # who cannot take it
    scene.enter("c1", after=1)
    scene.take(ReadyAsked(AgentId("anna")), after=5)  # at a phone that is not reachable
    scene.take(PauseAsked(AgentId("anna"), "lunch"), after=7)
    scene.take(PlaceChanged(PlaceId("p-anna"), PlaceState.FREE), after=11)
    scene.take(ReadyAsked(AgentId("anna")), after=13)
    scene.take(OfferRefused(scene.offer("c1"), RefuseCause.NO_ANSWER), after=20)
    scene.take(ReadyAsked(AgentId("anna")), after=2)
    scene.take(OfferAnswered(scene.offer("c1")), after=3)
    scene.take(TalkStarted(scene.offer("c1")), after=0.5)
    assert went(scene) == [
        ("nobody_signed_in", 5.0),
        ("phones", 7.0),
        ("paused", 24.0),
        ("rang_unanswered", 20.0),
        ("paused", 2.0),
        ("rang", 3.0),
        ("joining", 0.5),
    ]


def test_busy_with_older_calls_is_told_apart_from_busy_with_later_ones_and_from_wrap_up() -> None:
    scene = Written(settings(("anna", (BILLING,)), ("bert", (BILLING, REPAIRS))))
    scene.ready("anna", "bert")
    scene.enter("c0")
    scene.talk("c0")
    scene.enter("old", REPAIRS)
    scene.talk("old")
    scene.enter("c1", after=1)
    scene.take(CallEnded(CallId("old"), EndCause.HUNG_UP), after=10)  # bert wraps up
    scene.take(AgentLegEnded(scene.offer("c0")), after=4)
    scene.take(SignOutAsked(AgentId("bert")), after=3)
    scene.take(CallEnded(C1, EndCause.HUNG_UP), after=2)
    assert went(scene) == [("busy_with_older", 14.0), ("wrap_up", 5.0)]


def test_an_agent_who_took_a_call_that_came_later_is_told() -> None:
    scene = Written(settings(("anna", (BILLING,))))
    scene.take(QueueEntered(C1, LineId("main"), BILLING))
    scene.enter_with("dear", credit_s=60.0, after=10)
    scene.ready("anna")
    scene.talk("dear")
    scene.take(CallEnded(C1, EndCause.HUNG_UP), after=5)
    assert went(scene) == [("nobody_signed_in", 10.0), ("busy_with_older", 5.0)]  # by its credit
    assert went(scene, "dear") == []
    scene = Written(settings(("anna", (BILLING, REPAIRS)), ("bert", (BILLING,))))
    scene.ready("anna")
    skilled = Need((Skill("law", 3),))
    scene.take(QueueEntered(C1, LineId("main"), BILLING, need=skilled), after=1)
    scene.enter("c2", after=1)
    scene.talk("c2")
    scene.take(CallEnded(C1, EndCause.HUNG_UP), after=5)
    assert went(scene) == [("nobody_able", 6.0)]


def test_the_wait_for_one_agent_alone_and_a_wait_before_it_are_told() -> None:
    scene = Written(settings(("anna", (BILLING,)), ("bert", (BILLING,))))
    scene.ready("anna", "bert")
    scene.enter("c0", after=1)
    scene.talk("c0")
    scene.take(
        QueueEntered(
            C1, LineId("main"), BILLING, 40.0, preferred=AgentId("anna"), preferred_s=20.0
        ),
        after=1,
    )
    scene.take(TimerFired(), after=20)  # bert was free all the time
    stretches = followed(scene.rows)
    assert [(each.waited_for, each.agent) for each in stretches] == [
        (WaitedFor.ELSEWHERE, None),
        (WaitedFor.BUSY, "anna"),  # with a call that counts as having come after it
        (WaitedFor.RINGS, "bert"),
    ]
    assert [words_of_stretch(each) for each in stretches] == [
        "it waited elsewhere, before it came here",
        "it waited for anna alone",
        "the phone of bert rings",
    ]
    assert stretches[0].since == stretches[1].since - 40
    assert stretches[-1].until is None


def test_behind_missing_rows_it_is_said_to_be_unknown() -> None:
    scene = Written(settings(("anna", (BILLING,))))
    scene.enter("c1", after=1)
    scene.now += 5
    scene.rows.append(JournalRow(99, scene.now, 1, "n1", "lost", "rows_lost", 1, "", {}))
    scene.take(PlaceChanged(PlaceId("p-anna"), PlaceState.FREE), after=5)
    assert went(scene) == [("nobody_signed_in", 5.0), ("unknown", None)]


def test_the_stretches_of_each_call_of_a_rich_day_make_up_its_whole_wait() -> None:
    calls = {row.subject for row in DAY if row.type == "call_queued"}
    for call in calls:
        stretches = followed(DAY, call)
        for before, after in pairwise(stretches):
            assert before.until is not None
            assert before.until <= after.since
        way = explain(CallId(call), DAY)
        waited_s = sum(
            stay.until - stay.since
            for stay in way.stays
            if stay.until is not None and stay.state not in WITH_AGENT
        )
        ended_s = sum(sums(stretches).values())
        assert ended_s == sum(s.until - s.since for s in stretches if s.until is not None)
        assert abs(ended_s - waited_s) < 1e-6
    assert "unknown" not in {each.waited_for for call in calls for each in followed(DAY, call)}


def test_a_text_for_people_tells_the_stretches_one_by_one() -> None:
    scene = Written(settings(("anna", (BILLING,))))
    scene.enter("c1")
    scene.now += 4
    scene.ready("anna")
    scene.take(CallEnded(C1, EndCause.HUNG_UP), after=6)
    way = asked_anew(explain(C1, scene.rows), (), followed(scene.rows))
    text = way_as_text(way, lambda at: f"{at - 1000:.0f} s")
    assert text.splitlines()[-5:-1] == [
        "where the time of the wait went",
        "    0 s  4.0 s: no agent who could take it was signed in",
        "    4 s  6.0 s: the phone of anna was rung, and no talk came of it",
        "waiting: 4.0 s in all",
    ]
