"""Who waits for whom, as the settings file describes it: queues and agents."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from ivr.settings_parts import Id, Part, Seconds, Shown


class Queue(Part):
    """A queue: how long a phone rings, how long wrap-up lasts, what a missed call means."""

    id: Id
    ring_timeout_s: Annotated[float, Field(ge=3, le=120)] = 15
    wrap_up_s: Seconds = 10
    missed_before_pause: Annotated[int, Field(ge=1, le=20)] = 1


class Agent(Part):
    """A person who takes calls at a place (a phone)."""

    id: Id
    name: Shown = Field(min_length=1, max_length=60)
    place: Id
    queues: tuple[Id, ...] = Field(min_length=1)
