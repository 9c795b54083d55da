"""Unit: somebody closes a queue early, now or later, and opens it again."""

from __future__ import annotations

from dataclasses import replace

import pytest

from queues.centre.commands import ReturnReason
from queues.centre.facts.calls import CallReturned
from queues.centre.facts.doors import ClosingOrdered, QueueClosed
from queues.centre.inputs.agents import PauseAsked
from queues.centre.inputs.calls import TransferAsked
from queues.centre.inputs.doors import CloseAsked, OpenAsked
from queues.centre.inputs.house import ClockMoved
from queues.centre.inputs.settings import SettingsLoaded
from queues.centre.journal.snapshot import from_snapshot, to_snapshot
from queues.ids import AgentId, QueueId
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
from tests.unit.queues.scenes import BILLING, REPAIRS, Scene, settings


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


def test_a_clock_that_is_set_back_does_not_open_what_was_closed_by_hand() -> None:
    scene = open_house("anna")
    scene.take(CloseAsked(BILLING, None, None, None))
    scene.take(ClockMoved(-5.0), after=1)
    on_time(scene, scene.now + 10.0)
    assert [is_open for _, is_open, _ in doors(scene)] == [False]
    assert scene.replayed() == scene.centre
    assert from_snapshot(to_snapshot(scene.centre)) == scene.centre


def test_a_closing_that_is_still_to_come_follows_the_clock() -> None:
    scene = open_house("anna")
    at = scene.now + 300.0
    scene.take(CloseAsked(BILLING, None, at, None))
    scene.take(ClockMoved(-100.0))
    on_time(scene, at + 101.0)
    assert doors(scene) == [(at + 100.0, False, TOMORROW)]


def passed_on_behind_a_closed_door(*queues: QueueId) -> Scene:
    """Anna passes a caller on to bert, who is paused, in a queue that was closed by hand."""
    scene = Scene(settings(("anna", queues), ("bert", queues)))
    scene.ready("anna")
    scene.enter("c1")
    scene.talk("c1")
    scene.ready("bert")
    scene.take(PauseAsked(AgentId("bert"), "break"))
    scene.take(CloseAsked(BILLING, None, None, None))
    scene.take(TransferAsked(C1, ANNA, BILLING, None, 0.0, None))
    assert scene.call("c1") == "waiting"
    return scene


def test_another_queue_that_closes_sends_nobody_away_from_this_one() -> None:
    scene = passed_on_behind_a_closed_door(BILLING, REPAIRS)
    scene.take(CloseAsked(REPAIRS, None, None, None), after=1)
    assert given_back(scene) == []
    on_time(scene, scene.now + 59.0)
    assert given_back(scene) == [("c1", "closed")]


@pytest.mark.parametrize("waits_in", [BILLING, QueueId("gone")])
def test_new_settings_let_nobody_wait_for_ever_behind_a_closed_door(waits_in: QueueId) -> None:
    known = settings(("anna", (BILLING,)))
    if waits_in == BILLING:
        scene = passed_on_behind_a_closed_door(BILLING)
    else:
        before = (*known.queues, replace(known.queues[0], queue=waits_in))
        scene = Scene(replace(known, queues=before))
        scene.enter("c1", waits_in)
        scene.take(CloseAsked(BILLING, None, None, None))
    scene.take(SettingsLoaded(known.queues, known.agents, "anew"))
    assert scene.call("c1") == "waiting"
    on_time(scene, scene.now + 60.0)
    assert given_back(scene) == [("c1", "closed")]
