"""How the whole centre is written down as JSON values, and comes back the same.

Records are stored, indexes are made anew. The order of calls, agents and offers is kept, because
decisions that go through all of them follow it.
"""

from dataclasses import dataclass
from typing import ClassVar, Final

from queues.centre.index import rebuild
from queues.centre.journal.plain import Records, object_as_json, records
from queues.centre.journal.reading import Unfit, reader_of
from queues.centre.journal.upcasters import (
    AGENT_WITHOUT_CAP,
    AGENT_WITHOUT_LOAD,
    AGENT_WITHOUT_NEEDS,
    CALL_NEVER_TRANSFERRED,
    CALL_OF_A_CALLER,
    CALL_WITHOUT_ESTIMATE,
    CALL_WITHOUT_NEED,
    NOTHING_LEARNED,
    QUEUE_ALWAYS_OPEN,
    QUEUE_OF_FIXED_CONSULTS,
    QUEUE_WITHOUT_BREATH,
    QUEUE_WITHOUT_NEEDS,
    Payload,
    objects,
)
from queues.centre.lives.agent import TAKEN
from queues.centre.lives.call import CallState
from queues.centre.state import Agent, Call, Centre, Offer, Place, Queue
from queues.centre.values.json_values import Snapshot
from queues.centre.values.learned import Learned
from queues.ids import CallId


class SnapshotUnreadable(Exception):
    """A snapshot is not one that today's code reads. The text holds no value of it."""

    code = "snapshot_unreadable"


@dataclass(frozen=True, slots=True)
class _Ended:
    call: CallId
    at: float


@dataclass(frozen=True, slots=True)
class _Stored:
    VERSION: ClassVar[int] = 8
    version: int
    at: float
    wall_ahead_s: float
    epoch: str
    last_call: int
    last_offer: int
    queues: tuple[Queue, ...]
    agents: tuple[Agent, ...]
    places: tuple[Place, ...]
    calls: tuple[Call, ...]
    offers: tuple[Offer, ...]
    ended: tuple[_Ended, ...]
    learned: Learned


_read_stored = reader_of(_Stored)
UNDERSTOOD: Final = frozenset(range(1, _Stored.VERSION + 1))  # versions that are read


@dataclass(frozen=True, slots=True)
class Frozen:
    """The centre as it stood at one moment, with the fields of `_Stored`."""

    version: int
    at: float
    wall_ahead_s: float
    epoch: str
    last_call: int
    last_offer: int
    queues: Records
    agents: Records
    places: Records
    calls: Records
    offers: Records
    ended: tuple[tuple[CallId, float], ...]
    learned: Learned

    def snapshot(self) -> Snapshot:
        """Give it as JSON values; takes ten times as long as the freezing, in any thread."""
        whole = object_as_json(self)
        return Snapshot(whole | {"ended": [{"call": call, "at": at} for call, at in self.ended]})


def to_snapshot(centre: Centre) -> Snapshot:
    """Give the centre as JSON values that nothing changes afterwards."""
    return freeze(centre).snapshot()


def freeze(centre: Centre) -> Frozen:
    """Take what stands in the centre now, quickly."""
    return Frozen(
        version=_Stored.VERSION,
        at=centre.at,
        wall_ahead_s=centre.wall_ahead_s,
        epoch=centre.epoch,
        last_call=centre.last_call,
        last_offer=centre.last_offer,
        queues=records(Queue, centre.queues.values()),
        agents=records(Agent, centre.agents.values()),
        places=records(Place, centre.places.values()),
        calls=records(Call, centre.calls.values()),
        offers=records(Offer, centre.offers.values()),
        ended=tuple(centre.ended.items()),
        learned=centre.learned,
    )


def from_snapshot(snapshot: Snapshot) -> Centre:
    """Give the centre that was written down; raises `SnapshotUnreadable`."""
    try:
        stored: _Stored = _read_stored(_of_today(snapshot))
    except Unfit as unfit:
        raise SnapshotUnreadable(f"snapshot: {unfit}") from None
    centre = Centre(
        epoch=stored.epoch,
        queues={queue.setting.queue: queue for queue in stored.queues},
        agents={agent.setting.agent: agent for agent in stored.agents},
        places={place.place: place for place in stored.places},
        calls={call.call: call for call in stored.calls},
        offers={offer.offer: offer for offer in stored.offers},
        ended={ended.call: ended.at for ended in stored.ended},
        last_call=stored.last_call,
        last_offer=stored.last_offer,
        at=stored.at,
        wall_ahead_s=stored.wall_ahead_s,
        learned=stored.learned,
    )
    if not _is_whole(centre, stored):
        raise SnapshotUnreadable("the snapshot names what it does not hold; take another")
    rebuild(centre)
    return centre


