"""Unit: settings are read while agents are at work and calls are alive; a case each."""

from dataclasses import replace

import pytest

from queues.centre.apply import apply
from queues.centre.commands import CancelRing
from queues.centre.facts.agents import AgentForgotten
from queues.centre.facts.calls import CallClosed, CallMoved
from queues.centre.facts.fact import Fact
from queues.centre.facts.house import SettingsTaken
from queues.centre.facts.offers import OfferWithdrawn, TalkEnded, WithdrawReason
from queues.centre.inputs.agents import PauseAsked, ReadyAsked, SignOutAsked
from queues.centre.inputs.calls import CallEnded, EndCause
from queues.centre.inputs.house import PlaceChanged, PlaceState, SwitchRestarted, TimerFired
from queues.centre.inputs.offers import (
    AgentLegEnded,
    OfferAnswered,
    OfferRefused,
    RefuseCause,
    TalkStarted,
)
from queues.centre.inputs.settings import AgentSetting, QueueSetting, SettingsLoaded
from queues.centre.lives.agent import AgentState
from queues.centre.lives.illegal import IllegalTransition
from queues.centre.state import next_wake
from queues.ids import AgentId, CallId, PlaceId, QueueId
from tests.unit.queues.scenes import BILLING, REPAIRS, RING_S, Scene, settings, wishes

ANNA, BERT, C1 = AgentId("anna"), AgentId("bert"), CallId("c1")
BOTH = (("anna", (BILLING,)), ("bert", (BILLING,)))
TAXES = QueueId("taxes")


def two() -> Scene:
    return Scene(settings(*BOTH))


def without_anna(scene: Scene) -> tuple[Fact, ...]:
    return scene.take(again(settings(BOTH[1])))


def again(loaded: SettingsLoaded) -> SettingsLoaded:
    """The same settings at a later start."""
    return replace(loaded, epoch="next")


def kinds(facts: tuple[Fact, ...]) -> list[type[Fact]]:
    return [type(fact) for fact in facts]


def test_the_same_settings_at_a_new_start_change_nothing_but_the_ids_of_new_offers() -> None:
    scene = Scene(settings(*BOTH, ("cem", (BILLING,)), ("dora", (BILLING,)), ("emil", (BILLING,))))
    scene.ready("anna", "bert", "cem", "dora")
    scene.enter("c1")
    scene.enter("c2", after=1)
    scene.talk("c1")
    scene.take(AgentLegEnded(scene.talk("c2")), after=5)
    scene.take(PauseAsked(AgentId("cem"), "lunch"))
    scene.enter("c3", after=1)
    offers, calls = dict(scene.centre.offers), repr(scene.centre.calls)
    before = {n: (a.state, a.since, a.reason) for n, a in scene.centre.agents.items()}
    wake = next_wake(scene.centre)
    facts = scene.take(again(settings(*BOTH, *((n, (BILLING,)) for n in ("cem", "dora", "emil")))))
    assert kinds(facts) == [SettingsTaken]
    assert {n: (a.state, a.since, a.reason) for n, a in scene.centre.agents.items()} == before
    assert {state for state, _, _ in before.values()} >= {
        AgentState.TALKING,
        AgentState.WRAP_UP,
        AgentState.PAUSED,
        AgentState.RINGING,
        AgentState.SIGNED_OUT,
    }
    assert (scene.centre.offers, repr(scene.centre.calls)) == (offers, calls)
    assert next_wake(scene.centre) == wake
    assert set(offers) == {"test-1", "test-3"}
    scene.take(CallEnded(CallId("c3"), EndCause.HUNG_UP))
    scene.enter("c4")
    assert scene.offer("c4") == "next-4"


