"""Unit: calls that are passed on keep place and faith, and nobody is passed around for ever."""

from dataclasses import replace

import pytest

from queues.centre.commands import FetchCaller, ReturnReason
from queues.centre.deciding.owing import OWED_AFTER_S
from queues.centre.explanations.explain import explain
from queues.centre.facts.agents import AgentForgotten
from queues.centre.facts.calls import (
    CallOwed,
    CallReturned,
    CallTransferred,
    NeedRelaxed,
    Owing,
    TransferFault,
    TransferRefused,
)
from queues.centre.facts.fact import Fact
from queues.centre.facts.offers import OfferMade, TalkBegan, TalkEnd, TalkEnded
from queues.centre.inputs.agents import PauseAsked, ReadyAsked, SignOutAsked
from queues.centre.inputs.calls import CallEnded, EndCause, QueueEntered, TransferAsked
from queues.centre.inputs.house import TimerFired
from queues.centre.inputs.offers import AgentLegEnded
from queues.centre.inputs.settings import AgentSetting, QueueSetting, SettingsLoaded
from queues.centre.journal.snapshot import from_snapshot, to_snapshot
from queues.centre.state import next_wake
from queues.centre.values.needs import Need, NeedStep, Relaxed, Skill
from queues.ids import AgentId, CallId, LineId, PlaceId, QueueId
from tests.unit.queues.scenes import BILLING, EPOCH, REPAIRS, WRAP_UP_S, Scene, wishes
from tests.unit.queues.written import Written

TAX = Skill("tax", 3)
SOFTER = (NeedStep(30.0, "better somebody than nobody", lower=2),)
C1 = CallId("c1")
SETTINGS = SettingsLoaded(
    (
        QueueSetting(BILLING, 20.0, WRAP_UP_S, 1),
        QueueSetting(REPAIRS, 20.0, WRAP_UP_S, 1, relax=SOFTER),
    ),
    (
        AgentSetting(AgentId("anna"), PlaceId("p-anna"), (BILLING, REPAIRS), (), ("de", "ko")),
        AgentSetting(AgentId("bert"), PlaceId("p-bert"), (REPAIRS,), (TAX,), ("de",)),
        AgentSetting(AgentId("cem"), PlaceId("p-cem"), (REPAIRS,), (Skill("tax", 1),), ("de",)),
    ),
    EPOCH,
)


def anna_talks(*others: str, house: SettingsLoaded = SETTINGS, after_s: float = 60.0) -> Scene:
    """A caller waited for so long and talks with anna; the others are ready."""
    scene = Scene(house)
    scene.enter("c1")
    scene.now += after_s
    scene.ready("anna")
    scene.talk("c1")
    scene.ready(*others)
    return scene


def passed_on(
    scene: Scene,
    queue: QueueId | None = REPAIRS,
    *,
    by: str | None = "anna",
    agent: str | None = None,
    need: Need | None = None,
    after: float = 40.0,
) -> tuple[Fact, ...]:
    return scene.take(
        TransferAsked(
            C1,
            None if by is None else AgentId(by),
            queue,
            None if agent is None else AgentId(agent),
            20.0,
            need,
        ),
        after=after,
    )


def told(facts: tuple[Fact, ...]) -> list[str]:
    return [fact.TYPE for fact in facts]


def test_a_call_passed_on_waits_with_its_place_and_rings_who_may_take_it() -> None:
    scene = anna_talks("bert")
    came = scene.centre.calls[C1].since
    facts = passed_on(scene)
    assert told(facts) == ["talk_ended", "call_transferred", "offer_made"]
    ended, transferred, offer = facts
    assert isinstance(ended, TalkEnded)
    assert (ended.by, ended.then, ended.wrap_up_until) == (
        TalkEnd.TRANSFER, "wrap_up", scene.now + WRAP_UP_S,
    )  # fmt: skip
    assert isinstance(transferred, CallTransferred)
    assert (transferred.queue, transferred.to) == (BILLING, REPAIRS)
    assert (transferred.passed_by, transferred.asked_by, transferred.hops) == ("anna", "anna", 1)
    assert (transferred.since, scene.centre.calls[C1].since) == (came, came)
    assert isinstance(offer, OfferMade)
    assert (offer.call, offer.agent, offer.queue) == ("c1", "bert", REPAIRS)
    assert wishes(facts)[0] == FetchCaller(ended.offer, C1)
    assert (scene.agent("anna"), scene.call("c1")) == ("wrap_up", "offered")
    assert scene.replayed() == scene.centre


