"""Unit: Asterisk is started anew under calls in every state; no ghost is left."""

import pytest

from queues.centre.commands import CancelRing
from queues.centre.facts.calls import CallClosed
from queues.centre.inputs.agents import PauseAsked
from queues.centre.inputs.calls import EndCause
from queues.centre.inputs.house import PlaceChanged, PlaceState, SwitchRestarted
from queues.centre.inputs.offers import (
    AgentLegEnded,
    OfferAnswered,
    OfferRefused,
    RefuseCause,
    TalkStarted,
)
from queues.ids import AgentId, PlaceId
from tests.unit.queues.scenes import Scene, wishes


@pytest.mark.parametrize("state", ["waiting", "offered", "connecting", "talking"])
def test_every_call_is_closed_as_lost_and_its_agent_is_free(state: str) -> None:
    scene = Scene()
    if state != "waiting":
        scene.ready("anna")
    scene.enter("c1")
    if state == "connecting":
        scene.take(OfferAnswered(scene.offer("c1")))
    if state == "talking":
        scene.talk("c1")
    assert scene.call("c1") == state
    facts = scene.take(SwitchRestarted())
    assert [f.cause for f in facts if isinstance(f, CallClosed)] == [EndCause.LOST]
    assert wishes(facts) == []
    assert scene.call("c1") is None
    assert scene.centre.offers == {}
    assert scene.agent("anna") == ("signed_out" if state == "waiting" else "ready")


def test_a_pause_planned_for_after_the_talk_holds() -> None:
    scene = Scene()
    scene.ready("anna")
    scene.enter("c1")
    scene.talk("c1")
    scene.take(PauseAsked(AgentId("anna"), "lunch"))
    scene.take(SwitchRestarted())
    assert scene.agent("anna") == "paused"


def test_no_phone_is_offered_a_call_until_it_is_reported_anew() -> None:
    scene = Scene()
    scene.ready("anna")
    scene.take(SwitchRestarted())
    scene.enter("c2")
    assert scene.offers() == []
    scene.take(PlaceChanged(PlaceId("p-anna"), PlaceState.FREE))
    assert len(scene.offers()) == 1


def test_late_words_about_legs_of_the_old_asterisk_are_harmless() -> None:
    scene = Scene()
    scene.ready("anna")
    scene.enter("c1")
    offer = scene.offer("c1")
    scene.take(SwitchRestarted())
    assert scene.take(AgentLegEnded(offer)) == ()
    assert scene.take(OfferRefused(offer, RefuseCause.NO_ANSWER)) == ()
    for late in (OfferAnswered(offer), TalkStarted(offer)):
        assert wishes(scene.take(late)) == [CancelRing(offer)]
