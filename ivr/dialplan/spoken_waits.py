"""Which prompts say a place in the queue and the range of a wait: one for each number or range.

A text with `{n}`, or with `{low}` and `{high}` (minutes), becomes as many prompts, so that each is
spoken in one breath and lies ready. Ranges are rounded outward to numbers that people say.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Collection, Iterator, Mapping
from itertools import combinations
from typing import Final

from ivr.dialplan.plan import PromptId

PLACES: Final = range(1, 21)
MINUTES: Final = (0, 1, 2, 3, 4, 5, 7, 10, 15, 20, 30, 45, 60)


def place_prompt(prompt: PromptId, place: int) -> PromptId | None:
    """The prompt that says this place; None for one that is not said."""
    return PromptId(f"{prompt}__{place}") if place in PLACES else None


def wait_prompt(prompt: PromptId, low_s: float, high_s: float) -> PromptId | None:
    """The prompt that says a wait between these seconds; None for one too long to be said."""
    rounded = spoken_minutes(low_s, high_s)
    return None if rounded is None else PromptId(f"{prompt}__{rounded[0]}_{rounded[1]}")


def spoken_minutes(low_s: float, high_s: float) -> tuple[int, int] | None:
    """A range in minutes, rounded outward to what is said; None beyond an hour."""
    low, high = max(low_s, 0.0) / 60, max(high_s, low_s, 1.0) / 60
    if high > MINUTES[-1]:
        return None
    to = bisect_left(MINUTES, high)
    return MINUTES[min(bisect_right(MINUTES, low) - 1, to - 1)], MINUTES[to]


def with_numbers(
    texts: Mapping[PromptId, str], places: Collection[PromptId], waits: Collection[PromptId]
) -> dict[PromptId, str]:
    """The texts, with those of places and waits put in for each number."""
    spoken = {name: text for name, text in texts.items() if name not in {*places, *waits}}
    for name in places:
        for place in PLACES:
            spoken[PromptId(f"{name}__{place}")] = texts[name].replace("{n}", str(place))
    for name in waits:
        for low, high in combinations(MINUTES, 2):
            text = texts[name].replace("{low}", str(low)).replace("{high}", str(high))
            spoken[PromptId(f"{name}__{low}_{high}")] = text
    return spoken


def lacking(text: str, marks: Collection[str]) -> Iterator[str]:
    """Those of the marks that a text does not hold exactly once."""
    return (mark for mark in marks if text.count(mark) != 1)