def _of_today(snapshot: Snapshot) -> Snapshot:
    """Give the snapshot as this release writes it. Journals hold older ones (`HistoryLost`)."""
    version = snapshot.get("version")
    if version not in UNDERSTOOD:
        raise SnapshotUnreadable(
            f"expected a snapshot of version {_Stored.VERSION}; take another, or all facts"
        )
    try:
        if version == 1:
            snapshot = _with_needs(snapshot)
        if version in (1, 2):
            snapshot = _with_load(snapshot)
        if version in (1, 2, 3):
            snapshot = _with_transfers(snapshot)
        if version in (1, 2, 3, 4):
            snapshot = _with_estimates(snapshot)
        if version in (1, 2, 3, 4, 5):
            snapshot = _with_doors(snapshot)
        if version in (1, 2, 3, 4, 5, 6):
            snapshot = _with_consults(snapshot)
        if version != _Stored.VERSION:
            snapshot = _with_times_of_consults(snapshot)
    except (LookupError, TypeError):
        raise SnapshotUnreadable("the snapshot has not the fields of its version") from None
    return snapshot


def _with_needs(snapshot: Snapshot) -> Snapshot:
    return Snapshot(
        snapshot
        | {
            "queues": [queue | QUEUE_WITHOUT_NEEDS for queue in objects(snapshot["queues"])],
            "agents": [_agent(each, AGENT_WITHOUT_NEEDS, {}) for each in _agents(snapshot)],
            "calls": [call | CALL_WITHOUT_NEED for call in objects(snapshot["calls"])],
        }
    )


def _with_load(snapshot: Snapshot) -> Snapshot:
    return Snapshot(
        snapshot
        | {
            "queues": [queue | QUEUE_WITHOUT_BREATH for queue in objects(snapshot["queues"])],
            "agents": [_agent(each, AGENT_WITHOUT_CAP, _load(each)) for each in _agents(snapshot)],
        }
    )


def _with_transfers(snapshot: Snapshot) -> Snapshot:
    return Snapshot(
        snapshot
        | {
            "calls": [
                call | CALL_NEVER_TRANSFERRED | {"wait_from": call["since"]}
                for call in objects(snapshot["calls"])
            ],
        }
    )


def _with_estimates(snapshot: Snapshot) -> Snapshot:
    return Snapshot(
        snapshot
        | {
            "calls": [call | CALL_WITHOUT_ESTIMATE for call in objects(snapshot["calls"])],
            "learned": NOTHING_LEARNED,
        }
    )


def _with_doors(snapshot: Snapshot) -> Snapshot:
    return Snapshot(
        snapshot
        | {
            "queues": [
                QUEUE_ALWAYS_OPEN | {"setting": setting} for setting in objects(snapshot["queues"])
            ],
        }
    )


def _with_consults(snapshot: Snapshot) -> Snapshot:
    """Before consultations every call was a caller's."""
    return Snapshot(
        snapshot
        | {
            "calls": [call | CALL_OF_A_CALLER for call in objects(snapshot["calls"])],
        }
    )


def _with_times_of_consults(snapshot: Snapshot) -> Snapshot:
    return Snapshot(
        snapshot
        | {
            "version": _Stored.VERSION,
            "queues": [
                queue | {"setting": setting | QUEUE_OF_FIXED_CONSULTS}
                for queue in objects(snapshot["queues"])
                for setting in objects([queue["setting"]])
            ],
        }
    )


def _load(agent: Payload) -> Payload:
    """Of earlier talks nothing is known; one under way is taken to have begun with its state."""
    is_taken = agent["state"] in TAKEN
    return AGENT_WITHOUT_LOAD | {"taken_since": agent["since"] if is_taken else None}


def _agents(snapshot: Snapshot) -> list[Payload]:
    return objects(snapshot["agents"])


def _agent(agent: Payload, setting: Payload, state: Payload) -> Payload:
    (before,) = objects([agent["setting"]])
    return agent | {"setting": before | setting} | state


def _is_whole(centre: Centre, stored: _Stored) -> bool:
    """Tell whether everything stands there once, and everything that is named is there."""
    return (
        len(centre.queues) == len(stored.queues)
        and len(centre.agents) == len(stored.agents)
        and len(centre.places) == len(stored.places)
        and len(centre.calls) == len(stored.calls)
        and len(centre.offers) == len(stored.offers)
        and all(
            call.queue in centre.queues
            and (call.consults_for is None or call.consults_for in centre.calls)
            and (call.state is not CallState.HELD or CallId(str(call.offer)) in centre.calls)
            for call in stored.calls
        )
        and all(
            agent.setting.place in centre.places and centre.queues.keys() >= {*agent.setting.queues}
            for agent in stored.agents
        )
        and all(
            offer.call in centre.calls
            and offer.agent in centre.agents
            and offer.place in centre.places
            and offer.queue in centre.queues
            for offer in stored.offers
        )
        and centre.offers.keys()
        >= {call.offer for call in stored.calls if call.offer is not None}
        | {agent.offer for agent in stored.agents if agent.offer is not None}
        | {place.offer for place in stored.places if place.offer is not None}
    )
