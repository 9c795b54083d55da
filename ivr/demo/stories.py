"""Decides who calls in a demo, with what story, and in which order the stories come.

The keys are those of the shipped dialplans. All names are made up, and stand on the terminal alone.
"""

from __future__ import annotations

import random
from collections.abc import Collection, Iterator
from dataclasses import dataclass

from ivr.caller.script import Press, Step, Wait, WaitForHangUp

_PATIENCE_S = 90.0
_LISTENS_S = 7.0  # of a menu, before a key

NAMES = {
    "de": (
        *("Frieda Frostig", "Bodo Belegmann", "Viktor Umzug", "Gesa Gutmut", "Ole Ohnezeit"),
        *("Walli Wartewohl", "Rudi Rohrbruch", "Klara Klingel", "Kuno Kaltwasser", "Ida Immerfroh"),
    ),
    "en": (
        *("Winnie Chill", "Bill Payer", "Moe Vinghouse", "Patience Gray", "Rush Hower"),
        *("Ringo Backlater", "Holly Dontheline", "Dee Posit", "Leke Ceiling", "Ray Diator"),
    ),
    "ko": (
        *("Han Gihwan", "Go Jiseo", "Lee Sahee", "Cham Eulseong", "Gup Hanil"),
        *("On Dolbang", "Jeon Hwasun", "Nu Sujin", "Su Dohan", "Cheong Guseo"),
    ),
}


@dataclass(frozen=True, slots=True)
class Story:
    """What a caller calls about, and does. `asks_colleague`: the agent asks one, and passes on."""

    about: str
    steps: tuple[Step, ...]
    asks_colleague: bool = False


def _keys(*keys: str) -> tuple[Step, ...]:
    """Listen to each menu for a while, then press its key."""
    return tuple(step for key in keys for step in (Wait(1, _LISTENS_S), Press(1, key)))


_SERVED = WaitForHangUp(1, _PATIENCE_S)

# The first is the one that needs both agents of the example free.
STORIES: tuple[Story, ...] = (
    Story("a leak, which only a colleague knows", (*_keys("1", "1"), _SERVED), asks_colleague=True),
    Story("the opening hours, which the machine tells", (*_keys("4"), Wait(1, 12))),
    Story("a flat whose heating is out", (*_keys("3", "0"), _SERVED)),
    Story("in a hurry, and will not wait long", (*_keys("0"), Wait(1, 8))),
    Story("a bill that is too high", (*_keys("2", "3"), _SERVED)),
    Story(
        "a smell of gas noticed while waiting, and the way out by key 8",
        (*_keys("0"), Wait(1, 4), Press(1, "8"), WaitForHangUp(1, 20)),
    ),
    Story("a wrong key pressed first", (*_keys("7", "0"), _SERVED)),
)


def told_in_turn(chance: random.Random) -> Iterator[Story]:
    """All stories in their order first, then again and again in an order of chance."""
    deck = list(STORIES)
    while True:
        yield from deck
        chance.shuffle(deck)


def name_for(language: str, taken: Collection[str], chance: random.Random) -> str:
    """A made-up name that nobody who calls just now has; with a number when all are taken."""
    names = NAMES.get(language, NAMES["en"])
    free = [name for name in names if name not in taken]
    if free:
        return chance.choice(free)
    name, number = chance.choice(names), 2
    while f"{name} {number}" in taken:
        number += 1
    return f"{name} {number}"
