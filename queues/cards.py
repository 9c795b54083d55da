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
    """One answer: at which node, how, what, and where it led. `said` is a key or a phrase."""

    node: str
    by: By
    said: str = field(repr=False)
    led_to: str
