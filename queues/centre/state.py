"""The one mutable object of the centre: queues, agents, places, calls, offers and deadlines.

Only `apply` changes it. Beside the plain records it keeps sorted indexes, so that a decision never
looks through all calls or all agents: pools of calls that wait and agents who could take one now,
and the deadlines.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from queues.centre.inputs.house import PlaceState
from queues.centre.inputs.settings import AgentSetting, QueueSetting
from queues.centre.lives.agent import AgentState
from queues.centre.lives.call import CallState
from queues.centre.lives.door import Hours, Shut
from queues.centre.lives.illegal import IllegalTransition
from queues.centre.occupancy import Spells
from queues.centre.pools import AgentRank, CallRank, Pool
from queues.centre.values.learned import NOTHING, Learned
from queues.centre.values.needs import ANYBODY, Need, PoolKey
from queues.ids import AgentId, CallId, LineId, OfferId, PlaceId, QueueId

DERIVED: Final = MappingProxyType({"derived": True})  # a field that follows from other fields


class DeadlineKind(StrEnum):
    """What is due."""

    OFFER = "offer"  # neither answer nor refusal, or neither talk nor failure, was reported
    WRAP_UP = "wrap_up"
    PLACE_REST = "place_rest"  # a phone that was not reached, or not joined
    CALL_REST = "call_rest"  # a call that was not joined, more than once
    NEED = "need"  # a call asks for less from then on
    OWED = "owed"  # a call that nobody took since it was transferred
    LEAVE = "leave"  # a call has waited as long as any may
    DOOR = "door"  # a queue opens or closes
    BREATH = "breath"  # an agent may be offered calls again
    OCCUPANCY = "occupancy"  # an agent is not above the cap any more


Deadline = tuple[
    float, DeadlineKind, str
]  # Unix seconds, kind, id of offer, agent, place, call or queue


@dataclass(slots=True)
class Queue:
    """A queue: setting, and door (`lives/door.py`): open or not, until `turns_at`, wall clock.

    `hours` None: at any time. `door_due` is `turns_at` by the centre's time.
    """

    setting: QueueSetting
    hours: Hours | None = None
    shut: Shut | None = None
    is_open: bool = True
    turns_at: float | None = None
    door_due: float | None = None


@dataclass(slots=True)
class Call:
    """A call that waits or talks. While `rest_until` is set it waits, and others go first.

    `steps` of its queue have relaxed `need`, which asks for less at `need_until`. Until then it may
    wait for one agent `only`. While it waits it is given back at `leave_at`.

    `since` is when it first waited, for its place; `wait_from` when this wait began. It was
    transferred `hops` times, last by the agent `passed_by`, who is not to have it again; at
    `owed_at` it is owed to that agent, if nobody took it. `owner` is who it is owed to.

    If a range was told of this wait: its talk is to begin from `talk_from` to `talk_by`.

    With `consults_for` it is no caller but an agent who asks another one, and holds that call
    meanwhile; its id is that agent's offer.
    """

    call: CallId
    line: LineId
    queue: QueueId
    number: int
    since: float
    wait_from: float
    state: CallState
    state_since: float
    offer: OfferId | None = None
    failed_joins: int = 0
    rest_until: float | None = None
    need: Need = ANYBODY
    steps: int = 0
    need_until: float | None = None
    only: AgentId | None = None
    credit_s: float = 0.0
    hops: int = 0
    passed_by: AgentId | None = None
    owed_at: float | None = None
    owner: AgentId | None = None
    leave_at: float | None = None
    talk_from: float | None = None
    talk_by: float | None = None
    consults_for: CallId | None = None
    pool: Pool | None = field(default=None, metadata=DERIVED)  # in which it waits

    @property
    def key(self) -> PoolKey:
        """Which calls it waits with."""
        return PoolKey(self.queue, self.need, self.only, self.credit_s, self.passed_by)

    @property
    def leaves_at(self) -> float | None:
        """When it is given back if nothing happens."""
        if self.leave_at is None or self.state is not CallState.WAITING:
            return None
        return self.leave_at

    @property
    def rank(self) -> CallRank:
        """Its place among them; the smallest comes first."""
        return (self.since - self.credit_s, self.number, self.call)


@dataclass(slots=True)
class Agent:
    """An agent. `after_talk` is what was asked for during a talk; `missed` counts in a row.

    Until `breath_until` no call is offered. `spells` are the last talks, wrap-up included, and
    `taken_since` when the present one began; until `spared_until` others come first.
    One who is `leaving` is not in the settings any more, and is forgotten when the talk is over.
    """

    setting: AgentSetting
    number: int
    state: AgentState = AgentState.SIGNED_OUT
    since: float = 0.0
    reason: str | None = None
    idle_since: float = 0.0
    missed: int = 0
    offer: OfferId | None = None
    after_talk: AgentState = AgentState.READY
    after_talk_reason: str | None = None
    wrap_up_until: float | None = None
    breath_until: float | None = None
    spells: Spells = ()
    taken_since: float | None = None
    spared_until: float | None = None
    leaving: bool = False
    free_as: AgentRank | None = field(default=None, metadata=DERIVED)  # the entry in `free`


@dataclass(slots=True)
class Place:
    """A phone. At most one offer is alive at it, also when two agents share it.

    One where nobody sits any more is kept while an offer is alive at it.

    `state` is what the switch reported last and nothing else; what our own offers met with is in
    `unexplained` (in a row) and `rest_until`.
    """

    place: PlaceId
    state: PlaceState = PlaceState.UNREACHABLE
    offer: OfferId | None = None
    unexplained: int = 0
    rest_until: float | None = None
    agents: tuple[AgentId, ...] = field(default=(), metadata=DERIVED)


@dataclass(slots=True)
class Offer:
    """An offer that rings, is being joined, or talks.

    `deadline` is None once it talks with the caller, but while they are to be joined again.
    """

    offer: OfferId
    call: CallId
    agent: AgentId
    place: PlaceId
    queue: QueueId
    deadline: float | None
    talk_since: float | None = None


@dataclass(slots=True)
class Centre:
    """The whole waiting side. Begins empty; `SettingsTaken` fills it.

    `at` is the time of the last fact. The wall clock, when it was last looked at, stood
    `wall_ahead_s` ahead of the centre's time, which is the time of everything in here.
    """

    epoch: str = ""
    queues: dict[QueueId, Queue] = field(default_factory=dict)
    agents: dict[AgentId, Agent] = field(default_factory=dict)
    places: dict[PlaceId, Place] = field(default_factory=dict)
    calls: dict[CallId, Call] = field(default_factory=dict)
    offers: dict[OfferId, Offer] = field(default_factory=dict)
    pools: dict[PoolKey, Pool] = field(default_factory=dict, compare=False)  # also empty ones
    ended: dict[CallId, float] = field(default_factory=dict)  # lately ended, oldest first
    deadlines: list[Deadline] = field(default_factory=list)
    last_call: int = 0
    last_offer: int = 0
    at: float = 0.0
    wall_ahead_s: float = 0.0
    learned: Learned = NOTHING  # of earlier calls, to foretell waits by


def next_wake(centre: Centre) -> float | None:
    """Give the earliest deadline in Unix seconds, or None when nothing is due at any time."""
    return centre.deadlines[0][0] if centre.deadlines else None


def due(centre: Centre, now: float) -> Iterator[Deadline]:
    """Give the deadlines that have come by `now`, earliest first."""
    for deadline in centre.deadlines:
        if deadline[0] > now:
            return
        yield deadline


def could_be_offered(call: Call) -> bool:
    """Tell whether a call waits and does not rest."""
    return call.state is CallState.WAITING and call.rest_until is None


def could_take_a_call(centre: Centre, agent: Agent) -> bool:
    """Tell whether an agent is ready, and has had a breath, at a phone that can be rung now."""
    place = centre.places[agent.setting.place]
    return (
        agent.state is AgentState.READY
        and agent.breath_until is None
        and place.state is PlaceState.FREE
        and place.offer is None
        and place.rest_until is None
    )


def the_call(centre: Centre, name: CallId) -> Call:
    """Give the call of this id; raises `IllegalTransition` if it is not in the centre."""
    call = centre.calls.get(name)
    if call is None:
        raise IllegalTransition(f"call {name} is not in the centre")
    return call


def the_agent(centre: Centre, name: AgentId) -> Agent:
    """Give the agent of this id; raises `IllegalTransition` if the settings name none."""
    agent = centre.agents.get(name)
    if agent is None:
        raise IllegalTransition(f"no agent {name} in the settings")
    return agent


def the_place(centre: Centre, name: PlaceId) -> Place:
    """Give the place of this id; raises `IllegalTransition` if no agent sits there."""
    place = centre.places.get(name)
    if place is None:
        raise IllegalTransition(f"no agent sits at place {name}")
    return place


def the_offer(centre: Centre, name: OfferId) -> Offer:
    """Give the offer of this id; raises `IllegalTransition` if it is not alive."""
    offer = centre.offers.get(name)
    if offer is None:
        raise IllegalTransition(f"offer {name} is not alive")
    return offer