def test_calls_keep_queue_and_waited_time_and_a_new_agent_takes_the_longest_wait() -> None:
    scene = two()
    scene.enter("c1")
    scene.enter("c2", after=10)
    scene.take(again(settings(*BOTH, ("cem", (BILLING,)))), after=20)
    scene.ready("cem")
    assert (scene.call("c1"), scene.offers()[-1].waited_s) == ("offered", 30.0)
    assert scene.agent("cem") == "ringing"


def test_an_agent_who_is_given_another_queue_takes_its_waiting_call_at_once() -> None:
    scene = two()
    scene.ready("anna")
    scene.enter("c1", REPAIRS)
    scene.take(again(settings(("anna", (REPAIRS,)), BOTH[1])))
    assert (scene.agent("anna"), scene.call("c1")) == ("ringing", "offered")


@pytest.mark.parametrize("asked", [None, PauseAsked(ANNA, "lunch"), SignOutAsked(ANNA)])
def test_an_agent_without_a_call_who_is_not_named_any_more_is_forgotten_at_once(
    asked: PauseAsked | SignOutAsked | None,
) -> None:
    scene = two()
    scene.ready("anna")
    if asked is not None:
        scene.take(asked)
    facts = without_anna(scene)
    assert kinds(facts) == [SettingsTaken, AgentForgotten]
    assert ANNA not in scene.centre.agents
    assert PlaceId("p-anna") not in scene.centre.places
    assert scene.take(ReadyAsked(ANNA)) == ()


def test_an_agent_in_wrap_up_who_is_not_named_any_more_leaves_no_deadline() -> None:
    scene = two()
    scene.ready("anna")
    scene.enter("c1")
    scene.take(AgentLegEnded(scene.talk("c1")))
    without_anna(scene)
    assert (list(scene.centre.agents), next_wake(scene.centre)) == (["bert"], None)


def test_an_agent_whose_phone_rings_and_who_is_not_named_any_more_loses_the_offer_first() -> None:
    scene = two()
    scene.ready("anna")
    scene.enter("c1")
    scene.ready("bert")
    first = scene.offer("c1")
    facts = without_anna(scene)
    withdrawn = facts[1]
    assert isinstance(withdrawn, OfferWithdrawn)
    assert withdrawn.reason is WithdrawReason.SETTINGS_CHANGED
    assert isinstance(facts[2], AgentForgotten)
    assert wishes(facts)[0] == CancelRing(first)
    assert (scene.agent("bert"), scene.call("c1")) == ("ringing", "offered")
    assert scene.offers()[-1].waited_s == 0.0


@pytest.mark.parametrize("by_caller", [False, True])
def test_an_agent_in_a_talk_who_is_not_named_any_more_finishes_it_and_is_then_forgotten(
    by_caller: bool,
) -> None:
    scene = two()
    scene.ready("anna")
    scene.enter("c1")
    offer = scene.talk("c1")
    assert kinds(without_anna(scene)) == [SettingsTaken]
    assert (scene.agent("anna"), scene.call("c1")) == ("talking", "talking")
    for asked in (PauseAsked(ANNA, "lunch"), ReadyAsked(ANNA)):
        assert scene.take(asked) == ()
    end = CallEnded(C1, EndCause.HUNG_UP) if by_caller else AgentLegEnded(offer)
    facts = scene.take(end, after=60)
    ended = facts[0]
    assert isinstance(ended, TalkEnded)
    assert (ended.then, ended.wrap_up_until) == (AgentState.SIGNED_OUT, None)
    assert isinstance(facts[1], AgentForgotten)
    assert (list(scene.centre.agents), list(scene.centre.places)) == (["bert"], ["p-bert"])
    assert next_wake(scene.centre) is None


