"""Which Asterisk runs, by whom, and how much it may take, as the settings file says."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Final

from pydantic import Field

from ivr.settings.parts import Part

_LEAST_EACH_PHONE = 10
_SPARE_CHANNELS: Final = 50  # emergency calls, while every caller of a full house is in a talk


class AsteriskSettings(Part):
    """Which Asterisk runs and how much it may take.

    One that `runs_by_itself` is started by `freizeichen asterisk run`, a unit of its own, and
    outlives the service, however that ends. `config` is the folder of another's configuration, an
    Asterisk that includes ours: it is neither started nor ended. An agent's phone that sends no
    sound for `phone_lost_after_s` is lost; one that holds its call has 300 s.
    """

    binary: Path | None = None
    runs_by_itself: bool = False
    config: Path | None = None
    max_calls: Annotated[int, Field(ge=1, le=10_000)] = 400
    most_calls_each_phone: Annotated[int, Field(ge=1, le=10_000)] | None = None
    qualify_frequency_s: Annotated[int, Field(ge=1, le=60)] = 5
    phone_lost_after_s: Annotated[int, Field(ge=2, le=300)] = 20

    @property
    def calls_each_phone(self) -> int:
        """How many callers at once one phone account may be: a tenth of all, unless it is said."""
        return self.most_calls_each_phone or max(_LEAST_EACH_PHONE, self.max_calls // 10)

    @property
    def outlives_us(self) -> bool:
        """Whether its calls go on when the service ends."""
        return self.runs_by_itself or self.config is not None


def most_channels(max_calls: int) -> int:
    """Channels Asterisk may have: a caller and an agent for each call, and room for emergencies."""
    return 2 * max_calls + _SPARE_CHANNELS


def calls_of(channels: int) -> int:
    """For how many calls so many channels are enough; 0 or less where they are for none."""
    return (channels - _SPARE_CHANNELS) // 2
