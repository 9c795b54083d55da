"""Unit: what an agent is to bear: wrap-up put off, a breath between calls, a cap of occupancy."""

from dataclasses import replace

import pytest

from queues.centre.apply import apply
from queues.centre.decide import decide
from queues.centre.explanations.standing import standing, words_of_standing
from queues.centre.facts.agents import AgentBecameReady, WrapUpEnded, WrapUpExtended
from queues.centre.facts.load import BreathBegan, BreathEnded, OccupancyFell, OccupancyPassed
from queues.centre.inputs.agents import PauseAsked, ReadyAsked, WrapUpAsked
from queues.centre.inputs.calls import CallEnded, EndCause, QueueEntered
from queues.centre.inputs.house import TimerFired
from queues.centre.inputs.offers import OfferRefused, RefuseCause
from queues.centre.inputs.settings import SettingsLoaded
from queues.centre.journal.snapshot import from_snapshot, to_snapshot
from queues.centre.occupancy import WINDOW_S, Spell, falls_to, with_spell
from queues.centre.policies.pairing import next_offer
from queues.centre.state import next_wake
from queues.ids import AgentId, CallId, LineId
from tests.unit.queues.scenes import BILLING, WRAP_UP_S, Scene, settings

ANNA, BERT = AgentId("anna"), AgentId("bert")


def with_breath(breath_s: float, *names: str, wrap_up_s: float = 0.0, missed: int = 9) -> Scene:
    loaded = settings(*((name, (BILLING,)) for name in names), wrap_up_s=wrap_up_s, missed=missed)
    queues = tuple(replace(queue, breath_s=breath_s) for queue in loaded.queues)
    scene = Scene(replace(loaded, queues=queues))
    scene.ready(*names)
    return scene


def with_cap(cap: float | None, *others: str) -> Scene:
    """Anna alone is capped; there is no wrap-up."""
    scene = Scene(capped(cap, *others))
    scene.ready("anna", *others)
    return scene


def capped(cap: float | None, *others: str) -> SettingsLoaded:
    loaded = settings(*((name, (BILLING,)) for name in ("anna", *others)), wrap_up_s=0.0)
    anna, *rest = loaded.agents
    return replace(loaded, agents=(replace(anna, occupancy_cap=cap), *rest))


def talked(scene: Scene, call: str, for_s: float) -> None:
    scene.enter(call)
    scene.talk(call)
    scene.take(CallEnded(CallId(call), EndCause.HUNG_UP), after=for_s)


def in_wrap_up() -> Scene:
    scene = Scene()
    scene.ready("anna")
    talked(scene, "c-1", 60.0)
    return scene


def test_wrap_up_lasts_as_long_in_all_as_the_agent_asked_for() -> None:
    scene = in_wrap_up()
    facts = scene.take(WrapUpAsked(ANNA, WRAP_UP_S + 60), after=10)
    assert facts == (WrapUpExtended(scene.now, ANNA, scene.now - 10 + WRAP_UP_S + 60),)
    scene.take(TimerFired(), after=WRAP_UP_S)
    assert scene.agent("anna") == "wrap_up"
    assert scene.take(TimerFired(), after=50) == (WrapUpEnded(scene.now, ANNA),)


def test_wrap_up_asked_for_twice_or_shorter_changes_nothing() -> None:
    scene = in_wrap_up()
    scene.take(WrapUpAsked(ANNA, 90.0))
    assert scene.take(WrapUpAsked(ANNA, 90.0), after=5) == ()
    assert scene.take(WrapUpAsked(ANNA, 1.0)) == ()


def test_wrap_up_is_put_off_by_a_quarter_of_an_hour_at_most() -> None:
    scene = in_wrap_up()
    (fact,) = scene.take(WrapUpAsked(ANNA, 1e9))
    assert fact == WrapUpExtended(scene.now, ANNA, scene.now + 900.0)


def test_an_agent_ends_an_extended_wrap_up_by_asking_for_calls() -> None:
    scene = in_wrap_up()
    scene.take(WrapUpAsked(ANNA, 600.0))
    assert scene.take(ReadyAsked(ANNA), after=3) == (AgentBecameReady(scene.now, ANNA),)
    assert next_wake(scene.centre) is None


@pytest.mark.parametrize("name", ["anna", "nobody"])
def test_only_wrap_up_can_be_extended(name: str) -> None:
    scene = Scene()
    scene.ready("anna")
    assert scene.take(WrapUpAsked(AgentId(name), 60.0)) == ()


def test_after_a_talk_the_next_call_comes_after_a_breath() -> None:
    scene = with_breath(3.0, "anna")
    talked(scene, "c-1", 60.0)
    assert BreathBegan(scene.now, ANNA, scene.now + 3.0) in scene.facts
    scene.enter("c-2", after=1)
    assert (scene.agent("anna"), scene.call("c-2")) == ("ready", "waiting")
    scene.take(TimerFired(), after=2)
    assert scene.call("c-2") == "offered"


@pytest.mark.parametrize("caller_goes", [True, False])
def test_after_an_offer_that_came_to_nothing_others_are_rung_and_the_agent_has_a_breath(
    caller_goes: bool,
) -> None:
    scene = with_breath(3.0, "anna", "bert")
    scene.enter("c-1")
    if caller_goes:
        scene.take(CallEnded(CallId("c-1"), EndCause.HUNG_UP), after=5)
        scene.enter("c-2")
    else:
        scene.take(OfferRefused(scene.offer("c-1"), RefuseCause.DECLINED), after=5)
    scene.enter("c-3")
    assert [made.agent for made in scene.offers()] == ["anna", "bert"]
    scene.take(TimerFired(), after=3)
    assert scene.offers()[-1].agent == "anna"


