"""Unit: the rules of the centre, one sentence each."""

import json
from math import nan

import pytest

from queues.centre.apply import apply
from queues.centre.commands import (
    CancelRing,
    ConnectCall,
    HandOverCall,
    ReturnCall,
    ReturnReason,
    RingAgent,
)
from queues.centre.facts.agents import AgentBecameReady
from queues.centre.facts.calls import CallClosed, CallQueued
from queues.centre.facts.offers import OfferMade, TalkBegan
from queues.centre.inputs.agents import PauseAsked, ReadyAsked, SignOutAsked
from queues.centre.inputs.calls import CallEnded, EndCause, QueueEntered, QueueLeft
from queues.centre.inputs.house import PlaceChanged, PlaceState, TimerFired
from queues.centre.inputs.offers import (
    AgentLegEnded,
    OfferAnswered,
    OfferRefused,
    RefuseCause,
    TalkStarted,
)
from queues.centre.inputs.settings import AgentSetting, SettingsLoaded
from queues.centre.journal.plain import plain
from queues.centre.lives.illegal import IllegalTransition
from queues.centre.state import next_wake
from queues.ids import AgentId, CallId, LineId, OfferId, PlaceId, QueueId
from tests.unit.queues.scenes import (
    BILLING,
    EPOCH,
    REPAIRS,
    RING_S,
    WRAP_UP_S,
    Scene,
    settings,
    wishes,
)

ANNA, C1 = AgentId("anna"), CallId("c1")


def test_a_call_is_offered_to_a_ready_agent_at_a_free_phone() -> None:
    scene = Scene()
    scene.ready("anna")
    facts = scene.enter("c1")
    offer = scene.offer("c1")
    assert wishes(facts) == [RingAgent(offer, C1, PlaceId("p-anna"), RING_S)]
    assert (scene.agent("anna"), scene.call("c1")) == ("ringing", "offered")


def test_the_longest_wait_is_served_first_over_all_queues_of_an_agent() -> None:
    scene = Scene(settings(("anna", (BILLING, REPAIRS))))
    scene.enter("c1", REPAIRS)
    scene.enter("c2", BILLING, after=1)
    scene.enter("c3", REPAIRS, after=1)
    scene.now += 5
    scene.ready("anna")
    made = scene.offers()[-1]
    assert made.call == "c1"
    assert (made.waited_s, made.runner_up, made.candidates) == (7.0, "c2", 1)
    assert made.policy == "longest-wait/2"


def test_calls_of_the_same_moment_are_served_in_the_order_they_came() -> None:
    scene = Scene()
    for name in ("z", "y", "x"):
        scene.enter(name)
    scene.ready("anna")
    assert scene.offers()[0].call == "z"


def test_the_agent_idle_longest_gets_the_call() -> None:
    scene = Scene(settings(("anna", (BILLING,)), ("bert", (BILLING,))))
    scene.ready("bert")
    scene.now += 3
    scene.ready("anna")
    scene.enter("c1", after=1)
    made = scene.offers()[-1]
    assert (made.agent, made.idle_s, made.candidates) == ("bert", 4.0, 2)
    assert scene.agent("anna") == "ready"


def test_ring_bridge_wrap_up_and_ready_again() -> None:
    scene = Scene()
    scene.ready("anna")
    scene.enter("c1")
    offer = scene.offer("c1")
    assert wishes(scene.take(OfferAnswered(offer))) == [ConnectCall(offer, C1)]
    assert wishes(scene.take(TalkStarted(offer), after=1)) == [HandOverCall(C1)]
    facts = scene.take(AgentLegEnded(offer), after=60)
    assert wishes(facts) == [ReturnCall(C1, BILLING, ReturnReason.TALK_OVER)]
    assert (scene.agent("anna"), scene.call("c1")) == ("wrap_up", None)
    assert next_wake(scene.centre) == scene.now + WRAP_UP_S
    scene.take(TimerFired(), after=WRAP_UP_S)
    assert scene.agent("anna") == "ready"


def test_wrap_up_of_no_length_goes_straight_to_ready_and_to_the_next_call() -> None:
    scene = Scene(settings(("anna", (BILLING,)), wrap_up_s=0))
    scene.ready("anna")
    scene.enter("c1")
    scene.enter("c2")
    offer = scene.talk("c1")
    scene.take(AgentLegEnded(offer))
    assert (scene.agent("anna"), scene.call("c2")) == ("ringing", "offered")


@pytest.mark.parametrize(
    ("asked", "state"), [(PauseAsked(ANNA, "lunch"), "paused"), (SignOutAsked(ANNA), "signed_out")]
)
def test_who_asks_for_no_calls_while_ringing_is_left_alone_at_once(
    asked: PauseAsked | SignOutAsked, state: str
) -> None:
    scene = Scene(settings(("anna", (BILLING,)), ("bert", (BILLING,))))
    scene.ready("anna")
    scene.enter("c1")
    offer = scene.offer("c1")
    scene.ready("bert")
    facts = scene.take(asked)
    assert wishes(facts)[0] == CancelRing(offer)
    assert (scene.agent("anna"), scene.agent("bert")) == (state, "ringing")


