"""Whether a wait was within the range that was told when it began."""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Final


class CameTrue(StrEnum):
    """What came of a range."""

    HELD = "held"
    SHORTER = "shorter"
    LONGER = "longer"  # also without a talk, once it had lasted longer than that
    NOT_KNOWN = "not_known"  # ended without a talk, before the range was over


def came_true(lasted_s: float, low_s: float, high_s: float, *, talked: bool) -> CameTrue:
    """Judge a range by the wait."""
    if lasted_s > high_s:
        return CameTrue.LONGER
    if not talked:
        return CameTrue.NOT_KNOWN
    return CameTrue.HELD if lasted_s >= low_s else CameTrue.SHORTER


WORDS: Final[Mapping[CameTrue, str]] = MappingProxyType(
    {
        CameTrue.HELD: "within the range that was told",
        CameTrue.SHORTER: "sooner than was told",
        CameTrue.LONGER: "later than was told",
        CameTrue.NOT_KNOWN: "before the range that was told was over",
    }
)
