"""Unit: how long a call will wait, by the formula, from who is before it and who is at work."""

from __future__ import annotations

from typing import Final

import pytest

from queues.centre.estimates.draining import Team, pour
from queues.centre.estimates.estimate import expected_wait_s
from queues.centre.inputs.agents import PauseAsked, SignOutAsked
from queues.centre.inputs.offers import OfferAnswered, TalkStarted
from queues.centre.values.learned import Learned, Pace
from queues.centre.values.needs import PoolKey
from queues.ids import AgentId, QueueId
from tests.unit.queues.scenes import BILLING, REPAIRS, Scene, settings

HOLD_S: Final = 180.0
BOTH: Final = (BILLING, REPAIRS)


def paces(*, ring_s: float = 0.0, patience_s: float | None = None) -> Learned:
    return Learned(tuple(Pace(queue, HOLD_S, ring_s, patience_s) for queue in BOTH))


def scene_of(
    *serves: tuple[QueueId, ...], learned: Learned | None = None, talking: bool = True
) -> Scene:
    """Agents who serve these queues; each talks already, unless said otherwise."""
    names = [f"a{number}" for number in range(len(serves))]
    scene = Scene(settings(*zip(names, serves, strict=True)))
    scene.centre.learned = paces() if learned is None else learned
    scene.ready(*names)
    if talking:
        for number, queues in enumerate(serves):
            scene.enter(f"first {number}", queues[0])
            scene.talk(f"first {number}")
    return scene


def waits(scene: Scene, queue: QueueId = BILLING) -> float | None:
    return expected_wait_s(scene.centre, PoolKey(queue), scene.now)


def test_one_team_waits_for_the_sum_over_who_is_before_and_may_hang_up() -> None:
    """The value of the birth-death chain: n = 12, 180 s, 180 s, j = 5."""
    scene = scene_of(*[(BILLING,)] * 12, learned=paces(patience_s=180.0))
    for number in range(5):
        scene.enter(f"before {number}")
    assert waits(scene) == pytest.approx(75.5415, abs=1e-4)


def test_an_agent_who_is_free_takes_as_long_as_a_phone_rings() -> None:
    scene = scene_of((BILLING,), (BILLING,), learned=paces(ring_s=4.0), talking=False)
    assert waits(scene) == 4.0
    assert waits(scene, REPAIRS) is None


def test_nothing_is_said_where_nothing_was_learned_or_nobody_is_at_work() -> None:
    scene = scene_of((BILLING,), learned=Learned())
    assert waits(scene) is None
    scene.centre.learned = paces()
    assert waits(scene) == HOLD_S
    scene.take(PauseAsked(AgentId("a0"), "lunch"))  # after the talk
    assert waits(scene) is None


def test_who_signs_out_after_the_talk_does_not_count() -> None:
    scene = scene_of((BILLING,), (BILLING,), (BILLING,))
    assert waits(scene) == pytest.approx(HOLD_S / 3)
    scene.take(SignOutAsked(AgentId("a1")))
    assert waits(scene) == pytest.approx(HOLD_S / 2)


def test_calls_of_another_need_count_as_far_as_they_take_the_same_agents() -> None:
    scene = scene_of((BILLING,), (REPAIRS,))
    scene.enter("r1", REPAIRS)
    assert waits(scene) == HOLD_S
    assert waits(scene, REPAIRS) == 2 * HOLD_S
    shared = scene_of((BILLING, REPAIRS), (REPAIRS,))
    shared.enter("r1", REPAIRS)
    assert waits(shared) == pytest.approx(1.5 * HOLD_S)  # half of it goes to the other one


def test_who_counts_as_waiting_longer_is_before_who_came_sooner() -> None:
    scene = scene_of((BILLING,), (BILLING,))
    scene.enter("before", after=10)
    plain = PoolKey(BILLING)
    dear = PoolKey(BILLING, credit_s=60.0)
    assert expected_wait_s(scene.centre, plain, scene.now) == pytest.approx(HOLD_S)
    assert expected_wait_s(scene.centre, dear, scene.now) == pytest.approx(HOLD_S / 2)


def test_a_line_of_thousands_is_looked_at_by_samples_and_comes_to_the_same() -> None:
    scene = scene_of(*[BOTH] * 3, learned=paces(patience_s=600.0))
    rate, theta = 3 / HOLD_S, 1 / 600.0
    for number in range(3000):
        scene.enter(f"w{number}", BOTH[number % 2])
    exact = sum(1 / (rate + number * theta) for number in range(3001))
    assert waits(scene) == pytest.approx(exact, rel=0.01)


def test_it_follows_from_the_records_whatever_order_pools_were_made_in() -> None:
    """A state out of a snapshot has them in another, and a replay compares to the last bit."""
    scene = scene_of((BILLING, REPAIRS), (REPAIRS,), (BILLING,))
    for number in range(7):
        scene.enter(f"w{number}", BOTH[number % 2], after=1.3)
    there = waits(scene)
    scene.centre.pools = dict(reversed(scene.centre.pools.items()))
    assert waits(scene) == there


def test_a_phone_that_rings_keeps_its_agent_and_a_longer_talk_does_not_matter() -> None:
    scene = scene_of((BILLING,), talking=False)
    scene.enter("first")
    assert waits(scene) == HOLD_S
    offer = scene.offer("first")
    scene.take(OfferAnswered(offer), after=4)
    scene.take(TalkStarted(offer))
    scene.now += 500
    assert waits(scene) == HOLD_S


def test_a_call_fills_the_emptiest_team_first() -> None:
    low, high = Team(1), Team(1, level_s=100.0)
    assert pour((low, high), 0.5, 100.0, 0.0) == 50.0
    assert (low.level_s, high.level_s) == (50.0, 100.0)
    assert pour((low, high), 1.5, 100.0, 0.0) == 150.0  # a half to the brim, then both
    assert (low.level_s, high.level_s) == (150.0, 150.0)
