"""Unit: what one change would have turned an offer, and that it really would have."""

from dataclasses import replace

import pytest

from queues.centre.apply import apply
from queues.centre.explanations.recompute import Recomputed, recompute
from queues.centre.explanations.standing import Role
from queues.centre.explanations.turning import Turn, turns
from queues.centre.facts.offers import OfferMade
from queues.centre.inputs.agents import PauseAsked, ReadyAsked
from queues.centre.inputs.calls import QueueEntered
from queues.centre.inputs.house import PlaceChanged, PlaceState
from queues.centre.inputs.offers import AgentLegEnded, OfferAnswered, OfferRefused, RefuseCause
from queues.centre.inputs.settings import AgentSetting, Order, QueueSetting, SettingsLoaded
from queues.centre.journal.snapshot import to_snapshot
from queues.centre.policies.known import PAIRING
from queues.centre.state import Centre
from queues.centre.step import step
from queues.centre.values.needs import Need, Skill
from queues.ids import AgentId, CallId, LineId, PlaceId
from tests.unit.queues.scenes import BILLING, REPAIRS, settings
from tests.unit.queues.written import Written


def house(*agents: tuple[str, tuple[Skill, ...]]) -> SettingsLoaded:
    """One queue, and agents with these skills, each at a phone named after the agent."""
    return SettingsLoaded(
        (QueueSetting(BILLING, 20.0, 30.0, 1),),
        tuple(AgentSetting(AgentId(n), PlaceId(f"p-{n}"), (BILLING,), s) for n, s in agents),
        "test",
    )


def law(level: int) -> tuple[Skill, ...]:
    return (Skill("law", level),)


def enter(scene: Written, call: str, skills: tuple[Skill, ...] = (), *, after: float = 0) -> None:
    entered = QueueEntered(CallId(call), LineId("main"), BILLING, need=Need(skills))
    scene.take(entered, after=after)


def of_offer(scene: Written, call: str) -> Recomputed:
    """The last offer of a call, decided again."""
    row = [row for row in scene.rows if row.type == "offer_made" and row.subject == call][-1]
    (found,) = recompute(Centre(), scene.rows, {row.seq})
    return found


def turned(scene: Written, call: str) -> list[tuple[str, str]]:
    standing = of_offer(scene, call).standing
    assert standing is not None
    return [(turn.change, turn.then) for turn in standing.turned_by]


def test_another_agent_who_had_been_idle_a_little_longer_would_have_been_rung() -> None:
    scene = Written(settings(("anna", (BILLING,)), ("bert", (BILLING,)), ("cem", (BILLING,))))
    scene.ready("anna")
    scene.now += 11.96
    scene.ready("bert")
    scene.now += 30
    scene.ready("cem")
    scene.enter("c1", after=5)
    assert turned(scene, "c1") == [
        ("had bert been idle 12.0 s longer", "bert would have been rung")
    ]


def test_another_call_that_had_come_a_little_earlier_would_have_gone_first() -> None:
    scene = Written(settings(("anna", (BILLING, REPAIRS))))
    scene.enter("c1")
    scene.enter("c7", REPAIRS, after=2.95)
    scene.enter("c8", after=20)
    scene.ready("anna")
    assert turned(scene, "c1") == [
        ("had call c7 come 3.0 s earlier", "anna would have got call c7")
    ]


def test_a_level_that_a_free_agent_lacked_is_named() -> None:
    scene = Written(house(("anna", law(3)), ("cem", law(2))))
    scene.ready("cem")
    scene.now += 60
    scene.ready("anna")
    enter(scene, "c1", law(3), after=1)
    found = of_offer(scene, "c1").standing
    assert found is not None
    assert [(each.agent, each.role, each.why) for each in found.agents] == [
        ("anna", Role.CHOSEN, "had been idle for 1.0 s"),
        ("cem", Role.EXCLUDED, "lacks level 3 in skill law"),
    ]
    assert turned(scene, "c1") == [("had cem level 3 in law", "cem would have been rung")]


