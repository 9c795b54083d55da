"""What a fault in a dialplan is, and how it is told: file, line, what is wrong, how to mend it."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import NoReturn

_LONGEST = 400  # characters of one message
_MOST = 100  # faults of one file; who made more made one mistake many times


@dataclass(frozen=True, slots=True, order=True)
class Fault:
    """One thing to mend. `line` counts from 1; `str()` is the line to show to the admin."""

    file: str
    line: int
    message: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.message}"


class DialplanFaulty(Exception):
    """A dialplan cannot be used; its author must act. `faults` holds all of them, in line order."""

    code = "dialplan_faulty"

    def __init__(self, faults: Iterable[Fault]) -> None:
        self.faults: tuple[Fault, ...] = tuple(sorted(set(faults)))
        super().__init__("\n".join(map(str, self.faults)))


class Findings:
    """Collects the faults of one file while it is read and checked."""

    def __init__(self, file: str) -> None:
        self._file = file
        self._found: list[Fault] = []

    def add(self, line: int, message: str) -> None:
        """Note one fault; reading goes on. Quoted text cannot break or flood the message.

        Raises `DialplanFaulty` when there are so many that reading on helps nobody.
        """
        shown = "".join(c if c.isprintable() else "?" for c in message)
        shown = shown if len(shown) <= _LONGEST else f"{shown[:_LONGEST]} ..."
        fault = Fault(self._file, line, shown)
        if fault not in self._found:  # a default is read by each node that uses it
            self._found.append(fault)
        if len(self._found) >= _MOST:
            raise DialplanFaulty(self._found)

    def stop(self, line: int, message: str) -> NoReturn:
        """Note a fault after which reading on makes no sense, and raise `DialplanFaulty`."""
        self.add(line, message)
        raise DialplanFaulty(self._found)

    def raise_if_any(self) -> None:
        """Raise `DialplanFaulty` with all faults noted so far, if there are any."""
        if self._found:
            raise DialplanFaulty(self._found)


def nearest(word: str, known: Iterable[str]) -> str | None:
    """The known word that was probably meant."""
    close = difflib.get_close_matches(word, list(known), n=1, cutoff=0.6)
    return close[0] if close else None


def did_you_mean(word: str, known: Iterable[str], otherwise: str) -> str:
    """The mend of a misspelt word: the nearest known one, else the given advice."""
    guess = nearest(word, known)
    return f"did you mean '{guess}'?" if guess else otherwise
