"""Unit: places and waits as prompts, and what of it a dialplan may not get wrong."""

from __future__ import annotations

import pytest

from ivr.dialplan import load_plan
from ivr.dialplan.faults import DialplanFaulty
from ivr.dialplan.plan import PromptId
from ivr.dialplan.spoken_waits import MINUTES, place_prompt, spoken_minutes, wait_prompt

PLACE, RANGE = PromptId("place"), PromptId("range")
TEXT = """
language: en
start: human
human: human
prompts: {place: "You are number {n}.", range: "Between {low} and {high} minutes.", bye: b}
nodes:
  human: {queue: service, then: bye, refused: bye, waiting: {position: place, wait: range}}
  bye: {goodbye: bye}
"""


@pytest.mark.parametrize(
    ("low_s", "high_s", "spoken"),
    [
        (20, 50, (0, 1)),
        (61, 119, (1, 2)),
        (120, 360, (2, 7)),
        (130, 360.5, (2, 7)),
        (0, 0, (0, 1)),
        (300, 300, (4, 5)),
        (-5, 3600, (0, 60)),
        (600, 3601, None),
    ],
)
def test_a_range_is_rounded_outward_to_what_people_say(
    low_s: float, high_s: float, spoken: tuple[int, int] | None
) -> None:
    assert spoken_minutes(low_s, high_s) == spoken
    expected = None if spoken is None else f"range__{spoken[0]}_{spoken[1]}"
    assert wait_prompt(RANGE, low_s, high_s) == expected


def test_every_place_and_range_that_may_be_said_has_its_prompt() -> None:
    plan = load_plan(TEXT, file="", queues=["service"])
    assert "place" not in plan.prompts
    assert plan.prompts[PromptId("place__3")] == "You are number 3."
    assert plan.prompts[PromptId("range__2_7")] == "Between 2 and 7 minutes."
    for low in range(0, 3600, 13):
        for high in (low + 7, 3600):
            if (prompt := wait_prompt(RANGE, low, high)) is not None:
                assert prompt in plan.prompts
    assert [place_prompt(PLACE, n) for n in (0, 21)] == [None, None]
    assert len(plan.prompts) == 1 + 20 + len(MINUTES) * (len(MINUTES) - 1) // 2


@pytest.mark.parametrize(
    ("written", "instead", "told"),
    [
        ("number {n}", "number", "prompt 'place' of 'human' has not {n} once"),
        ("Between {low}", "Up", "prompt 'range' of 'human' has not {low} once"),
        ("goodbye: bye", "goodbye: place", "prompt 'place' is spoken with numbers"),
        ("position: place", "position: plaice", "unknown prompt 'plaice'"),
        ("position: place", "every_s: 3", "'every_s' of queue 'human' is not valid"),
        ("position: place", "place: place", "place"),
    ],
)
def test_what_cannot_be_said_is_named(written: str, instead: str, told: str) -> None:
    with pytest.raises(DialplanFaulty) as refused:
        load_plan(TEXT.replace(written, instead), file="", queues=["service"])
    assert any(told in str(fault) for fault in refused.value.faults)
