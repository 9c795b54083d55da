"""How much of the last half hour an agent was taken: in talks and in wrap-up."""

from dataclasses import dataclass
from typing import Final

WINDOW_S: Final = 1800.0


@dataclass(frozen=True, slots=True)
class Spell:
    """A time, without a break, in a talk or in the wrap-up after it. Unix seconds."""

    began: float
    ended: float


Spells = tuple[Spell, ...]  # the oldest first


def with_spell(spells: Spells, began: float, ended: float) -> Spells:
    """Give the spells that still count when this one ends, and this one."""
    opened, first = ended - WINDOW_S, 0
    while first < len(spells) and spells[first].ended <= opened:
        first += 1
    return (*spells[first:], Spell(began, ended))


def falls_to(spells: Spells, cap: float, now: float) -> float | None:
    """Give when the share of the last half hour has fallen to `cap`, if no spell follows.

    Unix seconds; None if it is not above `cap` now. The oldest seconds leave the window first.
    """
    opened = now - WINDOW_S
    counted = [(max(each.began, opened), each.ended) for each in spells if each.ended > opened]
    too_many_s = sum(ended - began for began, ended in counted) - cap * WINDOW_S
    if too_many_s <= 0:
        return None
    for began, ended in counted:
        if too_many_s <= ended - began:
            return began + too_many_s + WINDOW_S
        too_many_s -= ended - began
    return None  # no share is above a cap of 1
