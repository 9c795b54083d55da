"""Unit: when a queue takes no call, and when it gives one back."""

from dataclasses import replace

import pytest

from queues.centre.commands import ReturnCall, ReturnReason
from queues.centre.facts.calls import CallRefused, CallReturned, NeedRelaxed
from queues.centre.facts.offers import OfferMissed
from queues.centre.inputs.agents import PauseAsked, SignOutAsked
from queues.centre.inputs.calls import QueueEntered
from queues.centre.inputs.consults import ConsultAsked
from queues.centre.inputs.house import TimerFired
from queues.centre.inputs.offers import AgentLegEnded, OfferRefused, RefuseCause
from queues.centre.inputs.settings import SettingsLoaded
from queues.centre.state import next_wake
from queues.centre.values.needs import Need, NeedStep, Relaxed, Skill
from queues.ids import AgentId, CallId, LineId
from queues.picture import Picture, look_at_all
from tests.unit.queues.consulting import SETTINGS, anna_talks, leg, view
from tests.unit.queues.scenes import BILLING, REPAIRS, Scene, settings, wishes

LAW = Need((Skill("law", 2),))
ANNA = AgentId("anna")


def house(**changed: object) -> Scene:
    """One agent, and a queue with these settings."""
    known = settings(("anna", (BILLING,)))
    queue = replace(known.queues[0], **changed)  # type: ignore[arg-type]
    return Scene(SettingsLoaded((queue, known.queues[1]), known.agents, known.epoch))


def given_back(scene: Scene) -> list[tuple[str, str]]:
    return [
        (fact.call, fact.reason.value)
        for fact in scene.facts
        if isinstance(fact, CallReturned | CallRefused)
    ]


def test_no_more_than_so_many_wait() -> None:
    scene = house(most_waiting=2)
    for call in ("c1", "c2", "c3"):
        scene.enter(call)
    assert given_back(scene) == [("c3", "full")]
    assert wishes(tuple(scene.facts))[-1] == ReturnCall(CallId("c3"), BILLING, ReturnReason.FULL)
    scene.ready("anna")  # c1 rings
    scene.enter("c4")
    assert given_back(scene) == [("c3", "full")]


def test_an_agent_who_waits_to_ask_another_one_is_no_caller_who_waits() -> None:
    repairs = replace(SETTINGS.queues[1], most_waiting=2)
    scene = anna_talks("bert", house=replace(SETTINGS, queues=(SETTINGS.queues[0], repairs)))
    scene.take(PauseAsked(AgentId("bert"), "lunch"))
    scene.enter("c2", REPAIRS)
    scene.take(ConsultAsked(CallId("c1"), ANNA, REPAIRS, None, None))
    assert scene.call(leg(scene)) == "waiting"
    scene.enter("c3", REPAIRS)
    assert given_back(scene) == []
    shown = {row.queue: row.waiting for row in view(scene).queues}
    assert shown[REPAIRS] == 2
    scene.enter("c4", REPAIRS)
    assert given_back(scene) == [("c4", "full")]
    assert scene.replayed() == scene.centre


def test_who_has_waited_as_long_as_anybody_may_is_given_back() -> None:
    scene = house(longest_wait_s=60.0)
    scene.enter("c1")
    assert next_wake(scene.centre) == scene.now + 60
    scene.take(TimerFired(), after=60)
    assert given_back(scene) == [("c1", "waited")]
    assert next_wake(scene.centre) is None


def test_who_rings_or_talks_is_not_given_back_but_is_if_that_comes_to_nothing() -> None:
    scene = house(longest_wait_s=60.0)
    scene.ready("anna")
    scene.enter("c1")
    scene.take(TimerFired(), after=5)
    assert scene.call("c1") == "offered"
    scene.now += 56
    missed, back = scene.take(OfferRefused(scene.offer("c1"), RefuseCause.NO_ANSWER))
    assert isinstance(missed, OfferMissed)
    assert isinstance(back, CallReturned)
    assert back.reason is ReturnReason.WAITED
    assert scene.replayed() == scene.centre


