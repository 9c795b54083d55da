"""What others may see of the centre: immutable rows of calls, agents and queues."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Final

from queues.centre.facts import Fact
from queues.centre.house_facts import PlacesForgotten, SettingsTaken
from queues.centre.state import Agent, Call, Centre
from queues.ids import AgentId, CallId, PlaceId, QueueId

Json = dict[str, object]


@dataclass(frozen=True, slots=True)
class CallRow:
    """A call in the centre. Times in Unix seconds: of its hand-over, and of its state.

    `rests_until` is set while it waits and is not offered, because it was not joined.
    """

    call: str
    line: str
    queue: str
    state: str
    since: float
    state_since: float
    agent: str | None
    rests_until: float | None

    def json(self) -> Json:
        """Give the row as the API and the live stream show it, times as aware ISO 8601."""
        return {
            "id": self.call,
            "line": self.line,
            "queue": self.queue,
            "state": self.state,
            "since": iso(self.since),
            "state_since": iso(self.state_since),
            "agent": self.agent,
            "rests_until": None if self.rests_until is None else iso(self.rests_until),
        }


@dataclass(frozen=True, slots=True)
class AgentRow:
    """An agent and the phone. `since` is of the state, in Unix seconds.

    While `place_rests_until` is set the phone is not rung: it was not reached, or not joined.
    """

    agent: str
    place: str
    place_state: str
    place_rests_until: float | None
    state: str
    since: float
    reason: str | None
    after_talk: str | None  # what was asked for during a talk
    call: str | None
    queues: tuple[str, ...]

    def json(self) -> Json:
        """Give the row as the API and the live stream show it, times as aware ISO 8601."""
        return {
            "id": self.agent,
            "place": self.place,
            "place_state": self.place_state,
            "place_rests_until": (
                None if self.place_rests_until is None else iso(self.place_rests_until)
            ),
            "state": self.state,
            "since": iso(self.since),
            "reason": self.reason,
            "after_talk": self.after_talk,
            "call": self.call,
            "queues": list(self.queues),
        }


@dataclass(frozen=True, slots=True)
class QueueRow:
    """A queue: calls without an agent on the line, and its agents by state."""

    queue: str
    waiting: int
    oldest_since: float | None  # Unix seconds
    agents: Mapping[str, int]

    def json(self) -> Json:
        """Give the row as the API and the live stream show it, times as aware ISO 8601."""
        return {
            "id": self.queue,
            "waiting": self.waiting,
            "oldest_since": None if self.oldest_since is None else iso(self.oldest_since),
            "agents": dict(self.agents),
        }


@dataclass(frozen=True, slots=True)
class View:
    """The whole picture after fact `seq`. Calls longest wait first, agents as in the settings."""

    seq: int
    calls: tuple[CallRow, ...]
    agents: tuple[AgentRow, ...]
    queues: tuple[QueueRow, ...]

    def agent(self, name: str) -> AgentRow | None:
        """Give one agent's row, or None if there is no such agent."""
        return next((row for row in self.agents if row.agent == name), None)


@dataclass(frozen=True, slots=True)
class Change:
    """The rows that one fact touched, as they are after the decision; None for a call that left."""

    calls: Mapping[str, CallRow | None]
    agents: Mapping[str, AgentRow]


_TALKING: Final = "talking"


class Projection:
    """Follows the facts and gives views. A view is built when it is asked for, once for each fact.

    So a burst of decisions costs the rows it touched and no more, and what was given out never
    changes.
    """

    def __init__(self, centre: Centre) -> None:
        self._centre = centre
        self._calls: dict[CallId, CallRow] = {}
        self._agents: dict[AgentId, AgentRow] = {}
        self._view: View | None = None

    def follow(self, fact: Fact) -> Change:
        """Take the rows that this applied fact touched from the state, and give them."""
        self._view = None
        calls: list[CallId] = []
        agents: list[AgentId] = []
        if isinstance(fact, SettingsTaken | PlacesForgotten):
            agents.extend(self._centre.agents)
        call: CallId | None = getattr(fact, "call", None)
        agent: AgentId | None = getattr(fact, "agent", None)
        place: PlaceId | None = getattr(fact, "place", None)
        if call is not None:
            calls.append(call)
        if place is not None:
            agents.extend(self._centre.places[place].agents)
        elif agent is not None:
            agents.append(agent)
        return Change(
            MappingProxyType({name: self._take_call(name) for name in calls}),
            MappingProxyType({name: self._take_agent(name) for name in agents}),
        )

    def view(self, seq: int) -> View:
        """Give the picture as it is now, after fact `seq`."""
        if self._view is None or self._view.seq != seq:
            calls = tuple(sorted(self._calls.values(), key=lambda row: (row.since, row.call)))
            agents = tuple(self._agents[name] for name in self._centre.agents)
            queues = tuple(_queue_row(name, calls, agents) for name in self._centre.queues)
            self._view = View(seq, calls, agents, queues)
        return self._view

    def _take_call(self, name: CallId) -> CallRow | None:
        call = self._centre.calls.get(name)
        if call is None:
            self._calls.pop(name, None)
            return None
        row = self._calls[name] = _call_row(self._centre, call)
        return row

    def _take_agent(self, name: AgentId) -> AgentRow:
        row = self._agents[name] = _agent_row(self._centre, self._centre.agents[name])
        return row


def iso(at: float) -> str:
    """Give Unix seconds as an aware ISO 8601 time in UTC, to the millisecond."""
    return datetime.fromtimestamp(at, tz=UTC).isoformat(timespec="milliseconds")


def _call_row(centre: Centre, call: Call) -> CallRow:
    agent = None if call.offer is None else centre.offers[call.offer].agent
    return CallRow(
        call=call.call,
        line=call.line,
        queue=call.queue,
        state=call.state.value,
        since=call.since,
        state_since=call.state_since,
        agent=agent,
        rests_until=call.rest_until,
    )


def _agent_row(centre: Centre, agent: Agent) -> AgentRow:
    setting, place = agent.setting, centre.places[agent.setting.place]
    planned = agent.after_talk.value if agent.state == _TALKING else None
    return AgentRow(
        agent=setting.agent,
        place=setting.place,
        place_state=place.state.value,
        place_rests_until=place.rest_until,
        state=agent.state.value,
        since=agent.since,
        reason=agent.reason,
        after_talk=None if planned == "ready" else planned,
        call=None if agent.offer is None else centre.offers[agent.offer].call,
        queues=setting.queues,
    )


def _queue_row(name: QueueId, calls: tuple[CallRow, ...], agents: tuple[AgentRow, ...]) -> QueueRow:
    waiting = [row.since for row in calls if row.queue == name and row.state != _TALKING]
    states = Counter(row.state for row in agents if name in row.queues)
    return QueueRow(name, len(waiting), min(waiting, default=None), MappingProxyType(states))
