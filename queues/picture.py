"""Which rows a fact touches, and the picture that follows from one fact after the other.

What was looked at never changes, so it can be shown later than it was taken from the state: when
the fact has been committed.
"""

from types import MappingProxyType
from typing import Final

from queues.centre.facts.doors import (
    ClosingLifted,
    ClosingOrdered,
    HoursTaken,
    QueueClosed,
    QueueOpened,
)
from queues.centre.facts.fact import Fact
from queues.centre.facts.house import ClockReanchored, PlacesForgotten, SettingsTaken
from queues.centre.state import Centre
from queues.ids import AgentId, CallId, PlaceId
from queues.view import (
    AgentRow,
    CallRow,
    Change,
    Roster,
    View,
    agent_row,
    call_row,
    callers_call,
    queue_row,
    queue_terms,
)

_OF_QUEUES: Final = (
    *(SettingsTaken, HoursTaken, ClosingOrdered, ClosingLifted, QueueOpened, QueueClosed),
    ClockReanchored,  # a door that stands otherwise by the other clock is due at once
)


def look(centre: Centre, fact: Fact) -> Change:
    """Give the rows that an applied fact touched, taken from the state."""
    calls: list[CallId] = []
    agents: list[AgentId] = []
    if isinstance(fact, SettingsTaken | PlacesForgotten | ClockReanchored):
        agents.extend(centre.agents)
    if isinstance(fact, SettingsTaken | ClockReanchored):
        calls.extend(_callers(centre))
    call: CallId | None = getattr(fact, "call", None)
    agent: AgentId | None = getattr(fact, "agent", None)
    name: PlaceId | None = getattr(fact, "place", None)
    if call is not None:
        calls.append(callers_call(centre, call))
    if agent is not None:
        agents.append(agent)
    if name is not None and (place := centre.places.get(name)) is not None:
        agents.extend(other for other in place.agents if other != agent)
    is_new_roster = isinstance(fact, _OF_QUEUES)
    return _change(centre, fact.at, calls, agents, roster=is_new_roster)


def look_at_all(centre: Centre) -> Change:
    """Give everything that is to be seen of a centre."""
    return _change(centre, centre.at, _callers(centre), list(centre.agents), roster=True)


def _callers(centre: Centre) -> list[CallId]:
    """Give all calls but those that agents ask about others."""
    return [name for name, call in centre.calls.items() if call.consults_for is None]


class Picture:
    """Follows the changes and gives views. A view is built when it is asked for, once for each.

    So a burst of decisions costs the rows it touched and no more, and what was given out never
    changes.
    """

    def __init__(self) -> None:
        self._calls: dict[str, CallRow] = {}
        self._agents: dict[str, AgentRow] = {}
        self._roster = Roster((), ())
        self._view: View | None = None

    def follow(self, change: Change) -> None:
        """Take the rows of one change."""
        self._view = None
        for name, call in change.calls.items():
            if call is None:
                self._calls.pop(name, None)
            else:
                self._calls[name] = call
        for agent, row in change.agents.items():
            if row is None:
                self._agents.pop(agent, None)
            else:
                self._agents[agent] = row
        if change.roster is not None:
            self._roster = change.roster

    def view(self, seq: int) -> View:
        """Give the picture as it is now, after fact `seq`."""
        if self._view is None or self._view.seq != seq:
            calls = tuple(sorted(self._calls.values(), key=lambda row: (row.since, row.call)))
            named = (self._agents.get(name) for name in self._roster.agents)
            agents = tuple(row for row in named if row is not None)
            queues = tuple(queue_row(terms, calls, agents) for terms in self._roster.queues)
            self._view = View(seq, calls, agents, queues)
        return self._view


def _change(
    centre: Centre, at: float, calls: list[CallId], agents: list[AgentId], *, roster: bool
) -> Change:
    known, at_work = centre.calls, centre.agents
    return Change(
        at + centre.wall_ahead_s,
        MappingProxyType(
            {name: call_row(centre, known[name]) if name in known else None for name in calls}
        ),
        MappingProxyType(
            {name: agent_row(centre, at_work[name]) if name in at_work else None for name in agents}
        ),
        _roster(centre) if roster else None,
    )


def _roster(centre: Centre) -> Roster:
    queues = tuple(queue_terms(queue) for queue in centre.queues.values())
    return Roster(tuple(centre.agents), queues)
