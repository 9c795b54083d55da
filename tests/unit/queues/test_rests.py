"""Unit: phones and calls that rest: after offers nobody can explain, after joins that failed."""

import pytest

from queues.centre.commands import CancelRing, ReturnCall, ReturnReason
from queues.centre.facts.offers import OfferMissed
from queues.centre.inputs.calls import CallEnded, EndCause, QueueLeft
from queues.centre.inputs.house import PlaceChanged, PlaceState, SwitchRestarted, TimerFired
from queues.centre.inputs.offers import AgentLegEnded, OfferAnswered, OfferRefused, RefuseCause
from queues.centre.state import next_wake
from queues.ids import CallId, PlaceId
from tests.unit.queues.scenes import BILLING, RING_S, Scene, settings, wishes

C1, DESK = CallId("c1"), PlaceId("p-anna")


def _fail_to_join(scene: Scene, call: str, *, by_deadline: bool = False) -> OfferMissed:
    offer = scene.offer(call)
    scene.take(OfferAnswered(offer))
    if by_deadline:
        facts = scene.take(TimerFired(), after=10)
    else:
        facts = scene.take(OfferRefused(offer, RefuseCause.FAILED))
    assert isinstance(facts[0], OfferMissed)
    return facts[0]


def _rest_of(scene: Scene) -> float:
    """Let an offer come to nothing; give how long the phone rests, and let it rest."""
    scene.take(OfferRefused(scene.offer("c1"), RefuseCause.UNREACHABLE))
    until = scene.centre.places[DESK].rest_until
    assert until is not None
    return until - scene.now


def _waiting_and_ready() -> Scene:
    scene = Scene()
    scene.ready("anna")
    scene.enter("c1")
    return scene


@pytest.mark.parametrize("cause", [RefuseCause.UNREACHABLE, RefuseCause.FAILED])
def test_a_phone_that_was_not_reached_stays_as_reported_and_comes_back_by_itself(
    cause: RefuseCause,
) -> None:
    scene = _waiting_and_ready()
    (missed,) = scene.take(OfferRefused(scene.offer("c1"), cause))
    assert isinstance(missed, OfferMissed)
    assert (missed.rest_until, missed.unexplained, missed.misses) == (1010.0, 1, 0)
    assert scene.centre.places[DESK].state is PlaceState.FREE
    assert (scene.agent("anna"), scene.call("c1")) == ("ready", "waiting")
    assert scene.take(TimerFired(), after=9.9) == ()
    scene.take(TimerFired(), after=0.1)
    assert scene.agent("anna") == "ringing"


def test_a_phone_that_says_nothing_until_the_deadline_rests_too() -> None:
    scene = _waiting_and_ready()
    scene.take(TimerFired(), after=RING_S + 2)
    assert scene.centre.places[DESK].rest_until == scene.now + 10


def test_rests_in_a_row_double_up_to_a_minute_and_never_pause_the_agent() -> None:
    scene = _waiting_and_ready()
    rests = []
    for _ in range(6):
        rests.append(_rest_of(scene))
        assert scene.agent("anna") == "ready"
        scene.take(TimerFired(), after=rests[-1])
    assert rests == [10, 20, 40, 60, 60, 60]


def test_an_answered_offer_lets_the_next_rest_be_short_again() -> None:
    scene = Scene(settings(("anna", (BILLING,)), wrap_up_s=0))
    scene.ready("anna")
    scene.enter("c1")
    for _ in range(3):
        scene.take(TimerFired(), after=_rest_of(scene))
    scene.take(AgentLegEnded(scene.talk("c1")))
    scene.enter("c1")
    assert _rest_of(scene) == 10


def test_a_phone_that_is_reported_reachable_again_rests_no_more() -> None:
    scene = _waiting_and_ready()
    scene.take(TimerFired(), after=_rest_of(scene))
    _rest_of(scene)
    scene.take(PlaceChanged(DESK, PlaceState.UNREACHABLE), after=1)
    scene.take(PlaceChanged(DESK, PlaceState.FREE), after=1)
    assert scene.agent("anna") == "ringing"
    assert _rest_of(scene) == 10


@pytest.mark.parametrize("state", [PlaceState.FREE, PlaceState.IN_USE])
def test_a_report_of_a_phone_that_was_never_lost_ends_no_rest(state: PlaceState) -> None:
    scene = _waiting_and_ready()
    _rest_of(scene)
    scene.take(PlaceChanged(DESK, state))
    scene.take(PlaceChanged(DESK, PlaceState.FREE))
    assert len(scene.offers()) == 1


