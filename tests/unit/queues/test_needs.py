"""Unit: what calls ask for, who may take them, how a need relaxes, and whom a call waits for."""

import pytest

from queues.centre.facts.calls import CallQueued, NeedRelaxed
from queues.centre.facts.offers import OfferMade, OfferMissed
from queues.centre.inputs.agents import ReadyAsked, SignOutAsked
from queues.centre.inputs.calls import QueueEntered
from queues.centre.inputs.house import TimerFired
from queues.centre.inputs.offers import AgentLegEnded, OfferRefused, RefuseCause
from queues.centre.inputs.settings import AgentSetting, QueueSetting, SettingsLoaded
from queues.centre.state import next_wake
from queues.centre.values.needs import Need, NeedStep, Relaxed, Skill, missing, relaxed
from queues.ids import AgentId, CallId, LineId, PlaceId
from tests.unit.queues.scenes import BILLING, EPOCH, Scene

LAW, TAX = Skill("law", 3), Skill("tax", 2)
GERMAN_LAW = Need((LAW,), "de")
RELAX = (
    NeedStep(30.0, "better somebody than nobody", lower=1),
    NeedStep(60.0, "nobody waits over a minute", without=("law",), any_language=True),
)


def house(*agents: tuple[str, tuple[Skill, ...], tuple[str, ...]]) -> Scene:
    """One queue for German law; these agents are ready."""
    queue = QueueSetting(BILLING, 20.0, 0.0, 1, need=GERMAN_LAW, relax=RELAX)
    known = (
        AgentSetting(AgentId(name), PlaceId(f"p-{name}"), (BILLING,), skills, languages)
        for name, skills, languages in agents
    )
    scene = Scene(SettingsLoaded((queue,), tuple(known), EPOCH))
    scene.ready(*(name for name, *_ in agents))
    return scene


def entered(
    scene: Scene,
    call: str,
    *,
    need: Need | None = None,
    credit_s: float = 0.0,
    preferred: str | None = None,
    preferred_s: float = 20.0,
) -> None:
    agent = None if preferred is None else AgentId(preferred)
    scene.take(
        QueueEntered(CallId(call), LineId("main"), BILLING, 0.0, need, credit_s, agent, preferred_s)
    )


def rung(scene: Scene) -> list[tuple[str, str]]:
    return [(made.call, made.agent) for made in scene.offers()]


@pytest.mark.parametrize(
    ("skills", "languages", "lacks"),
    [
        ((LAW,), ("de",), None),
        ((TAX, Skill("law", 5)), ("en", "de"), None),
        ((), ("de",), "skill law"),
        ((Skill("law", 2),), ("de",), "level 3 in skill law"),
        ((LAW,), ("en",), "language de"),
    ],
)
def test_an_agent_needs_every_skill_at_its_level_and_the_language(
    skills: tuple[Skill, ...], languages: tuple[str, ...], lacks: str | None
) -> None:
    assert missing(GERMAN_LAW, skills, languages) == lacks
    assert missing(Need(), skills, languages) is None


def test_a_step_lowers_levels_down_to_one_and_leaves_skills_and_language_out() -> None:
    need = Need((LAW, TAX), "de")
    assert relaxed(need, NeedStep(1.0, "", lower=2)) == Need(
        (Skill("law", 1), Skill("tax", 1)), "de"
    )
    assert relaxed(need, NeedStep(1.0, "", ("law",), any_language=True)) == Need((TAX,))


def test_a_call_goes_past_free_agents_who_lack_what_it_asks_for() -> None:
    scene = house(("anna", (), ("de",)), ("bert", (LAW,), ("de",)))
    entered(scene, "c1")
    entered(scene, "c2", need=Need((TAX,)))
    assert rung(scene) == [("c1", "bert")]


def test_a_need_relaxes_at_its_time_with_its_reason_and_then_rings_who_fits_it() -> None:
    scene = house(("anna", (Skill("law", 2),), ("de",)), ("bert", (), ()))
    entered(scene, "c1")
    assert next_wake(scene.centre) == scene.now + 30
    step, offer = scene.take(TimerFired(), after=30)
    assert isinstance(step, NeedRelaxed)
    assert (step.steps, step.why, step.reason) == (1, Relaxed.WAITED, RELAX[0].reason)
    assert (step.need, step.until) == (Need((Skill("law", 2),), "de"), scene.now + 30)
    assert isinstance(offer, OfferMade)
    assert (offer.call, offer.agent) == ("c1", "anna")
    assert scene.replayed() == scene.centre
    later = house(("bert", (), ()))
    entered(later, "c2")
    later.take(TimerFired(), after=30)
    assert rung(later) == []
    step, _ = later.take(TimerFired(), after=30)
    assert isinstance(step, NeedRelaxed)
    assert (step.steps, step.reason, step.until) == (2, RELAX[1].reason, None)
    assert rung(later) == [("c2", "bert")]