@pytest.mark.parametrize(
    ("asked", "state"), [(PauseAsked(ANNA, "lunch"), "paused"), (SignOutAsked(ANNA), "signed_out")]
)
def test_what_is_asked_for_in_a_talk_takes_effect_after_it(
    asked: PauseAsked | SignOutAsked, state: str
) -> None:
    scene = Scene()
    scene.ready("anna")
    scene.enter("c1")
    offer = scene.talk("c1")
    assert wishes(scene.take(asked)) == []
    assert scene.agent("anna") == "talking"
    scene.take(AgentLegEnded(offer))
    assert scene.agent("anna") == state


def test_ready_asked_for_in_a_talk_takes_back_a_planned_pause() -> None:
    scene = Scene()
    scene.ready("anna")
    scene.enter("c1")
    offer = scene.talk("c1")
    scene.take(PauseAsked(ANNA, "lunch"))
    scene.take(ReadyAsked(ANNA))
    scene.take(AgentLegEnded(offer))
    assert scene.agent("anna") == "wrap_up"


def test_wrap_up_can_be_cut_short_by_ready_and_leaves_no_deadline() -> None:
    scene = Scene()
    scene.ready("anna")
    scene.enter("c1")
    scene.take(AgentLegEnded(scene.talk("c1")))
    scene.take(ReadyAsked(ANNA))
    assert (scene.agent("anna"), next_wake(scene.centre)) == ("ready", None)


def test_a_signed_out_agent_cannot_be_paused() -> None:
    assert Scene().take(PauseAsked(ANNA, "lunch")) == ()


def test_a_pause_can_be_given_another_reason() -> None:
    scene = Scene()
    scene.ready("anna")
    scene.take(PauseAsked(ANNA, "lunch"))
    assert scene.take(PauseAsked(ANNA, "lunch")) == ()
    scene.take(PauseAsked(ANNA, "meeting"))
    assert scene.centre.agents[ANNA].reason == "meeting"


def test_a_call_for_an_unknown_queue_is_refused_and_given_back() -> None:
    facts = Scene().enter("c1", QueueId("nowhere"))
    assert wishes(facts) == [ReturnCall(C1, QueueId("nowhere"), ReturnReason.REFUSED)]


@pytest.mark.parametrize("answered", [False, True])
def test_a_call_taken_back_by_the_dialogue_ends_its_offer(answered: bool) -> None:
    scene = Scene()
    scene.ready("anna")
    scene.enter("c1")
    offer = scene.offer("c1")
    if answered:
        scene.take(OfferAnswered(offer))
    assert wishes(scene.take(QueueLeft(C1))) == [CancelRing(offer)]
    assert (scene.agent("anna"), scene.call("c1")) == ("ready", None)


def test_a_call_cannot_be_taken_back_from_a_talk() -> None:
    scene = Scene()
    scene.ready("anna")
    scene.enter("c1")
    scene.talk("c1")
    assert scene.take(QueueLeft(C1)) == ()


def test_a_call_that_comes_back_to_the_queue_is_a_new_wait() -> None:
    scene = Scene(settings(("anna", (BILLING,)), wrap_up_s=0))
    scene.ready("anna")
    scene.enter("c1")
    first = scene.talk("c1")
    scene.take(AgentLegEnded(first), after=60)
    scene.enter("c1", after=1)
    assert scene.centre.calls[C1].since == scene.now
    assert scene.offer("c1") != first


def test_a_call_handed_over_twice_waits_once() -> None:
    scene = Scene()
    scene.enter("c1")
    assert scene.enter("c1") == ()


def test_a_hand_over_that_comes_after_the_caller_hung_up_raises_no_ghost() -> None:
    scene = Scene()
    scene.take(CallEnded(C1, EndCause.HUNG_UP))
    assert scene.enter("c1", after=1) == ()
    assert scene.centre.calls == {}


def test_ended_calls_leave_the_memory() -> None:
    scene = Scene()
    for number in range(100):
        scene.take(CallEnded(CallId(f"c{number}"), EndCause.HUNG_UP), after=1)
    assert len(scene.centre.ended) <= 31


def test_two_agents_who_share_a_phone_never_ring_at_once() -> None:
    shared = PlaceId("desk")
    queues = settings().queues
    agents = tuple(AgentSetting(AgentId(name), shared, (BILLING,)) for name in ("anna", "bert"))
    scene = Scene(SettingsLoaded(queues, agents, EPOCH))
    scene.take(PlaceChanged(shared, PlaceState.FREE))
    scene.take(ReadyAsked(ANNA))
    scene.take(ReadyAsked(AgentId("bert")))
    scene.enter("c1")
    scene.enter("c2")
    assert len(scene.offers()) == 1