def test_an_agent_who_would_not_have_been_first_even_with_the_skill_is_not_named() -> None:
    scene = Written(house(("anna", law(3)), ("cem", law(2))))
    scene.ready("anna")
    scene.now += 60
    scene.ready("cem")
    enter(scene, "c1", law(3), after=1)
    assert turned(scene, "c1") == []


def test_a_call_for_which_the_agent_lacked_one_thing_would_have_gone_first_with_it() -> None:
    scene = Written(house(("anna", law(3))))
    enter(scene, "older", law(5))
    enter(scene, "c1", law(1), after=10)
    scene.ready("anna")
    assert turned(scene, "c1") == [("had anna level 5 in law", "anna would have got call older")]


def test_who_paused_and_whose_phone_was_lost_would_have_been_rung() -> None:
    scene = Written(settings(*((name, (BILLING,)) for name in ("anna", "bert", "cem"))))
    scene.ready("bert", "cem")
    scene.take(PauseAsked(AgentId("bert"), "lunch"), after=5)
    scene.take(PlaceChanged(PlaceId("p-cem"), PlaceState.UNREACHABLE))
    scene.now += 20
    scene.ready("anna")
    scene.enter("c1", after=1)
    held_up = turned(scene, "c1")
    assert held_up == [("had phone p-cem of cem been free to ring", "cem would have been rung")]
    scene.take(PlaceChanged(PlaceId("p-cem"), PlaceState.IN_USE))
    scene.take(ReadyAsked(AgentId("bert")))
    assert held_up == turned(scene, "c1")  # what came after it changes nothing


def test_a_call_that_rested_is_named() -> None:
    scene = Written(settings(("anna", (BILLING,)), ("bert", (BILLING,)), wrap_up_s=0.0))
    scene.ready("anna")
    scene.enter("rests")
    for _ in range(2):
        scene.take(OfferAnswered(scene.offer("rests")))
        scene.take(OfferRefused(scene.offer("rests"), RefuseCause.FAILED))
        scene.take(PlaceChanged(PlaceId("p-anna"), PlaceState.UNREACHABLE))
        scene.take(PlaceChanged(PlaceId("p-anna"), PlaceState.FREE))
    scene.enter("c1", after=1)
    assert turned(scene, "c1")[0] == (
        "had call rests not rested after failed joins",
        "anna would have got call rests",
    )


def test_by_service_level_a_call_that_came_later_may_have_been_in_time() -> None:
    known = settings(("anna", (BILLING,)))
    by_mark = tuple(replace(each, order=Order.SERVICE_LEVEL) for each in known.queues)
    scene = Written(replace(known, queues=by_mark))
    scene.enter("late")
    scene.enter("in time", after=15)
    scene.take(PlaceChanged(PlaceId("p-anna"), PlaceState.FREE), after=3)
    scene.take(ReadyAsked(AgentId("anna")))
    assert turned(scene, "in time") == [
        ("had call late come 2.1 s later", "anna would have got call late")
    ]


@pytest.mark.parametrize("policy", sorted(PAIRING))
def test_each_change_that_is_told_is_tried_and_the_state_stays_as_it_is(policy: str) -> None:
    scene = Written(settings(*((name, (BILLING, REPAIRS)) for name in ("anna", "bert", "cem"))))
    scene.ready("anna")
    scene.enter("c0")
    scene.talk("c0")
    scene.enter("c1", after=1)
    scene.enter("c2", REPAIRS, after=2)
    offer = scene.offer("c0")
    before = list(scene.facts)
    scene.take(AgentLegEnded(offer), after=30)
    scene.take(ReadyAsked(AgentId("anna")), after=1)
    made = next(f for f in scene.facts[len(before) :] if isinstance(f, OfferMade))
    fresh = Centre()
    for fact in scene.facts[: scene.facts.index(made)]:
        apply(fresh, fact)
    was = to_snapshot(fresh)
    found = turns(fresh, replace(made, policy=policy), PAIRING[policy])
    assert found == (Turn("had call c2 come 2.1 s earlier", "anna would have got call c2", 2.1),)
    assert to_snapshot(fresh) == was
    assert step(fresh, ReadyAsked(AgentId("nobody")), made.at)[-1:] == (made,)
