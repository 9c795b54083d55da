"""Unit: an agent asks another one while the caller is held; nobody is lost or left in music."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from queues.centre.commands import (
    COMMAND_SETTLED_S,
    CancelRing,
    Command,
    ConnectCall,
    HoldCaller,
    RingAgent,
    WaitAgain,
)
from queues.centre.facts.calls import (
    CallTransferred,
)
from queues.centre.facts.consults import (
    ConsultBegan,
    ConsultCompleted,
    ConsultEnd,
    ConsultEnded,
    ConsultJoined,
    TalkResumed,
)
from queues.centre.facts.offers import TalkBegan, TalkEnd, TalkEnded
from queues.centre.inputs.agents import PauseAsked, ReadyAsked, SignOutAsked
from queues.centre.inputs.calls import CallEnded, EndCause
from queues.centre.inputs.consults import CompleteAsked, TakeBackAsked
from queues.centre.inputs.house import PlaceChanged, PlaceState, TimerFired
from queues.centre.inputs.input import Input
from queues.centre.inputs.offers import (
    AgentLegEnded,
    OfferAnswered,
    OfferRefused,
    RefuseCause,
    TalkStarted,
)
from queues.centre.journal.snapshot import from_snapshot, to_snapshot
from queues.centre.state import next_wake
from queues.ids import AgentId, CallId, OfferId, PlaceId
from tests.unit.queues.consulting import (
    C1,
    CONSULT_LASTS_S,
    CONSULT_SEEKS_S,
    SETTINGS,
    anna_talks,
    asked,
    asks,
    both_talk,
    leg,
    of_kind,
    told,
    view,
)
from tests.unit.queues.scenes import REPAIRS, RING_S, Scene, wishes


def test_the_caller_is_held_and_the_next_agent_who_may_take_it_is_rung() -> None:
    scene = anna_talks("bert")
    facts = asks(scene)
    assert told(facts) == ["consult_began", "offer_made"]
    began = facts[0]
    assert isinstance(began, ConsultBegan)
    assert (began.call, began.consult, began.agent, began.hops) == (C1, leg(scene), "anna", 1)
    assert began.until == scene.now + CONSULT_SEEKS_S
    assert wishes(facts) == [
        HoldCaller(leg(scene), C1),
        RingAgent(asked(scene), CallId(leg(scene)), PlaceId("p-bert"), RING_S),
    ]
    assert (scene.call("c1"), scene.agent("anna"), scene.agent("bert")) == (
        "held", "talking", "ringing",
    )  # fmt: skip
    assert scene.replayed() == scene.centre


def test_a_queue_says_how_long_its_callers_are_held_whomever_is_asked() -> None:
    billing = replace(SETTINGS.queues[0], consult_seeks_s=20.0, consult_lasts_s=45.0)
    repairs = replace(SETTINGS.queues[1], consult_seeks_s=90.0, consult_lasts_s=900.0)
    house = replace(SETTINGS, queues=(billing, repairs))
    scene = anna_talks("bert", house=house)
    both_talk(scene)
    joined = of_kind(scene.facts, ConsultJoined)
    assert isinstance(joined, ConsultJoined)
    assert joined.until == joined.at + 45
    facts = scene.take(TimerFired(), after=45)
    ended = of_kind(facts, ConsultEnded)
    assert isinstance(ended, ConsultEnded)
    assert (ended.how, scene.call("c1")) == (ConsultEnd.LASTED, "rejoining")

    scene = anna_talks("bert", house=house)
    scene.take(PauseAsked(AgentId("bert"), "lunch"))  # nobody can be rung
    (began,) = asks(scene)
    assert isinstance(began, ConsultBegan)
    assert began.until == scene.now + 20
    assert told(scene.take(TimerFired(), after=20))[-1] == "consult_ended"
    assert scene.replayed() == scene.centre


def test_both_agents_talk_while_the_caller_hears_music_and_that_is_shown() -> None:
    scene = anna_talks("bert")
    own, other = both_talk(scene)
    connects = [each for each in wishes(tuple(scene.facts)) if isinstance(each, ConnectCall)]
    assert connects[-1] == ConnectCall(other, CallId(own))
    joined = of_kind(scene.facts, ConsultJoined)
    assert isinstance(joined, ConsultJoined)
    assert (joined.call, joined.agent, joined.waited_s) == (C1, "bert", 3.0)
    (row,) = view(scene).calls
    assert row.consult is not None
    assert (row.state, row.agent) == ("held", "anna")
    assert (row.consult.state, row.consult.agent, row.consult.queue) == (
        "talking", "bert", REPAIRS,
    )  # fmt: skip
    assert {agent.agent: agent.call for agent in view(scene).agents} == {
        "anna": C1, "bert": C1, "cem": None,
    }  # fmt: skip
    assert [queue.waiting for queue in view(scene).queues] == [0, 0]
    assert view(scene).place(C1) is None
    assert from_snapshot(to_snapshot(scene.centre)) == scene.centre


def test_completed_the_caller_has_the_other_agent_and_it_is_a_hop() -> None:
    scene = anna_talks("bert")
    own, other = both_talk(scene)
    came = scene.centre.calls[C1].since
    facts = scene.take(CompleteAsked(C1, AgentId("anna")), after=20)
    assert told(facts) == ["talk_ended", "call_transferred", "consult_completed"]
    ended, transferred, completed = facts
    assert isinstance(ended, TalkEnded)
    assert (ended.by, ended.talked_s, ended.then) == (TalkEnd.CONSULTED, 63.0, "wrap_up")
    assert isinstance(transferred, CallTransferred)
    assert (transferred.to, transferred.hops, transferred.passed_by) == (REPAIRS, 1, "anna")
    assert isinstance(completed, ConsultCompleted)
    assert (completed.agent, completed.joins) == ("bert", True)
    assert wishes(facts) == [CancelRing(own), WaitAgain(C1), ConnectCall(other, C1)]
    assert (scene.call("c1"), scene.agent("anna"), scene.agent("bert")) == (
        "connecting", "wrap_up", "talking",
    )  # fmt: skip
    facts = scene.take(TalkStarted(other), after=1)
    assert told(facts) == ["talk_began"]
    assert isinstance(facts[0], TalkBegan)
    assert facts[0].waited_s == 1.0
    call = scene.centre.calls[C1]
    assert (call.state, call.queue, call.hops, call.since, call.owed_at) == (
        "talking", REPAIRS, 1, came, None,
    )  # fmt: skip
    scene.take(CallEnded(C1, EndCause.HUNG_UP))
    assert (scene.agent("bert"), scene.centre.calls) == ("wrap_up", {})
    assert scene.replayed() == scene.centre


def hangs_up(scene: Scene, own: OfferId, other: OfferId) -> Input:
    return AgentLegEnded(other)


def phone_lost(scene: Scene, own: OfferId, other: OfferId) -> Input:
    return AgentLegEnded(other, lost=True)


def asks_back(scene: Scene, own: OfferId, other: OfferId) -> Input:
    return TakeBackAsked(C1, AgentId("anna"))


def supervisor_takes_back(scene: Scene, own: OfferId, other: OfferId) -> Input:
    return TakeBackAsked(C1, None)


def talks_too_long(scene: Scene, own: OfferId, other: OfferId) -> Input:
    scene.now += CONSULT_LASTS_S
    assert next_wake(scene.centre) == scene.now
    return TimerFired()


def hold_failed(scene: Scene, own: OfferId, other: OfferId) -> Input:
    return OfferRefused(own, RefuseCause.FAILED)


@pytest.mark.parametrize(
    ("happens", "how", "by"),
    [
        (hangs_up, ConsultEnd.REFUSED, TalkEnd.AGENT),
        (phone_lost, ConsultEnd.LOST, TalkEnd.AGENT_LOST),
        (asks_back, ConsultEnd.TAKEN_BACK, TalkEnd.TAKEN_BACK),
        (supervisor_takes_back, ConsultEnd.TAKEN_BACK, TalkEnd.TAKEN_BACK),
        (talks_too_long, ConsultEnd.LASTED, TalkEnd.TAKEN_BACK),
        (hold_failed, ConsultEnd.NOT_HELD, TalkEnd.TAKEN_BACK),
    ],
)
def test_whatever_ends_the_agents_talk_the_first_one_has_the_caller_again(
    happens: Callable[[Scene, OfferId, OfferId], Input], how: ConsultEnd, by: TalkEnd
) -> None:
    scene = anna_talks("bert")
    own, other = both_talk(scene)
    facts = scene.take(happens(scene, own, other))
    assert told(facts) == ["talk_ended", "consult_ended"]
    ended, over = facts
    assert isinstance(ended, TalkEnded)
    assert (ended.offer, ended.by, ended.then) == (other, by, "ready")  # asked, so no wrap-up
    assert isinstance(over, ConsultEnded)
    assert (over.how, over.deadline) == (how, scene.now + COMMAND_SETTLED_S)
    cancels: list[Command] = [CancelRing(other)] if by is TalkEnd.TAKEN_BACK else []
    assert wishes(facts) == [*cancels, ConnectCall(own, C1)]
    assert (scene.call("c1"), scene.agent("anna")) == ("rejoining", "talking")
    facts = scene.take(TalkStarted(own), after=1)
    assert told(facts) == ["talk_resumed"]
    assert (scene.call("c1"), scene.centre.calls[C1].hops) == ("talking", 0)
    assert next_wake(scene.centre) is None
    scene.take(AgentLegEnded(own), after=9)
    last = [fact for fact in scene.facts if isinstance(fact, TalkEnded)][-1]
    began = of_kind(scene.facts, TalkBegan)
    assert last.talked_s == scene.now - began.at  # the same talk all the while
    assert scene.replayed() == scene.centre


@pytest.mark.parametrize("picked_up", [False, True])
@pytest.mark.parametrize("lost", [False, True])
def test_who_hangs_up_while_a_phone_rings_leaves_it_ringing_for_the_caller(
    picked_up: bool, lost: bool
) -> None:
    scene = anna_talks("bert")
    asks(scene)
    own, other = leg(scene), asked(scene)
    if picked_up:
        scene.take(OfferAnswered(other))
    facts = scene.take(AgentLegEnded(own, lost), after=2)
    assert told(facts) == ["talk_ended", "call_transferred", "consult_completed"]
    wished = wishes(facts)
    assert wished == [WaitAgain(C1), *([ConnectCall(other, C1)] if picked_up else [])]
    assert scene.call("c1") == ("connecting" if picked_up else "offered")
    if not picked_up:
        assert wishes(scene.take(OfferAnswered(other))) == [ConnectCall(other, C1)]
    scene.take(TalkStarted(other))
    assert (scene.call("c1"), scene.agent("anna"), scene.agent("bert")) == (
        "talking", "wrap_up", "talking",
    )  # fmt: skip
    assert scene.replayed() == scene.centre


@pytest.mark.parametrize("lost", [False, True])
def test_who_hangs_up_in_the_consultation_passes_the_caller_on(lost: bool) -> None:
    scene = anna_talks("bert")
    own, other = both_talk(scene)
    facts = scene.take(AgentLegEnded(own, lost))
    assert told(facts) == ["talk_ended", "call_transferred", "consult_completed"]
    assert wishes(facts) == [WaitAgain(C1), ConnectCall(other, C1)]
    scene.take(TalkStarted(other))
    assert scene.call("c1") == "talking"


def test_who_hangs_up_before_anybody_is_rung_passes_the_caller_on_blind() -> None:
    scene = anna_talks("bert")
    scene.take(PauseAsked(AgentId("bert"), "lunch"))
    assert told(asks(scene)) == ["consult_began"]
    own = leg(scene)
    facts = scene.take(AgentLegEnded(own))
    assert told(facts) == ["consult_ended", "talk_ended", "call_transferred"]
    assert wishes(facts) == [WaitAgain(C1)]
    assert scene.call("c1") == "waiting"
    scene.take(ReadyAsked(AgentId("bert")))
    assert scene.offers()[-1].call == C1
    assert next_wake(scene.centre) is not None
    assert scene.replayed() == scene.centre


def test_nobody_of_the_queue_in_a_minute_gives_the_caller_back() -> None:
    scene = anna_talks("bert")
    scene.take(PauseAsked(AgentId("bert"), "lunch"))
    asks(scene)
    facts = scene.take(TimerFired(), after=CONSULT_SEEKS_S)
    over = of_kind(facts, ConsultEnded)
    assert isinstance(over, ConsultEnded)
    assert over.how is ConsultEnd.NOBODY
    assert scene.call("c1") == "rejoining"
    assert len(scene.centre.calls) == 1


def test_who_does_not_answer_is_paused_and_the_next_one_is_rung_until_the_minute_is_over() -> None:
    scene = anna_talks("bert", "cem")
    asks(scene)
    first = scene.offers()[-1].agent
    scene.take(OfferRefused(asked(scene), RefuseCause.NO_ANSWER), after=RING_S)
    assert scene.agent(first) == "paused"
    second = scene.offers()[-1].agent
    assert {first, second} == {"bert", "cem"}
    facts = scene.take(OfferRefused(asked(scene), RefuseCause.NO_ANSWER), after=RING_S)
    assert told(facts) == ["offer_missed"]
    scene.take(ReadyAsked(AgentId("bert")))
    late = scene.take(OfferRefused(asked(scene), RefuseCause.NO_ANSWER), after=CONSULT_SEEKS_S)
    assert told(late) == ["offer_missed", "consult_ended"]
    assert scene.call("c1") == "rejoining"


@pytest.mark.parametrize(
    "happens",
    [
        lambda other: OfferRefused(other, RefuseCause.NO_ANSWER),
        lambda other: OfferRefused(other, RefuseCause.UNREACHABLE),
        lambda _: PlaceChanged(PlaceId("p-bert"), PlaceState.UNREACHABLE),
        lambda _: PauseAsked(AgentId("bert"), "lunch"),
        lambda _: SignOutAsked(AgentId("bert")),
        lambda _: TakeBackAsked(C1, None),
    ],
)
def test_an_agent_who_was_named_and_cannot_be_had_gives_the_caller_back_at_once(
    happens: Callable[[OfferId], Input],
) -> None:
    scene = anna_talks("bert", "cem")
    asks(scene, agent="bert")
    assert [offer.agent for offer in scene.offers()][-1] == "bert"
    facts = scene.take(happens(asked(scene)), after=1)
    assert told(facts)[-1] == "consult_ended"
    assert (scene.call("c1"), scene.agent("cem")) == ("rejoining", "ready")
    assert scene.replayed() == scene.centre


def test_a_resumed_talk_is_no_talk_that_began() -> None:
    scene = anna_talks("bert")
    own, _ = both_talk(scene)
    scene.take(TakeBackAsked(C1, None))
    facts = scene.take(TalkStarted(own))
    assert not [fact for fact in facts if isinstance(fact, TalkBegan)]
    assert isinstance(facts[0], TalkResumed)
    assert scene.take(TalkStarted(own)) == ()
