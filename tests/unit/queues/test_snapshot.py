"""Unit: what a snapshot keeps, and which snapshots are refused; the machines hold the rest."""

import json
from typing import Any

import pytest

from queues.centre.inputs.agents import PauseAsked
from queues.centre.inputs.house import TimerFired
from queues.centre.inputs.offers import OfferAnswered, OfferRefused, RefuseCause
from queues.centre.journal.snapshot import SnapshotUnreadable, from_snapshot, to_snapshot
from queues.centre.state import Centre
from queues.centre.step import step
from queues.centre.values.json_values import Snapshot
from queues.ids import AgentId
from tests.unit.queues.consulting import anna_talks, asks
from tests.unit.queues.scenes import BILLING, Scene, settings

SENTINEL = "+4930123456"


def busy() -> Scene:
    scene = Scene(settings(("anna", (BILLING,)), ("bert", (BILLING,))))
    scene.ready("anna", "bert")
    for name in ("c3", "c1", "c2"):
        scene.enter(name, after=1)
    scene.talk("c3")
    scene.take(OfferRefused(scene.offer("c1"), RefuseCause.UNREACHABLE))
    return scene


def stored(scene: Scene) -> dict[str, Any]:
    text = json.dumps(to_snapshot(scene.centre), allow_nan=False)
    read: dict[str, Any] = json.loads(text)
    return read


def test_a_snapshot_through_text_is_the_same_centre_and_decides_the_same() -> None:
    scene = busy()
    again = from_snapshot(Snapshot(stored(scene)))
    assert again == scene.centre
    assert list(again.calls) == ["c3", "c1", "c2"]
    for what in (TimerFired(), OfferAnswered(scene.offer("c3"))):
        assert step(again, what, scene.now + 10) == step(scene.centre, what, scene.now + 10)
    assert again == scene.centre


def test_an_empty_centre_has_a_snapshot_too() -> None:
    assert from_snapshot(to_snapshot(Centre())) == Centre()


def test_a_snapshot_does_not_change_with_the_centre() -> None:
    scene = busy()
    snapshot = to_snapshot(scene.centre)
    before = json.dumps(snapshot)
    scene.take(TimerFired(), after=60)
    assert json.dumps(snapshot) == before


def test_a_snapshot_of_another_version_is_refused_with_what_to_do() -> None:
    for version in (0, 9, None, "1", SENTINEL):
        bad = stored(busy()) | {"version": version}
        with pytest.raises(SnapshotUnreadable, match="expected a snapshot of version 8") as raised:
            from_snapshot(Snapshot(bad))
        assert SENTINEL not in str(raised.value)


def test_a_value_that_does_not_fit_is_named_by_its_place() -> None:
    bad = stored(busy())
    bad["calls"][1]["since"] = SENTINEL
    with pytest.raises(SnapshotUnreadable, match=r"calls\[1\]\.since is not a finite") as raised:
        from_snapshot(Snapshot(bad))
    assert SENTINEL not in f"{raised.value!r}"
    bad = stored(busy())
    del bad["offers"]
    with pytest.raises(SnapshotUnreadable, match="just the fields"):
        from_snapshot(Snapshot(bad))


@pytest.mark.parametrize("missing", ["queues", "agents", "places", "calls", "offers"])
def test_a_snapshot_of_which_a_part_is_missing_is_refused(missing: str) -> None:
    bad = stored(busy()) | {missing: []}
    with pytest.raises(SnapshotUnreadable, match="names what it does not hold"):
        from_snapshot(Snapshot(bad))


def test_a_snapshot_of_a_held_call_without_what_is_asked_is_refused() -> None:
    scene = anna_talks("bert")
    scene.take(PauseAsked(AgentId("bert"), "lunch"))
    asks(scene)
    assert scene.call("c1") == "held"
    whole = stored(scene)
    assert from_snapshot(Snapshot(whole)) == scene.centre
    held = [call for call in whole["calls"] if call["consults_for"] is None]
    with pytest.raises(SnapshotUnreadable, match="names what it does not hold"):
        from_snapshot(Snapshot(whole | {"calls": held}))


def test_a_snapshot_in_which_something_stands_twice_is_refused() -> None:
    bad = stored(busy())
    bad["calls"].append(bad["calls"][0])
    with pytest.raises(SnapshotUnreadable):
        from_snapshot(Snapshot(bad))


def without_times_of_consults(whole: dict[str, Any]) -> dict[str, Any]:
    for queue in whole["queues"]:
        del queue["setting"]["consult_seeks_s"], queue["setting"]["consult_lasts_s"]
    return whole


def without_doors(whole: dict[str, Any]) -> dict[str, Any]:
    old = without_times_of_consults(whole)
    return old | {"queues": [queue["setting"] for queue in old["queues"]]}


def without_estimates(whole: dict[str, Any]) -> dict[str, Any]:
    old = without_doors(whole)
    del old["learned"]
    for call in old["calls"]:
        del call["talk_from"], call["talk_by"]
    return old


def without_transfers(whole: dict[str, Any]) -> dict[str, Any]:
    old = without_estimates(whole)
    for call in old["calls"]:
        for name in ("wait_from", "hops", "passed_by", "owed_at", "owner"):
            del call[name]
    return old


def without_load(whole: dict[str, Any]) -> dict[str, Any]:
    old = without_transfers(whole)
    for queue in old["queues"]:
        del queue["breath_s"]
    for agent in old["agents"]:
        del agent["setting"]["occupancy_cap"]
        for name in ("breath_until", "spells", "taken_since", "spared_until"):
            del agent[name]
    return old


def test_a_snapshot_from_before_a_queue_said_how_long_callers_are_held_has_what_held_then() -> None:
    scene = busy()
    old = without_times_of_consults(stored(scene)) | {"version": 7}
    assert from_snapshot(Snapshot(old)) == scene.centre


def test_a_snapshot_from_before_hours_is_a_centre_whose_queues_are_always_open() -> None:
    scene = busy()
    old = without_doors(stored(scene)) | {"version": 5}
    assert from_snapshot(Snapshot(old)) == scene.centre


def test_a_snapshot_from_before_estimates_is_a_centre_that_foretold_nothing() -> None:
    scene = busy()
    old = without_estimates(stored(scene)) | {"version": 4}
    assert from_snapshot(Snapshot(old)) == scene.centre


def test_a_snapshot_from_before_transfers_is_a_centre_whose_calls_were_never_passed_on() -> None:
    scene = busy()
    old = without_transfers(stored(scene)) | {"version": 3}
    assert from_snapshot(Snapshot(old)) == scene.centre


def test_a_snapshot_from_before_breaths_and_caps_is_a_centre_without_them() -> None:
    scene = busy()
    old = without_load(stored(scene)) | {"version": 2}
    assert from_snapshot(Snapshot(old)) == scene.centre


def test_a_snapshot_from_before_needs_is_a_centre_whose_calls_ask_for_anybody() -> None:
    scene = busy()
    old = without_load(stored(scene)) | {"version": 1}
    for queue in old["queues"]:
        for name in ("need", "relax", "order", "mark_s", "pick_up_s", "cap_s"):
            del queue[name]
    for agent in old["agents"]:
        del agent["setting"]["skills"], agent["setting"]["languages"]
    for call in old["calls"]:
        for name in ("need", "steps", "need_until", "only", "credit_s"):
            del call[name]
    assert from_snapshot(Snapshot(old)) == scene.centre
    with pytest.raises(SnapshotUnreadable, match="not the fields of its version"):
        from_snapshot(Snapshot(old | {"agents": [{}]}))
