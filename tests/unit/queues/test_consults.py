"""Unit: an agent asks another one while the caller is held; nobody is lost or left in music."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from queues.centre.call_facts import (
    CallClosed,
    CallOwed,
    CallRequeued,
    CallTransferred,
    TransferFault,
    TransferRefused,
)
from queues.centre.commands import (
    COMMAND_SETTLED_S,
    CancelRing,
    Command,
    ConnectCall,
    HoldCaller,
    RingAgent,
    WaitAgain,
)
from queues.centre.consult_facts import (
    ConsultBegan,
    ConsultCompleted,
    ConsultEnd,
    ConsultEnded,
    ConsultJoined,
    TalkResumed,
)
from queues.centre.explain import explain
from queues.centre.facts import Fact, TalkBegan, TalkEnd, TalkEnded
from queues.centre.inputs import (
    AgentLegEnded,
    AgentSetting,
    CallEnded,
    CompleteAsked,
    ConsultAsked,
    EndCause,
    Input,
    OfferAnswered,
    OfferRefused,
    PauseAsked,
    PlaceChanged,
    PlaceState,
    QueueEntered,
    QueueLeft,
    QueueSetting,
    ReadyAsked,
    RefuseCause,
    SettingsLoaded,
    SignOutAsked,
    SwitchRestarted,
    TakeBackAsked,
    TalkStarted,
    TimerFired,
    TransferAsked,
)
from queues.centre.needs import Need, NeedStep, Skill
from queues.centre.on_consults import CONSULT_LASTS_S, CONSULT_SEEKS_S
from queues.centre.owing import OWED_AFTER_S
from queues.centre.snapshot import from_snapshot, to_snapshot
from queues.centre.state import next_wake
from queues.ids import AgentId, CallId, LineId, OfferId, PlaceId, QueueId
from queues.picture import Picture, look_at_all
from queues.view import View
from tests.unit.queues.scenes import BILLING, EPOCH, REPAIRS, RING_S, WRAP_UP_S, Scene, wishes
from tests.unit.queues.written import Written

TAX = Skill("tax", 3)
SOFTER = (NeedStep(20.0, "better somebody than nobody", lower=2),)
C1 = CallId("c1")
SETTINGS = SettingsLoaded(
    (
        QueueSetting(BILLING, RING_S, WRAP_UP_S, 1),
        QueueSetting(REPAIRS, RING_S, WRAP_UP_S, 1, relax=SOFTER),
    ),
    (
        AgentSetting(AgentId("anna"), PlaceId("p-anna"), (BILLING, REPAIRS)),
        AgentSetting(AgentId("bert"), PlaceId("p-bert"), (REPAIRS,), (TAX,)),
        AgentSetting(AgentId("cem"), PlaceId("p-cem"), (REPAIRS,), (Skill("tax", 1),)),
    ),
    EPOCH,
)


def anna_talks(*others: str, house: SettingsLoaded = SETTINGS) -> Scene:
    """A caller waited for a minute and talks with anna; the others are ready."""
    scene = Scene(house)
    scene.enter("c1")
    scene.now += 60
    scene.ready("anna")
    scene.talk("c1")
    scene.ready(*others)
    return scene


def asks(
    scene: Scene,
    queue: QueueId | None = REPAIRS,
    *,
    agent: str | None = None,
    by: str | None = "anna",
    need: Need | None = None,
    after: float = 40.0,
) -> tuple[Fact, ...]:
    named = None if agent is None else AgentId(agent)
    asked_by = None if by is None else AgentId(by)
    return scene.take(ConsultAsked(C1, asked_by, queue, named, need), after=after)


def leg(scene: Scene) -> OfferId:
    """The offer of the agent who asks."""
    offer = scene.centre.calls[C1].offer
    assert offer is not None
    return offer


def asked(scene: Scene) -> OfferId:
    """The offer of the agent who is rung or asked."""
    return scene.offer(leg(scene))


def both_talk(scene: Scene, **whom: str) -> tuple[OfferId, OfferId]:
    """The agents talk, the caller is held; gives their legs."""
    asks(scene, **whom)  # type: ignore[arg-type]
    other = asked(scene)
    scene.take(OfferAnswered(other), after=3)
    scene.take(TalkStarted(other))
    return leg(scene), other


def told(facts: tuple[Fact, ...]) -> list[str]:
    return [fact.TYPE for fact in facts]


def view(scene: Scene) -> View:
    picture = Picture()
    picture.follow(look_at_all(scene.centre))
    return picture.view(1)


def of_kind(facts: tuple[Fact, ...] | list[Fact], kind: type[Fact]) -> Fact:
    return next(fact for fact in facts if isinstance(fact, kind))


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
    old["version"] = 4
    assert from_snapshot(old) == scene.centre


def test_a_resumed_talk_is_no_talk_that_began() -> None:
    scene = anna_talks("bert")
    own, _ = both_talk(scene)
    scene.take(TakeBackAsked(C1, None))
    facts = scene.take(TalkStarted(own))
    assert not [fact for fact in facts if isinstance(fact, TalkBegan)]
    assert isinstance(facts[0], TalkResumed)
    assert scene.take(TalkStarted(own)) == ()
