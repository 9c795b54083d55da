"""Whether a call would be answered now, as the service says of itself; no numbers and no names."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class HealthStatus(StrEnum):
    """How a part, or the whole, is."""

    OK = "ok"
    DEGRADED = "degraded"  # calls are answered, something is missing
    DOWN = "down"  # calls are not answered


@dataclass(frozen=True, slots=True)
class HealthReport:
    """Each part by a fixed name of ours. The whole is as bad as the worst part.

    `figures` tell load and lag, by names that end in their unit.
    """

    checks: Mapping[str, HealthStatus]
    figures: Mapping[str, float] = field(default_factory=dict)

    @property
    def status(self) -> HealthStatus:
        """How the whole is."""
        found = set(self.checks.values())
        for status in (HealthStatus.DOWN, HealthStatus.DEGRADED):
            if status in found:
                return status
        return HealthStatus.OK