def test_two_free_agents_and_one_caller_make_one_offer() -> None:
    scene = Scene(settings(("anna", (BILLING,)), ("bert", (BILLING,))))
    scene.ready("anna", "bert")
    scene.enter("c1")
    assert sorted((scene.agent("anna"), scene.agent("bert"))) == ["ready", "ringing"]


def test_inputs_about_what_nobody_knows_are_harmless() -> None:
    scene = Scene()
    before = len(scene.facts)
    for what in (
        ReadyAsked(AgentId("nobody")),
        PlaceChanged(PlaceId("nowhere"), PlaceState.FREE),
        OfferRefused(OfferId("old"), RefuseCause.NO_ANSWER),
        AgentLegEnded(OfferId("old")),
        QueueLeft(CallId("old")),
        TimerFired(),
    ):
        assert scene.take(what) == ()
    assert len(scene.facts) == before


def test_settings_that_contradict_themselves_are_refused() -> None:
    good = settings(("anna", (BILLING,)))
    stray = AgentSetting(ANNA, PlaceId("p"), (QueueId("nowhere"),))
    for bad in (
        SettingsLoaded(good.queues * 2, (), EPOCH),
        SettingsLoaded(good.queues, good.agents * 2, EPOCH),
        SettingsLoaded(good.queues, (stray,), EPOCH),
        SettingsLoaded(good.queues, good.agents, "E"),
        SettingsLoaded(good.queues, good.agents, "e-1;x"),
    ):
        with pytest.raises(ValueError, match=r"stands twice|serves a queue|epoch"):
            Scene(bad)


def test_a_fact_that_does_not_fit_changes_nothing() -> None:
    scene = Scene()
    scene.ready("anna")
    scene.enter("c1")
    made = scene.offers()[0]
    before = repr(scene.centre)
    misfits = (
        made,
        CallQueued(scene.now, C1, LineId("main"), BILLING, 9, scene.now),
        AgentBecameReady(scene.now, ANNA),
        TalkBegan(scene.now, made.offer, C1, ANNA, made.place, BILLING, 1.0),
    )
    for misfit in misfits:
        with pytest.raises(IllegalTransition):
            apply(scene.centre, misfit)
        assert repr(scene.centre) == before


def test_facts_are_plain_json_with_type_and_version() -> None:
    scene = Scene()
    scene.ready("anna")
    scene.enter("c1")
    scene.take(AgentLegEnded(scene.talk("c1")))
    for fact in scene.facts:
        told = json.loads(json.dumps(plain(fact)))
        assert told == plain(fact)
        assert told["type"] == fact.TYPE
        assert told["v"] == fact.VERSION
    assert plain(scene.offers()[0])["runner_up"] is None
    assert isinstance(scene.offers()[0], OfferMade)


def test_a_late_hand_over_input_is_no_new_call_in_another_queue() -> None:
    scene = Scene()
    scene.enter("c1")
    assert scene.take(QueueEntered(C1, LineId("main"), REPAIRS)) == ()
    assert scene.centre.calls[C1].queue == BILLING


def test_a_call_that_waited_elsewhere_before_stands_where_that_time_puts_it() -> None:
    scene = Scene()
    scene.enter("c0")
    scene.enter("c1", after=30)
    scene.take(QueueEntered(CallId("c2"), LineId("main"), BILLING, 20.0), after=10)
    assert [rank[2] for pool in scene.centre.pools.values() for rank in pool.waiting] == [
        "c0",
        "c2",
        "c1",
    ]
    scene.take(CallEnded(CallId("c0"), EndCause.HUNG_UP))
    scene.ready("anna")
    (made,) = scene.offers()
    assert (made.call, made.waited_s, made.runner_up) == ("c2", 20.0, C1)
    assert scene.replayed() == scene.centre


@pytest.mark.parametrize(("told_s", "counts_s"), [(-5.0, 0.0), (7200.0, 3600.0), (nan, 0.0)])
def test_a_wait_elsewhere_that_cannot_be_is_bounded(told_s: float, counts_s: float) -> None:
    scene = Scene()
    scene.take(QueueEntered(C1, LineId("main"), BILLING, told_s))
    assert scene.centre.calls[C1].since == scene.now - counts_s


@pytest.mark.parametrize(
    ("gone_at", "counts_s"), [(1012.0, 12.0), (None, 600.0), (0.0, 0.0), (9000.0, 600.0)]
)
def test_a_call_that_was_gone_before_that_was_heard_counts_until_then(
    gone_at: float | None, counts_s: float
) -> None:
    scene = Scene()
    scene.enter("c1")
    (closed,) = scene.take(CallEnded(C1, EndCause.LOST, gone_at), after=600)
    assert isinstance(closed, CallClosed)
    assert (closed.at, closed.in_centre_s) == (scene.now, counts_s)
