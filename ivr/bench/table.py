"""What one measured figure is, and when it holds its bar."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum


class Bar(StrEnum):
    """On which side of the bar a value must lie."""

    AT_MOST = "<="
    AT_LEAST = ">="
    MEETS = "+-"  # the spread holds what stands beside it, and is at most this wide either side


@dataclass(frozen=True, slots=True)
class Row:
    """One figure: the median of its runs, its bar, its spread, and the rival of the same run.

    `bar` is None where nothing is promised. A figure that is compared (`against` given) holds only
    if the rival ran, that is, `against_value` is there.
    """

    name: str
    values: tuple[float, ...]
    unit: str
    kind: Bar = Bar.AT_MOST
    bar: float | None = None
    against: str | None = None
    against_values: tuple[float, ...] = ()

    @property
    def value(self) -> float:
        """The median of the runs."""
        return statistics.median(self.values)

    @property
    def holds(self) -> bool:
        """Whether the value keeps its bar; false where a rival was to run and did not."""
        if not self.values or (self.against is not None and not self.against_values):
            return False
        if self.bar is None:
            return True
        if self.kind is Bar.MEETS:
            return self._meets(self.bar)
        return self.value <= self.bar if self.kind is Bar.AT_MOST else self.value >= self.bar

    def _meets(self, widest: float) -> bool:
        """Whether the spread, an interval, is narrow enough and holds the exact value beside it."""
        low, high, exact = (
            min(self.values),
            max(self.values),
            statistics.median(self.against_values),
        )
        return (high - low) / 2 <= widest and low <= exact <= high

    def json(self) -> dict[str, object]:
        """The row as a report gives it."""
        return {
            "name": self.name,
            "value": round(self.value, 4) if self.values else None,
            "unit": self.unit,
            "bar": None if self.bar is None else f"{self.kind.value} {self.bar:g}",
            "holds": self.holds,
            "spread": [round(min(self.values), 4), round(max(self.values), 4)]
            if self.values
            else None,
            "against": self.against,
            "against_value": round(statistics.median(self.against_values), 4)
            if self.against_values
            else None,
        }


def markdown(rows: Sequence[Row]) -> str:
    """The rows as a table for a README."""
    lines = [
        "| figure | median | spread | bar | holds | beside it |",
        "|---|---|---|---|---|---|",
    ]
    for row in rows:
        found = row.json()
        value = f"{found['value']} {row.unit}" if row.values else "none"
        spread = f"{min(row.values):.3g} to {max(row.values):.3g}" if row.values else ""
        rival = f"{found['against_value']} {row.unit}" if row.against_values else "none"
        beside = f"{row.against}: {rival}" if row.against else ""
        kept = ("yes" if row.bar is not None else "") if row.holds else "no"
        lines.append(
            f"| {row.name} | {value} | {spread} | {found['bar'] or ''} | {kept} | {beside} |"
        )
    return "\n".join(lines)


def p95(values: Sequence[float]) -> float:
    """What 95 in 100 of at least two values do not exceed."""
    return statistics.quantiles(values, n=20)[-1]