def test_steps_that_came_due_at_once_are_taken_at_once() -> None:
    scene = house(("anna", (), ()))
    entered(scene, "c1")
    (step, _) = scene.take(TimerFired(), after=61)
    assert isinstance(step, NeedRelaxed)
    assert (step.steps, step.reason, step.until) == (2, RELAX[1].reason, None)


def test_a_call_waits_for_one_agent_alone_and_then_for_anybody() -> None:
    scene = house(("anna", (LAW,), ("de",)), ("bert", (LAW,), ("de",)))
    entered(scene, "c0", preferred="bert")
    entered(scene, "c1", preferred="bert")
    assert rung(scene) == [("c0", "bert")]  # anna is free, and is not rung for c1
    scene.talk("c0")
    step, offer = scene.take(TimerFired(), after=20)
    assert isinstance(step, NeedRelaxed)
    assert (step.why, step.need, step.until) == (
        Relaxed.PREFERENCE_OVER,
        GERMAN_LAW,
        scene.now + 10,
    )
    assert isinstance(offer, OfferMade)
    assert (offer.call, offer.agent) == ("c1", "anna")


@pytest.mark.parametrize("cause", [RefuseCause.NO_ANSWER, RefuseCause.DECLINED])
def test_who_was_waited_for_and_does_not_take_it_is_waited_for_no_more(cause: RefuseCause) -> None:
    scene = house(("anna", (LAW,), ("de",)), ("bert", (LAW,), ("de",)))
    entered(scene, "c1", preferred="bert")
    missed, step, offer = scene.take(OfferRefused(scene.offer("c1"), cause), after=5)
    assert isinstance(missed, OfferMissed)
    assert isinstance(step, NeedRelaxed)
    assert (step.why, step.need, step.until) == (
        Relaxed.PREFERRED_MISSED,
        GERMAN_LAW,
        scene.now + 25,
    )
    assert isinstance(offer, OfferMade)
    assert (offer.call, offer.agent) == ("c1", "anna")
    assert scene.replayed() == scene.centre


def test_a_phone_that_was_not_reached_ends_no_wait_for_its_agent() -> None:
    scene = house(("anna", (LAW,), ("de",)), ("bert", (LAW,), ("de",)))
    entered(scene, "c1", preferred="bert")
    scene.take(OfferRefused(scene.offer("c1"), RefuseCause.UNREACHABLE))
    assert rung(scene) == [("c1", "bert")]


def test_nobody_waits_for_an_agent_who_is_gone_or_cannot_take_the_call() -> None:
    scene = house(("anna", (LAW,), ("de",)), ("bert", (), ("de",)))
    scene.take(SignOutAsked(AgentId("anna")))
    for number, name in enumerate(("anna", "bert", "carla")):
        entered(scene, f"c{number}", preferred=name)
    queued = [fact for fact in scene.facts if isinstance(fact, CallQueued)]
    assert [fact.only for fact in queued] == [None, None, None]


def test_a_credit_counts_as_waited_so_that_an_older_call_still_goes_first() -> None:
    names = ("anna", "bert", "cem")
    scene = house(*((name, (LAW,), ("de",)) for name in names))
    for name in names:
        scene.take(SignOutAsked(AgentId(name)))
    for call, credit_s in (("old", 0.0), ("plain", 0.0), ("dear", 60.0)):
        entered(scene, call, credit_s=credit_s)
        scene.now += 25
    for name in names:
        scene.take(ReadyAsked(AgentId(name)))
    assert [call for call, _ in rung(scene)] == ["dear", "old", "plain"]
    assert scene.offers()[0].runner_up == "old"


def test_specialists_come_before_generalists_who_are_not_left_out_for_ever() -> None:
    scene = house(("anna", (LAW, TAX), ("de", "en")), ("bert", (LAW,), ("de",)))
    scene.take(SignOutAsked(AgentId("bert")))
    scene.take(ReadyAsked(AgentId("bert")), after=100)
    entered(scene, "c1")
    assert rung(scene) == [("c1", "bert")]  # anna was idle 100 s longer, and can do two things more
    scene.take(SignOutAsked(AgentId("anna")))
    scene.take(ReadyAsked(AgentId("anna")))
    scene.talk("c1")
    scene.take(AgentLegEnded(scene.offer("c1")), after=121)
    entered(scene, "c2")
    assert rung(scene)[-1] == ("c2", "anna")


def test_a_step_is_due_at_its_deadline_also_where_fractions_of_a_second_are_rounded() -> None:
    scene = house(("bert", (), ()))
    scene.now = 1015.6382
    assert scene.now + 30 - scene.now < 30
    entered(scene, "c1")
    scene.now += 30
    assert next_wake(scene.centre) == scene.now
    step = scene.take(TimerFired())[0]
    assert isinstance(step, NeedRelaxed)
    assert step.steps == 1
