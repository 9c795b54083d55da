"""Unit: what goes wrong, or is not allowed, while an agent asks another one about a held caller."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from queues.centre.commands import (
    COMMAND_SETTLED_S,
    CancelRing,
    WaitAgain,
)
from queues.centre.deciding.owing import OWED_AFTER_S
from queues.centre.explanations.explain import explain
from queues.centre.facts.calls import (
    CallClosed,
    CallOwed,
    CallRequeued,
    TransferFault,
    TransferRefused,
)
from queues.centre.facts.consults import (
    ConsultBegan,
)
from queues.centre.inputs.agents import PauseAsked, ReadyAsked
from queues.centre.inputs.calls import CallEnded, EndCause, QueueEntered, QueueLeft, TransferAsked
from queues.centre.inputs.consults import CompleteAsked, ConsultAsked, TakeBackAsked
from queues.centre.inputs.doors import CloseAsked
from queues.centre.inputs.house import SwitchRestarted, TimerFired
from queues.centre.inputs.input import Input
from queues.centre.inputs.offers import (
    AgentLegEnded,
    OfferAnswered,
    OfferRefused,
    RefuseCause,
    TalkStarted,
)
from queues.centre.journal.snapshot import from_snapshot, to_snapshot
from queues.centre.values.needs import Need
from queues.ids import AgentId, CallId, LineId, OfferId, QueueId
from tests.unit.queues.consulting import (
    C1,
    CONSULT_SEEKS_S,
    SETTINGS,
    SOFTER,
    TAX,
    anna_talks,
    asked,
    asks,
    both_talk,
    leg,
    told,
)
from tests.unit.queues.scenes import BILLING, REPAIRS, wishes
from tests.unit.queues.written import Written


def test_a_caller_who_hangs_up_meanwhile_frees_both_agents() -> None:
    for rings in (True, False):
        scene = anna_talks("bert")
        asks(scene)
        own, other = leg(scene), asked(scene)
        if not rings:
            scene.take(OfferAnswered(other))
            scene.take(TalkStarted(other))
        facts = scene.take(CallEnded(C1, EndCause.HUNG_UP))
        assert isinstance(facts[-1], CallClosed)
        assert wishes(facts) == [CancelRing(other), CancelRing(own)]
        assert (scene.agent("anna"), scene.agent("bert")) == ("wrap_up", "ready")
        assert (scene.centre.calls, scene.centre.offers) == ({}, {})
        assert scene.replayed() == scene.centre


def test_a_caller_who_hangs_up_while_being_taken_back_frees_the_agent() -> None:
    scene = anna_talks("bert")
    own, _ = both_talk(scene)
    scene.take(TakeBackAsked(C1, None))
    facts = scene.take(CallEnded(C1, EndCause.HUNG_UP))
    assert wishes(facts) == [CancelRing(own)]
    assert (scene.agent("anna"), scene.centre.calls) == ("wrap_up", {})


@pytest.mark.parametrize(
    "happens",
    [
        lambda own: OfferRefused(own, RefuseCause.FAILED),
        lambda own: AgentLegEnded(own),
        lambda own: AgentLegEnded(own, lost=True),
        lambda _: TimerFired(),
    ],
)
def test_a_caller_who_cannot_be_joined_again_waits_in_the_first_place(
    happens: Callable[[OfferId], Input],
) -> None:
    scene = anna_talks("bert")
    own, _ = both_talk(scene)
    came = scene.centre.calls[C1].since
    scene.take(TakeBackAsked(C1, None))
    facts = scene.take(happens(own), after=COMMAND_SETTLED_S)
    assert told(facts) == ["talk_ended", "call_requeued"]
    assert isinstance(facts[1], CallRequeued)
    assert wishes(facts) == [CancelRing(own), WaitAgain(C1)]
    call = scene.centre.calls[C1]
    assert (call.state, call.since, call.queue) == ("waiting", came, BILLING)
    assert scene.agent("anna") == "wrap_up"


def test_a_caller_who_was_never_held_talks_on() -> None:
    scene = anna_talks("bert")
    asks(scene)
    own, other = leg(scene), asked(scene)
    facts = scene.take(TalkStarted(own))
    assert told(facts) == ["offer_withdrawn", "consult_ended", "talk_resumed"]
    assert wishes(facts) == [CancelRing(other)]
    assert (scene.call("c1"), scene.agent("bert")) == ("talking", "ready")


def test_a_completed_join_that_fails_leaves_the_caller_waiting_at_the_old_place() -> None:
    scene = anna_talks("bert", "cem")
    _, other = both_talk(scene, agent="bert")
    came = scene.centre.calls[C1].since
    scene.take(CompleteAsked(C1, None))
    facts = scene.take(OfferRefused(other, RefuseCause.FAILED))
    assert told(facts)[:2] == ["offer_missed", "offer_made"]
    call = scene.centre.calls[C1]
    assert (call.state, call.since, call.queue, call.failed_joins) == (
        "offered", came, REPAIRS, 1,
    )  # fmt: skip
    assert scene.offers()[-1].agent == "cem"
    assert call.owed_at == scene.now + OWED_AFTER_S


def test_the_switch_restarted_ends_it_all() -> None:
    scene = anna_talks("bert")
    both_talk(scene)
    scene.take(SwitchRestarted())
    assert (scene.centre.calls, scene.centre.offers) == ({}, {})
    assert (scene.agent("anna"), scene.agent("bert")) == ("ready", "ready")
    assert scene.replayed() == scene.centre


def test_new_settings_leave_a_held_call_and_what_is_asked_alone() -> None:
    scene = anna_talks("bert")
    asks(scene)
    until = scene.centre.calls[CallId(leg(scene))].leave_at
    scene.take(replace(SETTINGS, agents=(SETTINGS.agents[0], SETTINGS.agents[2])))
    assert (scene.call("c1"), len(scene.centre.calls)) == ("held", 2)
    assert scene.centre.calls[CallId(leg(scene))].leave_at == until
    assert scene.centre.calls[C1].need_until is None
    scene.take(TimerFired(), after=CONSULT_SEEKS_S)
    assert scene.call("c1") == "rejoining"


def test_from_the_second_hop_on_only_who_has_everything_is_asked() -> None:
    scene = anna_talks("cem", "bert")
    both_talk(scene, agent="cem")
    scene.take(CompleteAsked(C1, AgentId("anna")))
    scene.take(TalkStarted(scene.offer("c1")))
    scene.take(PauseAsked(AgentId("bert"), "lunch"))
    scene.take(ReadyAsked(AgentId("anna")))
    facts = asks(scene, by="cem", need=Need((TAX,)))
    began = facts[0]
    assert isinstance(began, ConsultBegan)
    assert (began.hops, began.need_until, told(facts)) == (2, None, ["consult_began"])
    scene.take(TimerFired(), after=SOFTER[0].after_s + 1)
    assert scene.offers()[-1].agent == "cem"  # nobody was rung since
    scene.take(ReadyAsked(AgentId("bert")))
    assert scene.offers()[-1].agent == "bert"


def test_the_first_time_what_is_asked_for_relaxes_with_the_time() -> None:
    scene = anna_talks("bert", "cem")
    scene.take(PauseAsked(AgentId("bert"), "lunch"))
    asks(scene, need=Need((TAX,)))
    assert scene.call(leg(scene)) == "waiting"
    scene.take(TimerFired(), after=SOFTER[0].after_s)
    assert scene.offers()[-1].agent == "cem"


def test_what_is_asked_has_the_place_that_the_call_would_have() -> None:
    scene = anna_talks("bert")
    scene.take(PauseAsked(AgentId("bert"), "lunch"))
    scene.enter("c2", REPAIRS, after=100)
    asks(scene)
    scene.take(ReadyAsked(AgentId("bert")))
    assert scene.offers()[-1].call == leg(scene)


@pytest.mark.parametrize(
    ("what", "fault"),
    [
        (ConsultAsked(CallId("c9"), None, REPAIRS, None, None), TransferFault.NOT_TALKING),
        (ConsultAsked(C1, AgentId("bert"), REPAIRS, None, None), TransferFault.NOT_YOURS),
        (ConsultAsked(C1, None, QueueId("x"), None, None), TransferFault.QUEUE_UNKNOWN),
        (ConsultAsked(C1, None, None, AgentId("anna"), None), TransferFault.AGENT_CANNOT),
        (ConsultAsked(C1, None, None, AgentId("cem"), None), TransferFault.AGENT_BUSY),
        (CompleteAsked(C1, None), TransferFault.NOT_CONSULTING),
        (TakeBackAsked(C1, None), TransferFault.NOT_CONSULTING),
        (TakeBackAsked(CallId("c9"), None), TransferFault.NOT_CONSULTING),
    ],
)
def test_what_cannot_be_asked_is_refused_and_changes_nothing(
    what: Input, fault: TransferFault
) -> None:
    scene = anna_talks("bert", "cem")
    scene.take(PauseAsked(AgentId("cem"), "lunch"))
    before = to_snapshot(scene.centre)
    facts = scene.take(what)
    assert [getattr(fact, "fault", None) for fact in facts] == [fault]
    assert to_snapshot(scene.centre) == before


@pytest.mark.parametrize(
    ("what", "fault"),
    [
        (ConsultAsked(C1, None, REPAIRS, None, None), TransferFault.CONSULTING),
        (TransferAsked(C1, None, REPAIRS, None, 0.0, None), TransferFault.CONSULTING),
        (CompleteAsked(C1, AgentId("anna")), TransferFault.NOBODY_REACHED),
        (CompleteAsked(C1, AgentId("bert")), TransferFault.NOT_YOURS),
        (TakeBackAsked(C1, AgentId("bert")), TransferFault.NOT_YOURS),
    ],
)
def test_while_a_caller_is_held_only_what_fits_is_done(what: Input, fault: TransferFault) -> None:
    scene = anna_talks("bert")
    asks(scene)
    before = to_snapshot(scene.centre)
    facts = scene.take(what)
    assert [getattr(fact, "fault", None) for fact in facts] == [fault]
    assert to_snapshot(scene.centre) == before


def test_the_id_of_what_is_asked_is_no_callers() -> None:
    scene = anna_talks("bert")
    both_talk(scene)
    name = CallId(leg(scene))
    before = to_snapshot(scene.centre)
    for what in (CallEnded(name, EndCause.LOST), QueueLeft(name), QueueLeft(C1)):
        assert scene.take(what) == ()
    refused = scene.take(TransferAsked(name, None, REPAIRS, None, 0.0, None))
    assert isinstance(refused[0], TransferRefused)
    assert to_snapshot(scene.centre) == before


def test_whom_nobody_at_work_could_be_asked_about_is_owed() -> None:
    scene = anna_talks()
    facts = asks(scene)
    assert told(facts) == ["call_owed"]
    assert isinstance(facts[0], CallOwed)
    assert (facts[0].owner, scene.call("c1")) == ("anna", "talking")


@pytest.mark.parametrize("consults", [True, False])
def test_a_queue_in_which_as_many_wait_as_may_takes_none(consults: bool) -> None:
    queues = (SETTINGS.queues[0], replace(SETTINGS.queues[1], most_waiting=1))
    scene = anna_talks("bert", house=replace(SETTINGS, queues=queues))
    scene.take(PauseAsked(AgentId("bert"), "lunch"))
    scene.enter("c2", REPAIRS)
    what: Input = TransferAsked(C1, None, REPAIRS, None, 0.0, None)
    if consults:
        what = ConsultAsked(C1, None, REPAIRS, None, None)
    facts = scene.take(what)
    assert facts == (TransferRefused(scene.now, C1, TransferFault.QUEUE_FULL),)
    assert scene.call("c1") == "talking"


def test_a_pause_asked_for_by_who_asks_is_for_after_the_talk() -> None:
    scene = anna_talks("bert")
    both_talk(scene)
    scene.take(PauseAsked(AgentId("anna"), "lunch"))
    scene.take(CompleteAsked(C1, AgentId("anna")))
    assert scene.agent("anna") == "paused"


def test_the_way_of_a_call_tells_of_those_who_were_asked() -> None:
    scene = Written(SETTINGS)
    scene.take(QueueEntered(C1, LineId("main"), BILLING))
    scene.ready("anna")
    scene.talk("c1")
    scene.ready("bert", "cem")
    both_talk(scene, agent="bert")
    scene.take(AgentLegEnded(asked(scene)), after=5)
    scene.take(TalkStarted(leg(scene)), after=1)
    both_talk(scene, agent="cem")
    scene.take(CompleteAsked(C1, AgentId("anna")), after=5)
    scene.take(TalkStarted(scene.offer("c1")), after=1)
    way = explain(C1, scene.rows)
    why = [(entry.what, entry.why) for entry in way.entries]
    assert (
        "consult_began",
        "anna holds it to ask agent bert of queue repairs for anybody there; for 60.0 s somebody"
        " is looked for",
    ) in why
    assert ("consult_joined", "bert is asked, after 3.0 s; the caller hears music") in why
    assert ("talk_resumed", "anna talks on, after 1.0 s") in why
    offered = [text for what, text in why if what == "offer_made"]
    assert [text.startswith("to be asked: ") for text in offered] == [False, True, True]
    assert "consult_completed" in [what for what, _ in why]
    stays = [(stay.state.value, (stay.until or scene.now) - stay.since) for stay in way.stays]
    assert ("held", 8.0) in stays
    assert ("rejoining", 1.0) in stays


def test_a_snapshot_of_the_release_before_knows_of_no_consultation() -> None:
    scene = anna_talks()
    old = to_snapshot(scene.centre)
    for call in old["calls"]:  # type: ignore[union-attr]
        del call["consults_for"]  # type: ignore[union-attr, arg-type, index, call-overload]
    old["version"] = 6
    assert from_snapshot(old) == scene.centre


def test_a_queue_that_closes_while_somebody_is_looked_for_gives_the_caller_back() -> None:
    scene = anna_talks("bert")
    scene.take(PauseAsked(AgentId("bert"), "lunch"))
    asks(scene)
    facts = scene.take(CloseAsked(REPAIRS, None, None, None))
    assert told(facts)[-1] == "consult_ended"
    assert scene.call("c1") == "rejoining"
    assert scene.replayed() == scene.centre


def test_a_call_that_is_held_and_two_agents_who_talk_do_not_feel_a_closing() -> None:
    scene = anna_talks("bert")
    _, other = both_talk(scene)
    for queue in (BILLING, REPAIRS):
        scene.take(CloseAsked(queue, None, None, None))
    assert scene.call("c1") == "held"
    scene.take(CompleteAsked(C1, None))
    scene.take(TalkStarted(other))
    assert scene.call("c1") == "talking"


def test_where_new_settings_do_not_name_who_was_asked_nobody_else_is_rung() -> None:
    scene = anna_talks("bert", "cem")
    asks(scene, agent="bert")
    others = tuple(each for each in SETTINGS.agents if each.agent != "bert")
    facts = scene.take(replace(SETTINGS, agents=others, epoch="anew"), after=1)
    assert told(facts)[-1] == "consult_ended"
    assert (scene.call("c1"), scene.agent("cem")) == ("rejoining", "ready")
    assert scene.replayed() == scene.centre