@pytest.mark.parametrize("comes_about", [False, True])
def test_an_agent_who_has_picked_up_and_is_not_named_any_more_still_gets_the_talk(
    comes_about: bool,
) -> None:
    scene = two()
    scene.ready("anna")
    scene.enter("c1")
    offer = scene.offer("c1")
    scene.take(OfferAnswered(offer))
    without_anna(scene)
    if comes_about:
        scene.take(TalkStarted(offer))
        assert scene.call("c1") == "talking"
        scene.take(AgentLegEnded(offer))
    else:
        scene.take(OfferRefused(offer, RefuseCause.FAILED))
        assert scene.call("c1") == "waiting"
    assert (list(scene.centre.agents), scene.centre.offers) == (["bert"], {})
    assert list(scene.centre.places) == ["p-bert"]
    assert next_wake(scene.centre) is None


def test_an_agent_who_leaves_goes_with_a_restart_of_the_switch() -> None:
    scene = two()
    scene.ready("anna")
    scene.enter("c1")
    scene.talk("c1")
    without_anna(scene)
    scene.take(SwitchRestarted())
    assert list(scene.centre.agents) == ["bert"]


def test_an_agent_who_is_named_again_before_the_talk_is_over_stays() -> None:
    scene = two()
    scene.ready("anna")
    scene.enter("c1")
    offer = scene.talk("c1")
    without_anna(scene)
    scene.take(again(settings(*BOTH)))
    scene.take(AgentLegEnded(offer))
    assert scene.agent("anna") == "wrap_up"


@pytest.mark.parametrize("talks", [False, True])
def test_an_agent_who_moves_to_another_phone_ends_the_call_at_the_old_one(talks: bool) -> None:
    scene = Scene(settings(("anna", (BILLING,)), wrap_up_s=0))
    scene.ready("anna")
    scene.enter("c1")
    offer = scene.talk("c1") if talks else scene.offer("c1")
    desk = PlaceId("desk-2")
    moved = replace(
        settings(("anna", (BILLING,)), wrap_up_s=0),
        agents=(AgentSetting(ANNA, desk, (BILLING,)),),
    )
    assert kinds(scene.take(moved)) == [SettingsTaken]
    assert scene.centre.offers[offer].place == "p-anna"
    scene.take(PlaceChanged(desk, PlaceState.FREE))
    scene.enter("c2")
    if talks:
        scene.take(AgentLegEnded(offer))
    else:
        scene.take(CallEnded(C1, EndCause.HUNG_UP))
    assert scene.offers()[-1].place == desk
    assert list(scene.centre.places) == [desk]


def test_a_phone_that_another_agent_takes_over_stays_as_the_switch_reported_it() -> None:
    scene = two()
    scene.ready("anna", "bert")
    agents = (AgentSetting(AgentId("cem"), PlaceId("p-anna"), (BILLING,)),)
    scene.take(replace(settings(), agents=agents))
    scene.take(ReadyAsked(AgentId("cem")))
    scene.enter("c1")
    assert scene.agent("cem") == "ringing"


def test_a_phone_that_rests_rests_on() -> None:
    scene = two()
    scene.ready("anna")
    scene.enter("c1")
    scene.take(OfferRefused(scene.offer("c1"), RefuseCause.UNREACHABLE))
    scene.take(again(settings(*BOTH)), after=4)
    assert scene.take(TimerFired(), after=5.9) == ()
    scene.take(TimerFired(), after=0.1)
    assert scene.agent("anna") == "ringing"


def test_calls_of_a_queue_that_is_gone_go_on_in_the_first_queue_with_their_waited_time() -> None:
    scene = Scene(settings(("anna", (REPAIRS,)), ("bert", (BILLING,))))
    scene.ready("anna")
    for name, queue in (("c1", REPAIRS), ("c2", REPAIRS), ("c3", BILLING), ("c4", REPAIRS)):
        scene.enter(name, queue, after=1)
    scene.talk("c1")
    only = QueueSetting(TAXES, RING_S, 7.0, 1)
    facts = scene.take(
        SettingsLoaded((only,), (AgentSetting(BERT, PlaceId("p-bert"), (TAXES,)),), "next"), after=6
    )
    moved = [fact for fact in facts if isinstance(fact, CallMoved)]
    assert [(m.call, m.queue, m.to, m.in_centre_s) for m in moved] == [
        ("c1", REPAIRS, TAXES, 9.0),
        ("c2", REPAIRS, TAXES, 8.0),
        ("c3", BILLING, TAXES, 7.0),
        ("c4", REPAIRS, TAXES, 6.0),
    ]
    scene.ready("bert")
    assert [scene.call(name) for name in ("c1", "c2", "c3")] == ["talking", "offered", "waiting"]
    assert scene.offers()[-1].queue == TAXES