def test_a_restart_of_the_switch_ends_every_rest_and_leaves_no_deadline() -> None:
    scene = Scene(settings(("anna", (BILLING,)), ("bert", (BILLING,))))
    scene.ready("anna", "bert")
    scene.enter("c1")
    scene.enter("c2")
    for call in ("c1", "c2"):
        scene.take(OfferRefused(scene.offer(call), RefuseCause.UNREACHABLE))
    scene.take(SwitchRestarted())
    assert next_wake(scene.centre) is None
    scene.take(PlaceChanged(DESK, PlaceState.FREE))
    scene.enter("c1-again")
    assert scene.agent("anna") == "ringing"
    assert scene.centre.places[DESK].unexplained == 0


@pytest.mark.parametrize("by_deadline", [False, True])
def test_a_call_that_is_never_joined_rests_ever_longer_and_is_then_given_back(
    by_deadline: bool,
) -> None:
    scene = _waiting_and_ready()
    rests: list[float | None] = []
    while scene.call("c1") is not None:
        missed = _fail_to_join(scene, "c1", by_deadline=by_deadline)
        assert missed.failed_joins == len(rests) + 1
        rests.append(None if missed.call_rest_until is None else missed.call_rest_until - missed.at)
        while scene.call("c1") == "waiting":
            wake = next_wake(scene.centre)
            assert wake is not None
            scene.take(TimerFired(), after=wake - scene.now)
    assert rests == [None, 5, 10, 20, None]
    back = ReturnCall(C1, BILLING, ReturnReason.FAILED)
    assert [wish for wish in wishes(tuple(scene.facts)) if isinstance(wish, ReturnCall)] == [back]
    assert scene.agent("anna") == "ready"


def test_while_a_call_rests_the_caller_behind_is_served_and_it_keeps_its_place() -> None:
    scene = Scene(settings(("anna", (BILLING,)), wrap_up_s=0))
    scene.ready("anna")
    scene.enter("c1")
    scene.enter("c2", after=1)
    scene.enter("c3", after=1)
    _fail_to_join(scene, "c1")
    scene.take(TimerFired(), after=3)
    _fail_to_join(scene, "c1")
    scene.take(TimerFired(), after=3)
    assert (scene.call("c1"), scene.call("c2")) == ("waiting", "offered")
    offer = scene.talk("c2")
    scene.take(TimerFired(), after=10)
    scene.take(AgentLegEnded(offer))
    assert (scene.call("c1"), scene.call("c3")) == ("offered", "waiting")
    assert scene.centre.calls[C1].since == 1000.0


def test_after_a_failed_join_the_next_try_is_another_phone_and_nobody_is_blamed() -> None:
    scene = Scene(settings(("anna", (BILLING,)), ("bert", (BILLING,))))
    scene.ready("anna", "bert")
    scene.enter("c1")
    first = scene.offer("c1")
    missed = _fail_to_join(scene, "c1")
    assert (missed.unexplained, missed.misses, missed.rest_until) == (0, 0, 1003.0)
    assert CancelRing(first) in wishes(tuple(scene.facts))
    assert (scene.agent("anna"), scene.agent("bert")) == ("ready", "ringing")


def test_a_phone_that_does_not_answer_is_not_held_against_the_call() -> None:
    scene = _waiting_and_ready()
    for _ in range(8):
        scene.take(TimerFired(), after=_rest_of(scene))
    assert scene.centre.calls[C1].failed_joins == 0


@pytest.mark.parametrize("what", [CallEnded(C1, EndCause.HUNG_UP), QueueLeft(C1)])
def test_a_call_that_goes_while_it_rests_leaves_no_deadline(what: CallEnded | QueueLeft) -> None:
    scene = _waiting_and_ready()
    _fail_to_join(scene, "c1")
    scene.take(TimerFired(), after=3)
    _fail_to_join(scene, "c1")
    scene.take(what)
    scene.take(TimerFired(), after=3)
    assert (scene.centre.calls, next_wake(scene.centre)) == ({}, None)


def test_recovery_from_the_facts_knows_who_rests() -> None:
    scene = Scene(settings(("anna", (BILLING,)), ("bert", (BILLING,))))
    scene.ready("anna", "bert")
    scene.enter("c1")
    for _ in range(2):
        _fail_to_join(scene, "c1")
    assert scene.centre.calls[C1].rest_until is not None
    assert scene.replayed() == scene.centre


def test_ids_of_offers_begin_with_the_epoch_of_the_start_and_name_no_call() -> None:
    scene = _waiting_and_ready()
    assert scene.offer("c1") == "test-1"
    scene.take(TimerFired(), after=_rest_of(scene))
    assert scene.offer("c1") == "test-2"