def test_it_goes_before_those_who_came_after_it_but_its_wait_is_told_anew() -> None:
    scene = anna_talks("bert")
    scene.take(PauseAsked(AgentId("bert"), "lunch"))
    scene.enter("c2", REPAIRS, after=100)
    passed_on(scene)
    scene.now += 12
    scene.ready("bert")
    assert scene.offers()[-1].call == "c1"
    scene.talk("c1")
    began = [fact for fact in scene.facts if isinstance(fact, TalkBegan)]
    assert [fact.waited_s for fact in began] == [60.0, 12.0]


def test_the_first_time_its_need_relaxes_with_this_wait_alone() -> None:
    scene = anna_talks("cem")
    scene.take(ReadyAsked(AgentId("bert")))  # at work, at a phone that cannot be reached
    need = Need((TAX,))
    assert told(passed_on(scene, need=need)) == ["talk_ended", "call_transferred"]
    facts = scene.take(TimerFired(), after=SOFTER[0].after_s)
    relaxed = next(fact for fact in facts if isinstance(fact, NeedRelaxed))
    assert (relaxed.need, relaxed.waited_s, relaxed.why) == (
        Need((Skill("tax", 1),)), 30.0, Relaxed.WAITED,
    )  # fmt: skip
    assert scene.offers()[-1].agent == "cem"


def test_from_the_second_time_on_it_asks_for_everything_for_ever() -> None:
    scene = anna_talks("cem", "bert")
    passed_on(scene, agent="cem")
    scene.talk("c1")
    scene.take(PauseAsked(AgentId("bert"), "lunch"))
    scene.take(ReadyAsked(AgentId("anna")))
    facts = passed_on(scene, by="cem", need=Need((TAX,)))
    transferred = facts[1]
    assert isinstance(transferred, CallTransferred)
    assert (transferred.hops, transferred.need_until, transferred.steps) == (2, None, 0)
    scene.take(TimerFired(), after=110)
    assert scene.call("c1") == "waiting"
    assert not [fact for fact in scene.facts if isinstance(fact, NeedRelaxed)]
    scene.take(ReadyAsked(AgentId("bert")))
    assert scene.offers()[-1].agent == "bert"
    assert scene.replayed() == scene.centre


def test_new_settings_relax_no_call_that_was_passed_on_twice() -> None:
    scene = anna_talks("cem", "bert")
    passed_on(scene, agent="cem")
    scene.talk("c1")
    scene.take(PauseAsked(AgentId("bert"), "lunch"))
    passed_on(scene, by="cem", need=Need((TAX,)))
    scene.take(SETTINGS, after=50)
    scene.take(TimerFired(), after=50)
    assert scene.centre.calls[C1].need == Need((TAX,))


@pytest.mark.parametrize("hops", [1, 2])
def test_whom_nobody_else_at_work_may_take_stays_where_it_is_and_is_owed(hops: int) -> None:
    scene = anna_talks(*(["cem"] if hops == 2 else []))
    if hops == 2:
        passed_on(scene)
        scene.talk("c1")
    talks_with = "cem" if hops == 2 else "anna"
    facts = passed_on(scene, by=talks_with, need=Need((TAX,)))
    assert told(facts) == ["call_owed"]
    assert isinstance(owed := facts[0], CallOwed)
    assert (owed.owner, owed.why, owed.queue) == (talks_with, Owing.NOBODY_ABLE, REPAIRS)
    assert (scene.call("c1"), scene.agent(talks_with)) == ("talking", "talking")
    assert scene.centre.calls[C1].owner == talks_with
    assert wishes(facts) == []
    assert scene.replayed() == scene.centre


def test_a_relaxed_need_counts_for_whether_anybody_may_take_it_the_first_time_alone() -> None:
    scene = anna_talks("cem")
    assert "call_transferred" in told(passed_on(scene, need=Need((TAX,))))
    scene.take(TimerFired(), after=30)
    scene.talk("c1")
    assert told(passed_on(scene, by="cem", need=Need((TAX,)))) == ["call_owed"]


