"""What a check says: what was looked at, how it is, what was found and what to do.

| state | |
|---|---|
| `ok` | looked at, and nothing to do |
| `warning` | calls are answered; somebody should look at it |
| `fault` | to be mended before callers are let in |
| `unseen` | could not be looked at: no `ok` |
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ivr.doctor.house import House


class State(StrEnum):
    """How it is with what was looked at."""

    OK = "ok"
    WARNING = "warning"
    FAULT = "fault"
    UNSEEN = "unseen"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at. `code` never changes its meaning; `do` is empty when ok."""

    code: str
    state: State
    found: str
    do: str = ""


class CannotLook(Exception):
    """A check cannot look now: `found` says why, `do` how it could."""

    def __init__(self, found: str, do: str) -> None:
        super().__init__(found)
        self.found = found
        self.do = do


@dataclass(frozen=True, slots=True)
class Check:
    """A small look at one subject, that finds something for each of its codes."""

    codes: tuple[str, ...]
    look: Callable[[House], Iterable[Finding]]


def ok(code: str, found: str) -> Finding:
    """Nothing to do."""
    return Finding(code, State.OK, found)


def warning(code: str, found: str, do: str) -> Finding:
    """Calls are answered, and somebody should look at it."""
    return Finding(code, State.WARNING, found, do)


def fault(code: str, found: str, do: str) -> Finding:
    """To be mended before callers are let in."""
    return Finding(code, State.FAULT, found, do)


def unseen(code: str, found: str, do: str) -> Finding:
    """Could not be looked at."""
    return Finding(code, State.UNSEEN, found, do)
