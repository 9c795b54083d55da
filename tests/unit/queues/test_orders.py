"""Unit: in which order a queue's calls are served, by policy."""

from dataclasses import replace

from queues.centre.inputs.agents import ReadyAsked
from queues.centre.inputs.settings import Order, SettingsLoaded
from queues.ids import AgentId
from tests.unit.queues.scenes import BILLING, REPAIRS, Scene, settings

MARK_S, PICK_UP_S, CAP_S = 20.0, 4.0, 75.0
NAMES = tuple(f"a{number}" for number in range(6))


def by_service_level(*queues: str) -> SettingsLoaded:
    """Two queues with six agents; these queues are ordered by service level."""
    known = settings(*((name, (BILLING, REPAIRS)) for name in NAMES))
    order = Order.SERVICE_LEVEL
    changed = (
        replace(q, order=order, mark_s=MARK_S, pick_up_s=PICK_UP_S, cap_s=CAP_S)
        if q.queue in queues
        else q
        for q in known.queues
    )
    return replace(known, queues=tuple(changed))


def served(scene: Scene) -> list[str]:
    """Let the agents become ready one by one; the calls in the order in which they ring."""
    for name in NAMES:
        scene.ready(name)
    return [made.call for made in scene.offers()]


def waiting(scene: Scene, *waited_s: float) -> None:
    """Calls that have waited so long now, each named by it."""
    now = scene.now + 1000
    for each in sorted(waited_s, reverse=True):
        scene.now = now - each
        scene.enter(f"{each:g}")
    scene.now = now


def test_past_the_cap_first_then_who_can_be_answered_in_time_then_the_rest() -> None:
    scene = Scene(by_service_level(BILLING))
    waiting(scene, 80, 75, 74, 17, 16, 1)
    assert served(scene) == ["80", "75", "16", "1", "74", "17"]
    assert {made.policy for made in scene.offers()} == {"service-level/1"}
    assert [made.runner_up for made in scene.offers()][:3] == ["75", "16", "1"]


def test_a_queue_without_a_mark_stands_beside_those_in_time() -> None:
    scene = Scene(by_service_level(REPAIRS))
    scene.enter("plain", BILLING)
    scene.enter("late", REPAIRS)
    scene.enter("in time", REPAIRS, after=70)
    scene.now += 1
    assert served(scene) == ["plain", "in time", "late"]


def test_mark_and_cap_look_at_the_true_wait_and_a_credit_at_the_order_between_pools() -> None:
    scene = Scene(by_service_level(BILLING))
    scene.enter("plain")
    scene.enter_with("dear", credit_s=60.0, after=10)
    scene.now += 1
    assert served(scene) == ["dear", "plain"]


def test_who_becomes_ready_later_changes_nothing_of_the_order() -> None:
    scene = Scene(by_service_level())
    waiting(scene, 80, 17, 16, 1)
    scene.take(ReadyAsked(AgentId("a0")))
    assert served(scene) == ["80", "17", "16", "1"]


def test_a_queue_by_service_level_does_not_keep_another_waiting_for_ever() -> None:
    scene = Scene(by_service_level(BILLING))
    scene.enter("plain", REPAIRS)
    for number in range(5):
        scene.enter(f"past the cap {number}", BILLING, after=1)
    scene.now += 200
    assert served(scene)[0] == "plain"
