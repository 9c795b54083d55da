"""Unit: the house of the bench of decisions, its plain scan, and the bench of skills in small."""

from __future__ import annotations

import pytest

from ivr.bench.crowded_house import AGENTS, NEEDS, Callers, CrowdedHouse
from ivr.bench.decision import measured, p99, plain_scan
from ivr.bench.skills import mean_wait
from queues.centre.apply import apply
from queues.centre.decide import decide
from queues.centre.inputs.offers import AgentLegEnded
from queues.centre.policies.pairing import next_offer


def test_a_crowded_house_talks_with_all_agents_while_as_many_wait_as_asked_for() -> None:
    house = CrowdedHouse(60, seed=1)
    assert house.waiting() == 60
    assert len(house.centre.offers) > AGENTS / 2
    assert len({call.need for call in house.centre.calls.values()}) > NEEDS / 2
    assert len({Callers(1).next_caller().call for _ in range(3)}) == 1  # the same for the same seed


def test_a_plain_scan_comes_to_the_pair_of_the_centre() -> None:
    house = CrowdedHouse(30, seed=2)
    assert plain_scan(house.centre) is None
    for _ in range(40):
        for fact in decide(house.centre, AgentLegEnded(house.a_talk()), house.beat()):
            apply(house.centre, fact)
        made = next_offer(house.centre, house.now)
        assert plain_scan(house.centre) == (None if made is None else (made.call, made.agent))
        if made is not None:
            apply(house.centre, made)
            house.answer((made,))
        house.fill_up(30)


def test_choices_scans_and_steps_are_all_timed() -> None:
    times = measured(20, 1, 20)
    assert len(times.choices) > 5
    assert len(times.scans) == 20
    assert len(times.steps) > 5


@pytest.mark.parametrize(("count", "expected"), [(1, 0), (100, 99), (1000, 990)])
def test_the_99th_of_100_values(count: int, expected: int) -> None:
    assert p99([float(value) for value in reversed(range(count))]) == expected


def test_with_two_skills_for_each_agent_callers_wait_hardly_longer_than_with_all() -> None:
    assert 0.3 < mean_wait(1, 6_000) < 1.5  # 0.69 with all six, 7.22 with one
