"""Unit: offers that come to nothing: races, misses, lost phones, failures of our own side."""

import pytest

from queues.centre.commands import (
    CancelRing,
    ReturnCall,
    ReturnReason,
    RingAgent,
)
from queues.centre.inputs.agents import ReadyAsked
from queues.centre.inputs.calls import CallEnded, EndCause
from queues.centre.inputs.house import PlaceChanged, PlaceState, TimerFired
from queues.centre.inputs.offers import (
    AgentLegEnded,
    OfferAnswered,
    OfferRefused,
    RefuseCause,
    TalkStarted,
)
from queues.centre.state import next_wake
from queues.ids import AgentId, CallId, PlaceId
from tests.unit.queues.scenes import BILLING, RING_S, Scene, settings, wishes

ANNA, C1 = AgentId("anna"), CallId("c1")


def test_a_caller_who_hangs_up_while_ringing_frees_the_agent_at_once_for_the_next() -> None:
    scene = Scene()
    scene.ready("anna")
    scene.enter("c1")
    scene.enter("c2")
    first = scene.offer("c1")
    facts = scene.take(CallEnded(C1, EndCause.HUNG_UP))
    ring = RingAgent(scene.offer("c2"), CallId("c2"), PlaceId("p-anna"), RING_S)
    assert wishes(facts) == [CancelRing(first), ring]
    assert scene.call("c1") is None


def test_a_caller_who_hangs_up_after_the_answer_and_before_the_bridge_frees_the_agent() -> None:
    scene = Scene()
    scene.ready("anna")
    scene.enter("c1")
    offer = scene.offer("c1")
    scene.take(OfferAnswered(offer))
    assert wishes(scene.take(CallEnded(C1, EndCause.HUNG_UP))) == [CancelRing(offer)]
    assert scene.agent("anna") == "ready"
    assert wishes(scene.take(TalkStarted(offer))) == [CancelRing(offer)]
    assert scene.take(AgentLegEnded(offer)) == ()


def test_a_caller_who_hangs_up_in_the_talk_ends_the_agents_leg_and_wrap_up_begins() -> None:
    scene = Scene()
    scene.ready("anna")
    scene.enter("c1")
    offer = scene.talk("c1")
    assert wishes(scene.take(CallEnded(C1, EndCause.HUNG_UP))) == [CancelRing(offer)]
    assert scene.agent("anna") == "wrap_up"
    assert scene.take(AgentLegEnded(offer)) == ()
    assert scene.take(CallEnded(C1, EndCause.HUNG_UP)) == ()


@pytest.mark.parametrize("cause", [RefuseCause.NO_ANSWER, RefuseCause.DECLINED])
def test_a_missed_offer_pauses_the_agent_and_the_caller_keeps_the_place(cause: RefuseCause) -> None:
    scene = Scene(settings(("anna", (BILLING,)), ("bert", (BILLING,))))
    scene.ready("anna")
    scene.enter("c1")
    scene.enter("c2", after=5)
    scene.take(OfferRefused(scene.offer("c1"), cause), after=RING_S)
    assert scene.centre.agents[ANNA].reason == "missed"
    assert (scene.agent("anna"), scene.call("c1")) == ("paused", "waiting")
    scene.ready("bert")
    assert (scene.call("c1"), scene.call("c2")) == ("offered", "waiting")
    assert scene.offers()[-1].waited_s == RING_S + 5


def test_only_so_many_misses_in_a_row_pause_and_a_talk_forgives_them() -> None:
    scene = Scene(settings(("anna", (BILLING,)), missed=2, wrap_up_s=0))
    scene.ready("anna")
    scene.enter("c1")
    scene.take(OfferRefused(scene.offer("c1"), RefuseCause.NO_ANSWER))
    offer = scene.talk("c1")
    scene.take(AgentLegEnded(offer))
    scene.enter("c2")
    scene.take(OfferRefused(scene.offer("c2"), RefuseCause.NO_ANSWER))
    assert scene.agent("anna") == "ringing"
    scene.take(OfferRefused(scene.offer("c2"), RefuseCause.DECLINED))
    assert scene.agent("anna") == "paused"


def test_after_a_miss_the_next_offer_goes_to_somebody_else() -> None:
    scene = Scene(settings(("anna", (BILLING,)), ("bert", (BILLING,)), missed=2))
    scene.ready("anna")
    scene.ready("bert")
    scene.enter("c1", after=1)
    scene.take(OfferRefused(scene.offer("c1"), RefuseCause.NO_ANSWER), after=RING_S)
    assert [made.agent for made in scene.offers()] == ["anna", "bert"]


