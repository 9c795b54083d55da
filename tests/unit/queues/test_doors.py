"""Unit: when a queue is open, whom it takes before it closes, and who has to go when it does."""

from __future__ import annotations

from dataclasses import replace
from math import inf

import pytest
from hypothesis import given
from hypothesis import strategies as st

from queues.centre.commands import ReturnReason
from queues.centre.explanations.reasons import reason_of
from queues.centre.facts.calls import CallRefused, CallReturned
from queues.centre.inputs.agents import PauseAsked
from queues.centre.inputs.calls import CallEnded, EndCause, TransferAsked
from queues.centre.inputs.doors import HoursTold, QueueHours
from queues.centre.inputs.house import ClockMoved
from queues.centre.inputs.offers import AgentLegEnded, OfferRefused, RefuseCause
from queues.centre.journal.snapshot import from_snapshot, to_snapshot
from queues.centre.lives.door import Hours, OpenSpan, Shut, ascend, opens_after, standing
from queues.centre.state import next_wake
from queues.centre.values.learned import EstimatesLearned, Learned, Pace
from queues.ids import AgentId, CallId, LineId
from tests.unit.queues.door_scenes import (
    ANNA,
    C1,
    CLOSES,
    OPENS,
    TILL,
    TOMORROW,
    doors,
    given_back,
    learn,
    on_time,
    open_house,
    tell,
)
from tests.unit.queues.scenes import BILLING, REPAIRS, settings


def test_who_waits_when_the_queue_closes_is_given_back_and_who_talks_talks_on() -> None:
    scene = open_house("anna")
    for call in ("c1", "c2", "c3"):
        scene.enter(call)
    scene.talk("c1")
    on_time(scene, CLOSES - 0.1)
    assert given_back(scene) == []
    on_time(scene, CLOSES)
    assert given_back(scene) == [("c2", "closed"), ("c3", "closed")]
    assert scene.call("c1") == "talking"
    assert doors(scene) == [(CLOSES, False, TOMORROW)]
    assert scene.replayed() == scene.centre
    assert from_snapshot(to_snapshot(scene.centre)) == scene.centre


def test_a_closed_queue_takes_nobody_and_opens_by_its_hours() -> None:
    scene = open_house("anna")
    on_time(scene, CLOSES + 1)
    scene.enter("late")
    assert given_back(scene) == [("late", "closed")]
    on_time(scene, TOMORROW)
    scene.enter("early")
    assert scene.call("early") == "offered"
    assert doors(scene)[-1] == (TOMORROW, True, TILL)


def test_a_queue_without_hours_is_open_at_any_time() -> None:
    scene = open_house("anna")
    on_time(scene, CLOSES + 1)
    scene.enter("c1", REPAIRS)
    assert scene.call("c1") == "waiting"


def test_who_rings_at_closing_time_may_still_be_taken_but_not_if_that_comes_to_nothing() -> None:
    scene = open_house("anna")
    scene.now = CLOSES - 1
    scene.enter("c1")
    on_time(scene, CLOSES + 1)
    assert scene.call("c1") == "offered"
    scene.take(OfferRefused(scene.offer("c1"), RefuseCause.NO_ANSWER))
    assert given_back(scene) == [("c1", "closed")]


def test_an_offer_and_a_queue_that_end_at_one_moment_leave_nobody_waiting() -> None:
    scene = open_house("anna")
    scene.enter("c1", after=CLOSES - scene.now - 22.0)  # the offer is given up after 22 s
    on_time(scene, CLOSES)
    assert given_back(scene) == [("c1", "closed")]


def test_a_caller_whose_agents_phone_was_lost_after_closing_has_a_moment() -> None:
    scene = open_house("anna")
    scene.enter("c1")
    leg = scene.talk("c1")
    scene.take(PauseAsked(ANNA, "home"))
    on_time(scene, CLOSES + 100)
    scene.take(AgentLegEnded(leg, lost=True))
    assert scene.call("c1") == "waiting"
    on_time(scene, CLOSES + 160)
    assert given_back(scene) == [("c1", "closed")]