def test_whoever_passed_it_on_is_not_rung_for_it_until_it_is_owed() -> None:
    scene = anna_talks("bert")
    scene.take(PauseAsked(AgentId("bert"), "lunch"))
    passed_on(scene)
    scene.take(ReadyAsked(AgentId("anna")))
    assert scene.call("c1") == "waiting"
    facts = scene.take(TimerFired(), after=OWED_AFTER_S)
    assert [fact.TYPE for fact in facts if fact.TYPE != "need_relaxed"] == [
        "call_owed", "offer_made",
    ]  # fmt: skip
    owed = next(fact for fact in facts if isinstance(fact, CallOwed))
    assert (owed.owner, owed.why) == ("anna", Owing.NOBODY_CAME)
    assert scene.offers()[-1].agent == "anna"
    assert scene.centre.calls[C1].owner == "anna"
    scene.talk("c1")
    assert scene.centre.calls[C1].owner is None
    assert scene.replayed() == scene.centre


def test_a_call_that_is_taken_in_time_is_never_owed() -> None:
    scene = anna_talks("bert")
    passed_on(scene)
    scene.talk("c1")
    scene.take(AgentLegEnded(scene.offer("c1")), after=2 * OWED_AFTER_S)
    scene.take(TimerFired())
    assert not [fact for fact in scene.facts if isinstance(fact, CallOwed)]
    assert next_wake(scene.centre) == scene.now + WRAP_UP_S


def test_to_an_agent_it_waits_for_that_one_alone_and_then_for_anybody() -> None:
    scene = anna_talks("bert", "cem")
    scene.take(PauseAsked(AgentId("bert"), "lunch"))
    facts = passed_on(scene, None, agent="bert")
    assert told(facts) == ["talk_ended", "call_transferred"]
    assert isinstance(transferred := facts[1], CallTransferred)
    assert (transferred.only, transferred.to) == ("bert", REPAIRS)  # who does not serve billing
    relaxed, offer = scene.take(TimerFired(), after=20)
    assert isinstance(relaxed, NeedRelaxed)
    assert relaxed.why is Relaxed.PREFERENCE_OVER
    assert isinstance(offer, OfferMade)
    assert offer.agent == "cem"


@pytest.mark.parametrize(
    ("queue", "by", "agent", "need", "fault"),
    [
        (REPAIRS, "bert", None, None, TransferFault.NOT_YOURS),
        (QueueId("gone"), "anna", None, None, TransferFault.QUEUE_UNKNOWN),
        (BILLING, "anna", "bert", None, TransferFault.AGENT_CANNOT),  # serves it not
        (None, "anna", "anna", None, TransferFault.AGENT_CANNOT),
        (None, "anna", "nobody", None, TransferFault.AGENT_CANNOT),
        (None, "anna", "dora", None, TransferFault.AGENT_CANNOT),  # signed out
        (None, "anna", "cem", Need((TAX,)), TransferFault.AGENT_CANNOT),
    ],
)
def test_what_cannot_be_done_is_refused_and_the_talk_goes_on(
    queue: QueueId | None, by: str, agent: str | None, need: Need | None, fault: TransferFault
) -> None:
    dora = AgentSetting(AgentId("dora"), PlaceId("p-dora"), (REPAIRS,))
    scene = anna_talks("bert", "cem", house=replace(SETTINGS, agents=(*SETTINGS.agents, dora)))
    before = to_snapshot(scene.centre)
    facts = passed_on(scene, queue, by=by, agent=agent, need=need, after=0)
    assert facts == (TransferRefused(scene.now, C1, fault),)
    assert to_snapshot(scene.centre) == before


def test_only_a_call_in_a_talk_is_passed_on() -> None:
    scene = Scene(SETTINGS)
    scene.enter("c1")
    refused = TransferFault.NOT_TALKING
    assert passed_on(scene) == (TransferRefused(scene.now, C1, refused),)
    scene.take(CallEnded(C1, EndCause.HUNG_UP))
    assert passed_on(scene) == (TransferRefused(scene.now, C1, refused),)


def test_a_supervisor_may_pass_on_what_others_talk_about() -> None:
    scene = anna_talks("bert")
    _, transferred, _ = passed_on(scene, by=None)
    assert isinstance(transferred, CallTransferred)
    assert (transferred.asked_by, transferred.passed_by) == (None, "anna")


def test_the_language_that_was_asked_for_goes_along() -> None:
    scene = Scene(SETTINGS)
    entered = QueueEntered(C1, LineId("main"), BILLING, 0.0, Need((), "ko"))
    scene.take(entered)
    scene.ready("anna")
    scene.talk("c1")
    scene.ready("bert")
    assert told(passed_on(scene)) == ["call_owed"]  # bert speaks no Korean
    assert told(passed_on(scene, need=Need())) == ["talk_ended", "call_transferred", "offer_made"]