def test_wrap_up_is_breath_enough_unless_it_is_the_shorter_one() -> None:
    assert not any(isinstance(fact, BreathBegan) for fact in _talk_with(wrap_up_s=3.0).facts)
    scene = _talk_with(wrap_up_s=1.0)
    scene.enter("c-2")
    scene.take(TimerFired(), after=1)
    assert (scene.agent("anna"), scene.call("c-2")) == ("ready", "waiting")
    scene.take(TimerFired(), after=2)
    assert scene.call("c-2") == "offered"


def _talk_with(wrap_up_s: float) -> Scene:
    scene = with_breath(3.0, "anna", wrap_up_s=wrap_up_s)
    talked(scene, "c-1", 60.0)
    return scene


def test_who_asks_for_calls_in_a_breath_has_had_enough_of_it() -> None:
    scene = with_breath(3.0, "anna")
    talked(scene, "c-1", 60.0)
    scene.enter("c-2")
    facts = scene.take(ReadyAsked(ANNA), after=1)
    assert facts[0] == BreathEnded(scene.now, ANNA)
    assert scene.call("c-2") == "offered"


def test_a_pause_ends_a_breath_and_no_call_comes_of_it() -> None:
    scene = with_breath(3.0, "anna")
    talked(scene, "c-1", 60.0)
    scene.take(PauseAsked(ANNA, "lunch"))
    assert next_wake(scene.centre) is None


def test_above_the_cap_others_who_are_free_come_first() -> None:
    scene = with_cap(0.5, "bert")
    talked(scene, "c-1", 0.5 * WINDOW_S + 10)
    assert OccupancyPassed(scene.now, ANNA, scene.now + 0.5 * WINDOW_S) in scene.facts
    talked(scene, "c-2", 60.0)
    talked(scene, "c-3", 60.0)  # anna has been idle longer, and is spared
    assert [made.agent for made in scene.offers()] == ["anna", "bert", "bert"]


def test_above_the_cap_no_call_waits_for_nobody() -> None:
    scene = with_cap(0.5, "bert")
    talked(scene, "c-1", 0.5 * WINDOW_S + 10)
    scene.enter("c-2")
    scene.enter("c-3")
    assert [made.agent for made in scene.offers()] == ["anna", "bert", "anna"]


def test_an_agent_comes_in_turn_again_when_the_share_has_fallen_to_the_cap() -> None:
    scene = with_cap(0.5, "bert")
    talked(scene, "c-1", 0.5 * WINDOW_S + 10)
    talked(scene, "c-2", 60.0)
    wake = next_wake(scene.centre)
    assert wake is not None
    assert scene.take(TimerFired(), after=wake - scene.now) == (OccupancyFell(scene.now, ANNA),)
    scene.enter("c-3")
    assert scene.offers()[-1].agent == "anna"


def test_a_cap_that_the_settings_name_no_more_spares_nobody() -> None:
    scene = with_cap(0.5, "bert")
    talked(scene, "c-1", 0.5 * WINDOW_S + 10)
    talked(scene, "c-2", 60.0)
    scene.take(capped(None, "bert"))
    scene.enter("c-3")
    assert scene.offers()[-1].agent == "anna"
    assert scene.replayed() == scene.centre


def test_an_explanation_says_who_was_spared_and_who_had_a_breath() -> None:
    scene = with_cap(0.5, "bert")
    talked(scene, "c-1", 0.5 * WINDOW_S + 10)
    told = explained(scene, "c-2")
    assert "anna had been idle for 0.0 s: spared, above the cap" in told
    scene.take(PauseAsked(BERT, "lunch"))
    told = explained(scene, "c-3")
    assert "anna had been idle for 0.0 s, though above the cap: no other was free: chosen" in told
    scene = with_breath(3.0, "anna", "bert")
    talked(scene, "c-1", 60.0)
    told = explained(scene, "c-2")
    assert "anna was ready, and had a breath before the next call" in told


def explained(scene: Scene, call: str) -> tuple[str, ...]:
    """Let a call come, and say of its offer what is to be said, on the state before it."""
    before = from_snapshot(to_snapshot(scene.centre))
    entered = QueueEntered(CallId(call), LineId("main"), BILLING)
    for fact in decide(before, entered, scene.now):
        apply(before, fact)
    made = next_offer(before, scene.now)
    assert made is not None
    return tuple(words_of_standing(standing(before, made)))


@pytest.mark.parametrize(
    ("spells", "cap", "falls_after_s"),
    [
        ((), 0.5, None),
        (((0, 900),), 0.5, None),  # just the cap is not above it
        (((0, 1000),), 0.5, 900.0),
        (((-1000, -100), (-50, 1000)), 0.5, 900.0),  # older seconds have left the window
        (((0, 600), (900, 1800)), 0.5, 600.0),  # the first spell leaves whole
        (((0, 300), (600, 1800)), 0.5, 900.0),
    ],
)
def test_the_share_falls_as_the_oldest_seconds_leave_the_half_hour(
    spells: tuple[tuple[float, float], ...], cap: float, falls_after_s: float | None
) -> None:
    now = max((ended for _, ended in spells), default=0.0)
    found = falls_to(tuple(Spell(*each) for each in spells), cap, now)
    assert (None if found is None else found - now) == falls_after_s


def test_spells_that_have_left_the_half_hour_are_not_kept() -> None:
    old, young = Spell(0.0, 10.0), Spell(5.0, 200.0)
    assert with_spell((old, young), 1000.0, 1900.0) == (young, Spell(1000.0, 1900.0))
