"""Unit: the service is about to end under calls in every state; only what rings is taken back."""

import pytest

from queues.centre.commands import CancelRing
from queues.centre.inputs.house import PlaceChanged, PlaceState, ServiceEnding
from queues.centre.inputs.offers import OfferAnswered, TalkStarted
from queues.ids import PlaceId
from tests.unit.queues.scenes import Scene, wishes

FREE = PlaceChanged(PlaceId("p-anna"), PlaceState.FREE)


def test_what_rings_is_taken_back_and_rings_again_once_the_phone_is_reported() -> None:
    scene = Scene()
    scene.ready("anna")
    scene.enter("c1")
    offer = scene.offer("c1")
    facts = scene.take(ServiceEnding(), after=3)
    assert wishes(facts) == [CancelRing(offer)]
    assert scene.call("c1") == "waiting"
    assert scene.agent("anna") == "ready"
    assert scene.take(OfferAnswered(offer), after=1) != ()  # too late: the leg is dropped
    assert scene.call("c1") == "waiting"
    scene.take(FREE, after=5)
    assert scene.call("c1") == "offered"
    assert scene.offer("c1") != offer


def test_nobody_is_rung_from_then_on() -> None:
    scene = Scene()
    scene.ready("anna")
    scene.take(ServiceEnding())
    scene.enter("c1")
    assert scene.offers() == []
    scene.take(FREE)
    assert len(scene.offers()) == 1


@pytest.mark.parametrize("state", ["connecting", "talking"])
def test_who_picked_up_is_joined_and_who_talks_talks_on(state: str) -> None:
    scene = Scene()
    scene.ready("anna")
    scene.enter("c1")
    offer = scene.offer("c1")
    scene.take(OfferAnswered(offer))
    if state == "talking":
        scene.take(TalkStarted(offer))
    assert wishes(scene.take(ServiceEnding())) == []
    assert scene.call("c1") == state
    scene.take(TalkStarted(offer))
    assert scene.call("c1") == "talking"


def test_who_waits_keeps_the_place_and_is_not_given_back() -> None:
    scene = Scene()
    for call in ("c1", "c2"):
        scene.enter(call, after=1)
    facts = scene.take(ServiceEnding())
    assert [fact.TYPE for fact in facts] == ["places_forgotten"]
    assert [scene.call(call) for call in ("c1", "c2")] == ["waiting", "waiting"]