def test_a_call_that_is_passed_on_after_closing_has_a_moment() -> None:
    scene = open_house("anna", "bert")
    scene.enter("c1")
    scene.talk("c1")
    (other,) = {"anna", "bert"} - {scene.centre.offers[scene.offer("c1")].agent}
    scene.take(PauseAsked(AgentId(other), "break"))
    on_time(scene, CLOSES + 100)
    scene.take(TransferAsked(C1, None, BILLING, AgentId(other), 20.0, None))
    assert scene.call("c1") == "waiting"
    on_time(scene, CLOSES + 100 + 79)
    assert given_back(scene) == []
    on_time(scene, CLOSES + 100 + 80)
    assert given_back(scene) == [("c1", "closed")]


def test_nobody_is_taken_who_could_not_be_served_before_the_queue_closes() -> None:
    scene = open_house("anna")
    learn(scene, 200.0)
    scene.enter("c1", after=CLOSES - 450.0 - scene.now)  # rings at once: 450 s are left
    scene.talk("c1")
    scene.enter("c2")  # 200 s
    scene.enter("c3")  # 400 s
    scene.enter("c4")  # 600 s
    assert given_back(scene) == [("c4", "closing")]
    scene.take(CallEnded(CallId("c3"), EndCause.HUNG_UP))
    scene.enter("c5")
    assert scene.call("c5") == "waiting"
    assert scene.replayed() == scene.centre


def test_what_was_learned_of_earlier_calls_counts_before_the_last_half_hour() -> None:
    scene = open_house("anna")
    learn(scene, 20.0)
    scene.take(EstimatesLearned(Learned((Pace(BILLING, 500.0, 5.0, None),))))
    scene.enter("c1", after=CLOSES - 450.0 - scene.now)
    scene.talk("c1")
    scene.enter("c2")  # 40 s by the last talk, 505 s by those before
    assert given_back(scene) == [("c2", "closing")]


def test_who_is_free_takes_calls_until_the_last_second() -> None:
    scene = open_house("anna")
    learn(scene, 200.0)
    scene.enter("c1", after=CLOSES - 1.0 - scene.now)
    assert scene.call("c1") == "offered"


@pytest.mark.parametrize("nobody", [True, False])
def test_while_nothing_is_known_of_the_wait_calls_are_taken_until_the_queue_closes(
    nobody: bool,
) -> None:
    scene = open_house("anna")
    if nobody:  # at work: there is no wait to tell
        scene.take(PauseAsked(ANNA, "lunch"))
    else:
        scene.enter("busy")
    scene.enter("c1", after=CLOSES - 5.0 - scene.now)
    assert scene.call("c1") == "waiting"
    on_time(scene, CLOSES)
    assert ("c1", "closed") in given_back(scene)


def test_hours_are_compared_with_the_wall_clock_however_far_it_is_ahead() -> None:
    scene = open_house("anna")
    scene.take(PauseAsked(ANNA, "lunch"))
    scene.enter("c1")
    scene.take(ClockMoved(900.0))
    on_time(scene, CLOSES - 900.0 - 0.5)
    assert given_back(scene) == []
    on_time(scene, CLOSES - 900.0)
    assert given_back(scene) == [("c1", "closed")]
    scene.take(ClockMoved(-900.0))  # and back: it was closed too early, and is open
    on_time(scene)
    assert doors(scene)[-1] == (scene.now, True, CLOSES)


def test_a_clock_set_past_closing_time_closes_at_once() -> None:
    scene = open_house("anna")
    scene.take(PauseAsked(ANNA, "lunch"))
    scene.enter("c1")
    scene.take(ClockMoved(CLOSES))
    on_time(scene)
    assert given_back(scene) == [("c1", "closed")]


