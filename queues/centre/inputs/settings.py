"""The settings as an input: queues, agents and what holds for each."""

from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar

from queues.centre.values.needs import ANYBODY, Need, NeedStep, Skill
from queues.ids import AgentId, PlaceId, QueueId


class Order(StrEnum):
    """Which of a queue's calls comes first."""

    LONGEST_WAIT = "longest_wait"
    SERVICE_LEVEL = "service_level"


@dataclass(frozen=True, slots=True)
class QueueSetting:
    """A queue as the settings file describes it. Times in seconds.

    `need` is what its calls ask for if they bring no need of their own, `relax` how any of them
    asks for less, in the order of time. For `Order.SERVICE_LEVEL`: calls are to be answered within
    `mark_s`, of which a phone rings `pick_up_s`; who has waited `cap_s` comes before all others.

    It takes no more calls while `most_waiting` wait, and gives back who has waited
    `longest_wait_s`; with `needs_somebody` also calls that nobody who is signed in could take.

    After a talk, or an offer that came to nothing, an agent is offered no call for `breath_s`.

    A caller of it is held while an agent asks another one: for `consult_seeks_s` until somebody is
    rung, and for `consult_lasts_s` while the two talk.
    """

    queue: QueueId
    ring_timeout_s: float
    wrap_up_s: float
    missed_before_pause: int
    need: Need = ANYBODY
    relax: tuple[NeedStep, ...] = ()
    order: Order = Order.LONGEST_WAIT
    mark_s: float = 20.0
    pick_up_s: float = 4.0
    cap_s: float = 75.0
    most_waiting: int | None = None
    longest_wait_s: float | None = None
    needs_somebody: bool = False
    breath_s: float = 0.0
    consult_seeks_s: float = 60.0
    consult_lasts_s: float = 300.0


@dataclass(frozen=True, slots=True)
class AgentSetting:
    """An agent, the phone where the agent sits, the queues the agent serves, and with what.

    Above `occupancy_cap`, a share of the last half hour, others who are free come first.
    """

    agent: AgentId
    place: PlaceId
    queues: tuple[QueueId, ...]
    skills: tuple[Skill, ...] = ()
    languages: tuple[str, ...] = ()
    occupancy_cap: float | None = None


@dataclass(frozen=True, slots=True)
class SettingsLoaded:
    """The settings file was read, at a start or anew.

    What is known and still named is kept. Other agents begin signed out, other places unreachable.
    `epoch` (4 to 32 of a-z and 0-9) is drawn anew by the edge at each start and begins each offer's
    id, because a leg that an earlier run rang may still be alive in the switch.
    """

    TYPE: ClassVar[str] = "settings_loaded"
    VERSION: ClassVar[int] = 4
    queues: tuple[QueueSetting, ...]
    agents: tuple[AgentSetting, ...]
    epoch: str
