"""Unit: somebody closes a queue early, now or later, and opens it again."""

from __future__ import annotations

import pytest

from queues.centre.call_facts import CallReturned
from queues.centre.commands import ReturnReason
from queues.centre.door_facts import ClosingOrdered, QueueClosed
from queues.centre.door_inputs import CloseAsked, OpenAsked
from queues.centre.inputs import (
    PauseAsked,
)
from queues.centre.snapshot import to_snapshot
from tests.unit.queues.door_scenes import (
    ANNA,
    C1,
    CLOSES,
    TILL,
    TOMORROW,
    doors,
    given_back,
    learn,
    on_time,
    open_house,
)
from tests.unit.queues.scenes import BILLING


def test_a_supervisor_closes_at_once_until_the_hours_begin_anew() -> None:
    scene = open_house("anna")
    scene.take(PauseAsked(ANNA, "lunch"))
    scene.enter("c1")
    ordered, closed, back = scene.take(CloseAsked(BILLING, None, None, None))
    assert ordered == ClosingOrdered(scene.now, BILLING, None, scene.now, TOMORROW)
    assert closed == QueueClosed(scene.now, BILLING, TOMORROW)
    assert back == CallReturned(scene.now, C1, BILLING, ReturnReason.CLOSED)
    on_time(scene, CLOSES + 1)
    assert len(doors(scene)) == 1
    on_time(scene, TOMORROW)
    assert doors(scene)[-1] == (TOMORROW, True, TILL)
    assert scene.centre.queues[BILLING].shut is None
    assert scene.replayed() == scene.centre


def test_a_closing_later_today_counts_for_who_comes_before_and_can_be_lifted() -> None:
    scene = open_house("anna")
    learn(scene, 200.0)
    scene.enter("busy")
    scene.take(CloseAsked(BILLING, ANNA, scene.now + 300.0, scene.now + 600.0))
    assert doors(scene) == []
    scene.enter("c1")
    scene.enter("c2")
    assert given_back(scene) == [("c2", "closing")]
    scene.take(OpenAsked(BILLING, None))
    scene.enter("c3")
    assert scene.call("c3") == "waiting"
    on_time(scene, scene.now + 601.0)
    assert doors(scene) == []


def test_opened_again_within_its_hours_a_queue_takes_calls_at_once() -> None:
    scene = open_house("anna")
    scene.take(CloseAsked(BILLING, None, None, None))
    scene.take(OpenAsked(BILLING, None))
    scene.enter("c1")
    assert scene.call("c1") == "offered"
    assert [is_open for _, is_open, _ in doors(scene)] == [False, True]


def test_opened_outside_of_its_hours_a_queue_stays_closed() -> None:
    scene = open_house("anna")
    on_time(scene, CLOSES + 1)
    scene.take(CloseAsked(BILLING, None, None, TOMORROW + 100))
    scene.take(OpenAsked(BILLING, None))
    assert not scene.centre.queues[BILLING].is_open
    on_time(scene, TOMORROW)
    assert scene.centre.queues[BILLING].is_open


def test_a_queue_without_hours_that_is_closed_by_hand_stays_so_until_it_is_opened() -> None:
    scene = open_house("anna", hours=None)
    scene.take(CloseAsked(BILLING, None, None, None))
    on_time(scene, scene.now + 1_000_000.0)
    scene.enter("c1")
    assert given_back(scene) == [("c1", "closed")]
    scene.take(OpenAsked(BILLING, None))
    scene.enter("c2")
    assert scene.call("c2") == "offered"


@pytest.mark.parametrize(
    "what",
    [
        CloseAsked(BILLING, None, 1500.0, 1500.0),
        CloseAsked(BILLING, None, None, 900.0),
        OpenAsked(BILLING, None),
    ],
)
def test_what_changes_nothing_leads_to_nothing(what: CloseAsked | OpenAsked) -> None:
    scene = open_house("anna")
    before = to_snapshot(scene.centre)
    assert scene.take(what) == ()
    assert to_snapshot(scene.centre) == before
