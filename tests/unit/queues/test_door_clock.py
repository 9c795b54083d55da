"""Unit: hours of a queue under clocks that are set, other settings and a start."""

from __future__ import annotations

from dataclasses import replace

from queues.centre.door import OpenSpan
from queues.centre.door_inputs import HoursTold, QueueHours
from queues.centre.inputs import ClockMoved, PauseAsked
from queues.centre.state import next_wake
from tests.unit.queues.door_scene import (
    ANNA,
    CLOSES,
    OPENS,
    doors,
    given_back,
    on_time,
    open_house,
    tell,
)
from tests.unit.queues.scenes import BILLING, settings


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
