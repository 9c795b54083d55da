"""What an agent should know of a call before the first word: what the caller said and keyed in."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum


class By(StrEnum):
    """How a caller answered."""

    KEY = "key"
    VOICE = "voice"


@dataclass(frozen=True, slots=True)
class CardEntry:
    """One answer: at which node, how, what, where it led, and when. `said` is a key or a phrase.

    `at` is in Unix seconds; None for an answer that a service of an older release noted.
    """

    node: str
    by: By
    said: str = field(repr=False)
    led_to: str
    at: float | None = None