def test_a_phone_that_is_not_reachable_is_never_offered_a_call() -> None:
    scene = Scene()
    scene.take(ReadyAsked(ANNA))
    scene.enter("c1")
    assert scene.offers() == []
    scene.take(PlaceChanged(PlaceId("p-anna"), PlaceState.IN_USE))
    assert scene.offers() == []
    scene.take(PlaceChanged(PlaceId("p-anna"), PlaceState.FREE))
    assert len(scene.offers()) == 1


def test_a_failure_of_our_own_side_counts_against_nobody_and_does_not_loop_hot() -> None:
    scene = Scene()
    scene.ready("anna")
    scene.enter("c1")
    offer = scene.offer("c1")
    facts = scene.take(OfferRefused(offer, RefuseCause.FAILED))
    assert wishes(facts) == [CancelRing(offer)]
    assert (scene.agent("anna"), scene.call("c1")) == ("ready", "waiting")
    assert next_wake(scene.centre) == scene.now + 10
    scene.take(TimerFired(), after=10)
    assert (scene.agent("anna"), scene.call("c1")) == ("ringing", "offered")


def test_a_connect_that_failed_leaves_the_caller_waiting_at_the_place() -> None:
    scene = Scene(settings(("anna", (BILLING,)), ("bert", (BILLING,))))
    scene.ready("anna")
    scene.enter("c1")
    offer = scene.offer("c1")
    scene.take(OfferAnswered(offer), after=3)
    scene.ready("bert")
    facts = scene.take(OfferRefused(offer, RefuseCause.FAILED))
    assert CancelRing(offer) in wishes(facts)
    assert (scene.agent("anna"), scene.agent("bert")) == ("ready", "ringing")
    assert scene.centre.calls[C1].since == 1000.0


def test_an_agent_who_picks_up_and_hangs_up_before_the_bridge_missed_the_call() -> None:
    scene = Scene()
    scene.ready("anna")
    scene.enter("c1")
    offer = scene.offer("c1")
    scene.take(OfferAnswered(offer))
    scene.take(AgentLegEnded(offer))
    assert (scene.agent("anna"), scene.call("c1")) == ("paused", "waiting")


def test_an_offer_that_asterisk_never_reports_on_is_given_up_and_held_against_nobody() -> None:
    scene = Scene()
    scene.ready("anna")
    scene.enter("c1")
    offer = scene.offer("c1")
    assert next_wake(scene.centre) == scene.now + RING_S + 2
    assert scene.take(TimerFired(), after=RING_S + 1.9) == ()
    facts = scene.take(TimerFired(), after=0.1)
    assert wishes(facts) == [CancelRing(offer)]
    assert (scene.agent("anna"), scene.call("c1")) == ("ready", "waiting")
    assert wishes(scene.take(OfferAnswered(offer))) == [CancelRing(offer)]
    assert scene.take(OfferRefused(offer, RefuseCause.NO_ANSWER)) == ()


def test_a_talk_that_asterisk_never_reports_is_given_up_and_the_caller_waits_on() -> None:
    scene = Scene()
    scene.ready("anna")
    scene.enter("c1")
    offer = scene.offer("c1")
    scene.take(OfferAnswered(offer))
    assert wishes(scene.take(TimerFired(), after=10)) == [CancelRing(offer)]
    assert scene.call("c1") == "waiting"


def test_a_phone_lost_while_it_rings_loses_the_offer_and_the_caller_waits_on() -> None:
    scene = Scene()
    scene.ready("anna")
    scene.enter("c1")
    offer = scene.offer("c1")
    facts = scene.take(PlaceChanged(PlaceId("p-anna"), PlaceState.UNREACHABLE))
    assert wishes(facts) == [CancelRing(offer)]
    assert (scene.agent("anna"), scene.call("c1")) == ("ready", "waiting")


def test_a_phone_lost_in_a_talk_leaves_the_talk_until_its_leg_ends() -> None:
    scene = Scene()
    scene.ready("anna")
    scene.enter("c1")
    offer = scene.talk("c1")
    scene.take(PlaceChanged(PlaceId("p-anna"), PlaceState.UNREACHABLE))
    assert (scene.agent("anna"), scene.call("c1")) == ("talking", "talking")
    facts = scene.take(AgentLegEnded(offer))
    assert wishes(facts) == [ReturnCall(C1, BILLING, ReturnReason.TALK_OVER)]
