"""Whether a call would be answered now, as the service says of itself; no numbers and no names."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum


class HealthStatus(StrEnum):
    """How a part, or the whole, is."""

    OK = "ok"
    DEGRADED = "degraded"  # calls are answered, something is missing
    DOWN = "down"  # calls are not answered


@dataclass(frozen=True, slots=True)
class HealthReason:
    """Why a part is not well: a stable code, and a text for people that says what to do."""

    code: str
    text: str


@dataclass(frozen=True, slots=True)
class HealthReport:
    """Each part by a fixed name of ours. The whole is as bad as the worst part.

    `figures` tell load and lag, by names that end in their unit; `reasons` by part why it is not
    well, as far as the service knows.
    """

    checks: Mapping[str, HealthStatus]
    figures: Mapping[str, float] = field(default_factory=dict)
    reasons: Mapping[str, Sequence[HealthReason]] = field(default_factory=dict)

    @property
    def status(self) -> HealthStatus:
        """How the whole is."""
        found = set(self.checks.values())
        for status in (HealthStatus.DOWN, HealthStatus.DEGRADED):
            if status in found:
                return status
        return HealthStatus.OK