def test_what_the_agent_had_planned_for_after_the_talk_comes_with_the_transfer() -> None:
    scene = anna_talks("bert")
    scene.take(SignOutAsked(AgentId("anna")))
    passed_on(scene)
    assert scene.agent("anna") == "signed_out"


def test_an_agent_whom_the_settings_name_no_more_goes_with_the_transfer() -> None:
    scene = anna_talks("bert")
    scene.take(replace(SETTINGS, agents=SETTINGS.agents[1:]))
    facts = passed_on(scene)
    assert AgentForgotten(scene.now, AgentId("anna")) in facts
    assert scene.call("c1") == "offered"
    assert scene.replayed() == scene.centre


def test_the_longest_wait_of_a_queue_counts_anew_and_the_call_is_then_given_back() -> None:
    queues = tuple(replace(each, longest_wait_s=90.0) for each in SETTINGS.queues)
    scene = anna_talks("bert", house=replace(SETTINGS, queues=queues))
    scene.take(PauseAsked(AgentId("bert"), "lunch"))
    assert told(passed_on(scene, after=200)) == ["talk_ended", "call_transferred"]
    leaves_at = scene.now + 90
    assert scene.centre.calls[C1].leave_at == leaves_at
    scene.take(replace(SETTINGS, queues=queues), after=10)  # read anew
    assert scene.centre.calls[C1].leave_at == leaves_at
    scene.take(TimerFired(), after=79)
    assert scene.call("c1") == "waiting"
    (returned,) = scene.take(TimerFired(), after=1)
    assert returned == CallReturned(scene.now, C1, REPAIRS, ReturnReason.WAITED)


def test_whom_nobody_signed_in_can_take_any_more_is_given_back_though_it_was_passed_on() -> None:
    queues = (SETTINGS.queues[0], replace(SETTINGS.queues[1], needs_somebody=True))
    scene = anna_talks("cem", "bert", house=replace(SETTINGS, queues=queues))
    passed_on(scene, agent="cem")
    scene.talk("c1")
    scene.take(PauseAsked(AgentId("bert"), "lunch"))
    passed_on(scene, by="cem", need=Need((TAX,)))
    facts = scene.take(SignOutAsked(AgentId("bert")))
    assert facts[-1] == CallReturned(scene.now, C1, REPAIRS, ReturnReason.NOBODY)


def test_a_caller_who_hangs_up_while_being_passed_on_is_gone_and_owed_to_nobody() -> None:
    scene = anna_talks("bert")
    passed_on(scene)
    scene.take(CallEnded(C1, EndCause.HUNG_UP))
    assert scene.call("c1") is None
    assert scene.agent("bert") == "ready"
    assert next_wake(scene.centre) == scene.now + WRAP_UP_S


def test_a_word_of_the_agents_end_that_comes_after_the_transfer_changes_nothing() -> None:
    scene = anna_talks("bert")
    leg = scene.offer("c1")
    passed_on(scene)
    assert scene.take(AgentLegEnded(leg)) == ()
    assert scene.call("c1") == "offered"


def test_a_snapshot_of_the_release_before_knows_of_no_transfer() -> None:
    scene = anna_talks()
    old = to_snapshot(scene.centre)
    for call in old["calls"]:  # type: ignore[union-attr]
        for name in ("hops", "passed_by", "owed_at", "owner", "wait_from"):
            del call[name]  # type: ignore[union-attr, arg-type, index, call-overload]
    old["queues"] = [queue["setting"] for queue in old["queues"]]  # type: ignore[union-attr, index, call-overload]
    old["version"] = 2
    assert from_snapshot(old) == scene.centre


def test_the_way_of_a_call_says_who_passed_it_on_and_to_whom_it_is_owed() -> None:
    scene = Written(SETTINGS)
    scene.take(QueueEntered(C1, LineId("main"), BILLING))
    scene.ready("anna")
    scene.talk("c1")
    scene.ready("cem")
    passed_on(scene, by=None, agent="cem")
    scene.talk("c1")
    passed_on(scene, by="cem", need=Need((TAX,)))
    passed_on(scene, by="anna")
    why = {entry.what: entry.why for entry in explain(C1, scene.rows).entries}
    assert why["call_transferred"] == (
        "anna passed it on to queue repairs for anybody there, by a supervisor's hand; transfer 1,"
        " with its place since it came 40.0 s before; for 20.0 s it waits for cem alone"
    )
    assert why["call_owed"].endswith("cem talks on, and it is owed to cem")
    assert why["transfer_refused"].startswith("not passed on: another agent asked")
