"""Inputs about the house: phones, the switch, the service, the timer and the clock."""

from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar

from queues.ids import PlaceId


class PlaceState(StrEnum):
    """What is known of a phone."""

    UNREACHABLE = "unreachable"  # not registered, or does not answer OPTIONS: never offered a call
    FREE = "free"
    IN_USE = "in_use"  # ringing or talking, with a call of ours or of its own


@dataclass(frozen=True, slots=True)
class PlaceChanged:
    """A phone became reachable, unreachable, free or busy."""

    TYPE: ClassVar[str] = "place_changed"
    VERSION: ClassVar[int] = 1
    place: PlaceId
    state: PlaceState


@dataclass(frozen=True, slots=True)
class SwitchRestarted:
    """Asterisk was started anew: every call and every leg is gone.

    Every place counts as unreachable from here on, until a `PlaceChanged` for it follows.
    """

    TYPE: ClassVar[str] = "switch_restarted"
    VERSION: ClassVar[int] = 1


@dataclass(frozen=True, slots=True)
class ServiceEnding:
    """The service is about to end under living calls; places count as after `SwitchRestarted`."""

    TYPE: ClassVar[str] = "service_ending"
    VERSION: ClassVar[int] = 1


@dataclass(frozen=True, slots=True)
class TimerFired:
    """The deadline that `next_wake` named has come."""

    TYPE: ClassVar[str] = "timer_fired"
    VERSION: ClassVar[int] = 1


@dataclass(frozen=True, slots=True)
class ClockMoved:
    """The wall clock was set: by so many seconds it is further ahead of the time that we keep."""

    TYPE: ClassVar[str] = "clock_moved"
    VERSION: ClassVar[int] = 1
    by_s: float
