"""Facts about the house as a whole: its settings, its phones, its clock, its own books."""

from dataclasses import dataclass
from typing import ClassVar

from queues.centre.inputs.house import PlaceState
from queues.centre.inputs.settings import AgentSetting, QueueSetting
from queues.centre.values.json_values import Snapshot
from queues.ids import PlaceId


@dataclass(frozen=True, slots=True)
class SettingsTaken:
    """Queues, agents and places are as the settings file says.

    With `keeps`, what is known already and is named goes on: agents in their state, calls in their
    order, offers, what is known of phones. An agent who is not named finishes a talk. Agents that
    are new are signed out, places that are new unreachable. Without `keeps` everything is new.
    Ids of offers are `<epoch>-<number>` from here on.
    """

    TYPE: ClassVar[str] = "settings_taken"
    VERSION: ClassVar[int] = 5
    at: float
    queues: tuple[QueueSetting, ...]
    agents: tuple[AgentSetting, ...]
    epoch: str
    keeps: bool


@dataclass(frozen=True, slots=True)
class PlaceNoted:
    """A phone is as the switch reports it. One that was unreachable and no longer is rests no more,
    and its unexplained offers are forgotten.
    """

    TYPE: ClassVar[str] = "place_noted"
    VERSION: ClassVar[int] = 1
    at: float
    place: PlaceId
    state: PlaceState


@dataclass(frozen=True, slots=True)
class PlaceRested:
    """A phone that rested, because it was not reached or not joined, may be offered calls again."""

    TYPE: ClassVar[str] = "place_rested"
    VERSION: ClassVar[int] = 1
    at: float
    place: PlaceId


@dataclass(frozen=True, slots=True)
class PlacesForgotten:
    """Every phone counts as unreachable until the switch reports it anew; none rests any more."""

    TYPE: ClassVar[str] = "places_forgotten"
    VERSION: ClassVar[int] = 1
    at: float


@dataclass(frozen=True, slots=True)
class ClockReanchored:
    """From here on the wall clock stands `by_s` seconds further ahead of the centre's time."""

    TYPE: ClassVar[str] = "clock_reanchored"
    VERSION: ClassVar[int] = 1
    at: float
    by_s: float


@dataclass(frozen=True, slots=True)
class HistoryLost:
    """Rows that were to stand before this one could not be kept; here is the whole state instead.

    So what follows can be applied, though how it came to this is not known any more.
    """

    TYPE: ClassVar[str] = "history_lost"
    VERSION: ClassVar[int] = 1
    at: float
    rows: int
    state: Snapshot