def test_other_hours_count_from_when_they_are_told_and_other_settings_leave_the_door() -> None:
    scene = open_house("anna")
    scene.take(PauseAsked(ANNA, "lunch"))
    scene.enter("c1")
    scene.take(replace(settings(("anna", (BILLING,))), epoch="anew"))
    tell(scene, (OpenSpan(OPENS, CLOSES + 500),))
    on_time(scene, CLOSES)
    assert given_back(scene) == []
    tell(scene, (OpenSpan(OPENS, CLOSES - 1),))
    assert given_back(scene) == [("c1", "closed")]
    scene.take(HoursTold(()))
    on_time(scene)
    assert scene.centre.queues[BILLING].is_open
    assert scene.replayed() == scene.centre


def test_hours_told_after_a_start_send_nobody_away_before_deadlines_are_settled() -> None:
    scene = open_house("anna", hours=None)
    scene.take(PauseAsked(ANNA, "lunch"))
    scene.enter("c1")
    assert len(scene.take(HoursTold((QueueHours(BILLING, (OpenSpan(1.0, 2.0),)),)))) == 1
    assert scene.call("c1") == "waiting"
    assert next_wake(scene.centre) == scene.now


@pytest.mark.parametrize(
    "hours",
    [
        (QueueHours(BILLING, (OpenSpan(2.0, 1.0),)),),
        (QueueHours(BILLING, (OpenSpan(1.0, 3.0), OpenSpan(3.0, 4.0))),),
        (QueueHours(BILLING, (OpenSpan(1.0, None), OpenSpan(3.0, 4.0))),),
        (QueueHours(BILLING, ()), QueueHours(BILLING, ())),
    ],
)
def test_hours_that_contradict_themselves_are_refused(hours: tuple[QueueHours, ...]) -> None:
    scene = open_house("anna")
    before = to_snapshot(scene.centre)
    with pytest.raises(ValueError, match="stands twice"):
        scene.take(HoursTold(hours))
    assert to_snapshot(scene.centre) == before


@pytest.mark.parametrize(
    ("fact", "says"),
    [
        (
            CallRefused(1.0, C1, LineId("100"), BILLING, ReturnReason.CLOSED),
            "the queue is closed (billing); the dialogue has it again",
        ),
        (
            CallRefused(1.0, C1, LineId("100"), BILLING, ReturnReason.CLOSING),
            "the queue closes before the call could be served (billing); the dialogue has it again",
        ),
        (
            CallReturned(1.0, C1, BILLING, ReturnReason.CLOSED),
            "the queue is closed; the dialogue has the caller again",
        ),
    ],
)
def test_explanations_say_that_a_queue_was_closed(
    fact: CallRefused | CallReturned, says: str
) -> None:
    assert reason_of(fact) == says


MOMENTS = st.integers(0, 60).map(float)


@st.composite
def some_hours(draw: st.DrawFn) -> Hours:
    edges = sorted(draw(st.sets(MOMENTS, max_size=8)))
    spans = [OpenSpan(a, b) for a, b in zip(edges[::2], edges[1::2], strict=False)]
    if len(edges) % 2:
        spans.append(OpenSpan(edges[-1], None))
    return tuple(spans)


@given(
    hours=st.none() | some_hours(),
    shut=st.none() | st.builds(Shut, st.none(), MOMENTS, st.none() | MOMENTS),
    wall=MOMENTS,
)
def test_a_door_stands_as_it_says_until_it_says_that_it_turns(
    hours: Hours | None, shut: Shut | None, wall: float
) -> None:
    assert hours is None or ascend(hours)
    now = standing(hours, shut, wall)
    until = inf if now.turns_at is None else now.turns_at
    for moment in (wall + step / 2 for step in range(130)):
        if moment < until:
            assert standing(hours, shut, moment) == now
    if now.turns_at is not None:
        assert standing(hours, shut, now.turns_at).is_open is not now.is_open
    after = opens_after(hours, wall)
    assert after is None or (after > wall and standing(hours, None, after).is_open)
