"""Calls that a bench made and that were refused: counted as failed, with why, and gone on after."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from ivr.bench.site import BenchFailed
from ivr.bench.table import Row
from ivr.caller.phone import CallFailed

_TOO_MANY = 20  # from here on it is no accident, and the other figures would mean nothing


class Refusals:
    """What was refused in one bench; `count` calls so far."""

    def __init__(self) -> None:
        self._why: Counter[str] = Counter()

    @property
    def count(self) -> int:
        """How many calls were refused."""
        return self._why.total()

    @contextmanager
    def counted(self) -> Iterator[None]:
        """Go on after a refused call. Raises `BenchFailed` when there are too many of them."""
        try:
            yield
        except CallFailed as error:
            self._why[f"{error.status} {error}"] += 1
            if self.count >= _TOO_MANY:
                raise BenchFailed(f"{self.count} calls were refused: {self}") from None

    def row(self) -> Row:
        """The figure."""
        return Row("calls refused in all of this", (float(self.count),), "calls", bar=0)

    def __str__(self) -> str:
        return ", ".join(f"{count} x {why}" for why, count in self._why.most_common())
