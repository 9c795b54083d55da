"""How a phone number stands in an error, a log or a picture of memory: by its last two digits."""

from __future__ import annotations

from dataclasses import dataclass

_SHOWN = 2


@dataclass(frozen=True, slots=True)
class PhoneNumber:
    """A caller's number as the switch tells it; `digits` may begin with a plus."""

    digits: str

    def __repr__(self) -> str:
        return f"PhoneNumber(…{self.digits[-_SHOWN:]})"

    __str__ = __repr__