@pytest.mark.parametrize("paused", [True, False])
def test_nobody_waits_for_nobody(paused: bool) -> None:
    scene = house(needs_somebody=True)
    scene.enter("c0")
    scene.ready("anna")
    scene.enter("c1")
    scene.talk("c1")
    scene.enter("c2")
    if paused:
        scene.take(PauseAsked(ANNA, "lunch"))
    else:
        scene.take(SignOutAsked(ANNA))
    scene.take(AgentLegEnded(scene.offer("c1")))
    expected = [("c0", "nobody"), ("c1", "talk_over")]
    assert given_back(scene) == (expected if paused else [*expected, ("c2", "nobody")])


def test_the_caller_whose_ring_ends_with_the_last_agent_is_given_back_too() -> None:
    scene = house(needs_somebody=True)
    scene.ready("anna")
    scene.enter("c1")
    scene.take(SignOutAsked(ANNA))
    assert given_back(scene) == [("c1", "nobody")]


def test_a_call_waits_for_whom_it_will_ask_for_once_it_relaxes() -> None:
    relax = (NeedStep(30.0, "better than nobody", without=("law",)),)
    scene = house(needs_somebody=True, need=LAW, relax=relax)
    scene.ready("anna")
    scene.enter("c1")
    assert given_back(scene) == []
    strict = house(needs_somebody=True, need=LAW)
    strict.ready("anna")
    strict.enter("c1")
    assert given_back(strict) == [("c1", "nobody")]


def test_deadlines_of_a_call_that_come_at_once_end_it_once() -> None:
    relax = (NeedStep(30.0, "better than nobody", without=("law",)),)
    scene = house(need=LAW, relax=relax, longest_wait_s=30.0)
    scene.enter("c1")
    scene.take(TimerFired(), after=100)
    assert given_back(scene) == [("c1", "waited")]


def test_the_place_in_the_queue_counts_those_who_came_before_and_still_wait() -> None:
    scene = house()
    for call in ("c1", "c2", "c3"):
        scene.enter(call, after=1)
    scene.ready("anna")
    scene.talk("c1")
    picture = Picture()
    picture.follow(look_at_all(scene.centre))
    seen = picture.view(0)
    assert [seen.place(call) for call in ("c1", "c2", "c3", "c9")] == [None, 1, 2, None]


def test_after_a_long_wait_elsewhere_a_call_may_still_wait_a_minute() -> None:
    scene = house(longest_wait_s=300.0)
    for call, waited_s in (("c1", 100.0), ("c2", 290.0), ("c3", 3000.0)):
        scene.take(QueueEntered(CallId(call), LineId("main"), BILLING, waited_s=waited_s))
    stays = [call.leave_at for call in scene.centre.calls.values()]
    assert stays == [scene.now + 200, scene.now + 60, scene.now + 60]


def test_new_settings_leave_nobody_waiting_for_whom_they_do_not_name() -> None:
    scene = house(need=LAW)
    known = settings(("anna", (BILLING,)))
    anna = replace(known.agents[0], skills=(Skill("law", 3),))
    scene.take(replace(known, queues=(replace(known.queues[0], need=LAW),), agents=(anna,)))
    scene.ready("anna")
    scene.enter("c1")
    scene.enter("c2")
    plain = replace(known, queues=known.queues[:1])  # the skill has another name, or is gone
    facts = scene.take(plain, after=5)
    relaxed = [fact for fact in facts if isinstance(fact, NeedRelaxed)]
    assert [(fact.call, fact.need, fact.why) for fact in relaxed] == [
        ("c1", Need(), Relaxed.SETTINGS),
        ("c2", Need(), Relaxed.SETTINGS),
    ]
    assert scene.replayed() == scene.centre


def test_the_place_goes_by_what_counts_as_waited() -> None:
    scene = house()
    scene.enter("early")
    scene.enter_with("dear", credit_s=60.0, after=5)
    picture = Picture()
    picture.follow(look_at_all(scene.centre))
    assert [picture.view(0).place(call) for call in ("early", "dear")] == [2, 1]