def test_a_call_that_rests_is_moved_and_rests_on() -> None:
    scene = Scene(settings(("anna", (REPAIRS,))))
    scene.ready("anna")
    scene.enter("c1", REPAIRS)
    for _ in range(2):
        scene.take(OfferAnswered(scene.offer("c1")))
        scene.take(OfferRefused(scene.offer("c1"), RefuseCause.FAILED))
        scene.take(TimerFired(), after=3)
    (billing, _) = settings().queues
    scene.take(
        SettingsLoaded((billing,), (AgentSetting(ANNA, PlaceId("p-anna"), (BILLING,)),), "next")
    )
    assert scene.call("c1") == "waiting"
    scene.take(TimerFired(), after=2)
    assert scene.call("c1") == "offered"


def test_the_new_order_of_the_settings_breaks_the_tie_of_agents_idle_for_the_same_time() -> None:
    scene = two()
    scene.ready("anna", "bert")
    scene.take(again(settings(*reversed(BOTH))))
    scene.enter("c1")
    assert scene.offers()[-1].agent == "bert"


def test_a_queue_is_kept_with_other_times_and_the_next_talk_has_them() -> None:
    scene = Scene(settings(("anna", (BILLING,))))
    scene.ready("anna")
    scene.enter("c1")
    offer = scene.talk("c1")
    scene.take(again(settings(("anna", (BILLING,)), wrap_up_s=5.0)))
    scene.take(AgentLegEnded(offer))
    assert next_wake(scene.centre) == scene.now + 5.0


@pytest.mark.parametrize(
    "bad",
    [
        SettingsLoaded((), (), "next"),
        SettingsLoaded(settings().queues * 2, (), "next"),
        SettingsLoaded(settings().queues, (), "?"),
        SettingsLoaded(settings().queues, (AgentSetting(ANNA, PlaceId("p"), (TAXES,)),), "next"),
    ],
)
def test_settings_are_taken_whole_or_refused_whole(bad: SettingsLoaded) -> None:
    scene = two()
    scene.ready("anna")
    scene.enter("c1")
    before = repr(scene.centre)
    with pytest.raises(ValueError, match=r"no queue while calls|stands twice|epoch|serves a queue"):
        scene.take(bad)
    assert repr(scene.centre) == before


def test_settings_that_would_leave_a_call_behind_do_not_apply() -> None:
    scene = two()
    scene.ready("anna")
    scene.enter("c1")
    before = repr(scene.centre)
    for fact in (
        SettingsTaken(scene.now, settings().queues[1:], (), "next", keeps=True),
        SettingsTaken(scene.now, settings().queues, (), "next", keeps=False),
        AgentForgotten(scene.now, ANNA),
    ):
        with pytest.raises(IllegalTransition):
            apply(scene.centre, fact)
        assert repr(scene.centre) == before


def test_a_call_that_was_moved_says_its_new_queue_at_its_end() -> None:
    scene = Scene()
    scene.enter("c1", REPAIRS)
    (billing, _) = settings().queues
    scene.take(SettingsLoaded((billing,), (), "next"), after=3)
    (closed,) = scene.take(CallEnded(C1, EndCause.HUNG_UP), after=4)
    assert isinstance(closed, CallClosed)
    assert (closed.queue, closed.in_centre_s) == (BILLING, 7.0)
