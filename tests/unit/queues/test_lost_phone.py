"""Unit: an agent's phone is lost: nobody is to blame, and the caller keeps the place."""

from dataclasses import replace

import pytest

from queues.centre.commands import CancelRing, WaitAgain
from queues.centre.facts.calls import CallRequeued
from queues.centre.facts.offers import (
    OfferMissed,
    OfferWithdrawn,
    TalkEnd,
    TalkEnded,
    WithdrawReason,
)
from queues.centre.inputs.house import PlaceChanged, PlaceState, TimerFired
from queues.centre.inputs.offers import AgentLegEnded, OfferAnswered, RefuseCause
from queues.centre.values.needs import ANYBODY, Need, NeedStep, Skill
from queues.ids import AgentId, CallId, PlaceId
from tests.unit.queues.scenes import BILLING, Scene, settings, wishes

LOST = PlaceState.UNREACHABLE


def two_at_work() -> Scene:
    scene = Scene(settings(("anna", (BILLING,)), ("bert", (BILLING,))))
    scene.ready("anna")
    return scene


def test_a_phone_lost_in_a_talk_puts_the_caller_at_the_head_with_all_that_was_waited() -> None:
    scene = two_at_work()
    scene.enter("c-1")
    came = scene.now
    offer = scene.talk("c-1")
    scene.enter("c-2", after=30)
    facts = scene.take(AgentLegEnded(offer, lost=True), after=10)
    ended, again = facts
    assert isinstance(ended, TalkEnded)
    assert ended.by is TalkEnd.AGENT_LOST
    assert again == CallRequeued(scene.now, CallId("c-1"), BILLING, None, scene.now - came)
    assert wishes(facts) == [WaitAgain(CallId("c-1"))]
    scene.ready("bert")
    assert [made.call for made in scene.offers()] == ["c-1", "c-1"]
    assert scene.offers()[-1].waited_s == scene.now - came
    assert scene.replayed() == scene.centre


def test_an_agent_who_hangs_up_gives_the_caller_back_to_the_dialogue() -> None:
    scene = two_at_work()
    scene.enter("c-1")
    scene.take(AgentLegEnded(scene.talk("c-1")), after=10)
    assert scene.call("c-1") is None


def test_the_same_call_is_lost_twice_and_keeps_its_place_twice() -> None:
    scene = two_at_work()
    scene.ready("bert")
    scene.enter("c-1")
    since = scene.centre.calls[CallId("c-1")].since
    for _ in range(2):
        scene.take(AgentLegEnded(scene.talk("c-1"), lost=True), after=10)
        assert scene.centre.calls[CallId("c-1")].since == since


def test_a_phone_lost_while_it_rings_costs_the_caller_nothing_and_blames_nobody() -> None:
    scene = two_at_work()
    scene.enter("c-1")
    offer = scene.offer("c-1")
    scene.ready("bert")
    noted, withdrawn, made = scene.take(PlaceChanged(PlaceId("p-anna"), LOST), after=5)
    assert noted.TYPE == "place_noted"
    assert isinstance(withdrawn, OfferWithdrawn)
    assert withdrawn.reason is WithdrawReason.PLACE_LOST
    assert made.TYPE == "offer_made"
    assert wishes((withdrawn,)) == [CancelRing(offer)]
    assert scene.centre.agents[AgentId("anna")].missed == 0
    assert scene.agent("anna") == "ready"


def test_a_phone_lost_before_the_join_is_held_against_nobody() -> None:
    scene = two_at_work()
    scene.enter("c-1")
    offer = scene.offer("c-1")
    scene.take(OfferAnswered(offer))
    (missed,) = scene.take(AgentLegEnded(offer, lost=True))
    assert isinstance(missed, OfferMissed)
    assert (missed.cause, missed.misses) == (RefuseCause.UNREACHABLE, 0)
    assert scene.agent("anna") == "ready"


@pytest.mark.parametrize("talked_s", [5.0, 50.0])
def test_a_call_that_waits_again_relaxes_where_it_had_stopped(talked_s: float) -> None:
    loaded = settings(("anna", (BILLING,)))
    need = Need((Skill("s", 1),))
    steps = (NeedStep(40.0, "nobody came", without=("s",)),)
    queues = tuple(replace(queue, need=need, relax=steps) for queue in loaded.queues)
    able = (replace(loaded.agents[0], skills=need.skills),)
    scene = Scene(replace(loaded, queues=queues, agents=able))
    scene.ready("anna")
    scene.enter("c-1")
    scene.take(AgentLegEnded(scene.talk("c-1"), lost=True), after=talked_s)
    call = scene.centre.calls[CallId("c-1")]
    assert (call.need, call.need_until) == (need, call.since + 40.0)
    scene.take(TimerFired(), after=max(0.0, 40.0 - talked_s))
    assert (call.need, call.need_until) == (ANYBODY, None)


def test_a_long_talk_does_not_count_as_the_longest_wait_of_the_queue() -> None:
    loaded = settings(("anna", (BILLING,)))
    queues = tuple(replace(each, longest_wait_s=90.0) for each in loaded.queues)
    scene = Scene(replace(loaded, queues=queues))
    scene.ready("anna")
    scene.enter("c-1")
    scene.take(AgentLegEnded(scene.talk("c-1"), lost=True), after=300)
    assert scene.call("c-1") == "waiting"
    scene.take(TimerFired(), after=89)
    assert scene.centre.calls[CallId("c-1")].leave_at == scene.now + 1
    assert scene.replayed() == scene.centre
