"""What others may see of the centre: immutable rows of calls, agents and queues.

Times in rows are those of the wall clock, as it was last looked at: the centre keeps a time of its
own, that no hand on the clock moves.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Final

from queues.centre.lives.call import WITH_AGENT, CallState
from queues.centre.lives.door import Shut
from queues.centre.state import Agent, Call, Centre, Queue
from queues.centre.values.needs import Need, Skill
from queues.ids import AgentId, CallId, QueueId

Json = dict[str, object]
_TALKING: Final = "talking"
_WITH_AGENT: Final = frozenset(state.value for state in WITH_AGENT)


@dataclass(frozen=True, slots=True)
class ConsultRow:
    """Whom the agent of a held call asks: of `queue`, or one agent alone, and how far it is.

    `state` is waiting (nobody is rung), offered, connecting or talking (the two agents).
    """

    queue: str
    state: str
    since: float  # of the state, Unix seconds
    agent: str | None  # who is rung, or asked
    waits_for: str | None

    def json(self) -> Json:
        """Give the row as the API and the live stream show it."""
        return {
            "queue": self.queue,
            "state": self.state,
            "since": iso(self.since),
            "agent": self.agent,
            "waits_for": self.waits_for,
        }


@dataclass(frozen=True, slots=True)
class CallRow:
    """A call in the centre. Times in Unix seconds: of its hand-over, and of its state.

    `rests_until` is set while it waits and is not offered, because it was not joined. `need_steps`
    of its queue have relaxed `need`, which asks for less at `need_until`, or until then it
    `waits_for` one agent alone; neither once it talks. It was transferred `hops` times;
    `owner` is whom it is owed to. If a range was told of its wait, its talk is to begin from
    `talk_from` to `talk_by`. While it is held its agent asks another one: `consult`.
    """

    call: str
    line: str
    queue: str
    state: str
    since: float
    state_since: float
    agent: str | None
    rests_until: float | None
    hops: int
    owner: str | None
    need: Need
    need_steps: int
    need_until: float | None
    waits_for: str | None
    credit_s: float  # counts as waited, before it came
    talk_from: float | None
    talk_by: float | None
    consult: ConsultRow | None = None

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
            "rests_until": _iso_or_none(self.rests_until),
            "hops": self.hops,
            "owner": self.owner,
            "need": {"skills": _levels(self.need.skills), "language": self.need.language},
            "need_steps": self.need_steps,
            "need_until": _iso_or_none(self.need_until),
            "waits_for": self.waits_for,
            "credit_s": self.credit_s,
            "talk_from": _iso_or_none(self.talk_from),
            "talk_by": _iso_or_none(self.talk_by),
            "consult": None if self.consult is None else self.consult.json(),
        }


@dataclass(frozen=True, slots=True)
class AgentRow:
    """An agent and the phone. `since` is of the state, in Unix seconds.

    While `place_rests_until` is set the phone is not rung: it was not reached, or not joined.
    Wrap-up ends at `wrap_up_until`, and until `breath_until` a ready agent is not offered a call.
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
    skills: tuple[Skill, ...]
    languages: tuple[str, ...]
    wrap_up_until: float | None = None
    breath_until: float | None = None

    def json(self) -> Json:
        """Give the row as the API and the live stream show it, times as aware ISO 8601."""
        return {
            "id": self.agent,
            "place": self.place,
            "place_state": self.place_state,
            "place_rests_until": _iso_or_none(self.place_rests_until),
            "state": self.state,
            "since": iso(self.since),
            "reason": self.reason,
            "after_talk": self.after_talk,
            "call": self.call,
            "queues": list(self.queues),
            "wrap_up_until": _iso_or_none(self.wrap_up_until),
            "breath_until": _iso_or_none(self.breath_until),
            "skills": _levels(self.skills),
            "languages": list(self.languages),
        }


@dataclass(frozen=True, slots=True)
class QueueTerms:
    """When a queue takes calls, how many and for how long; None for as many as come, for ever.

    With `needs_somebody` it takes those alone that somebody signed in could take. It is open or not
    until `turns_at` (Unix seconds), if that is in sight; `shut` is a closing by hand.
    """

    queue: QueueId
    most_waiting: int | None
    longest_wait_s: float | None
    needs_somebody: bool
    is_open: bool
    turns_at: float | None
    shut: Shut | None

    def json(self) -> Json:
        """Give limits and door as the API and the live stream show them."""
        turns_at, shut = _iso_or_none(self.turns_at), self.shut
        return {
            "limits": {
                "most_waiting": self.most_waiting,
                "longest_wait_s": self.longest_wait_s,
                "needs_somebody": self.needs_somebody,
            },
            "open": self.is_open,
            "closes_at": turns_at if self.is_open else None,
            "opens_at": None if self.is_open else turns_at,
            "closed_by_hand": None
            if shut is None
            else {
                "by": shut.by,
                "from": iso(shut.since),
                "until": _iso_or_none(shut.until),
            },
        }


@dataclass(frozen=True, slots=True)
class QueueRow:
    """A queue: calls without an agent on the line, its agents by state, and its limits."""

    queue: str
    waiting: int
    oldest_since: float | None  # Unix seconds
    agents: Mapping[str, int]
    terms: QueueTerms

    def json(self) -> Json:
        """Give the row as the API and the live stream show it, times as aware ISO 8601."""
        return {
            "id": self.queue,
            "waiting": self.waiting,
            "oldest_since": _iso_or_none(self.oldest_since),
            "agents": dict(self.agents),
            **self.terms.json(),
        }


@dataclass(frozen=True, slots=True)
class View:
    """The whole picture after fact `seq`. Calls longest wait first, agents as in the settings."""

    seq: int
    calls: tuple[CallRow, ...]
    agents: tuple[AgentRow, ...]
    queues: tuple[QueueRow, ...]

    def place(self, call: str) -> int | None:
        """Give which of its queue's waiting calls this is, from 1; None if it does not wait."""
        row = next((row for row in self.calls if row.call == call), None)
        if row is None or row.state in _WITH_AGENT:
            return None
        mine = (row.since - row.credit_s, row.call)
        others = (r for r in self.calls if r.queue == row.queue and r.state not in _WITH_AGENT)
        return 1 + sum((r.since - r.credit_s, r.call) < mine for r in others)

    def queue_of(self, call: str) -> str | None:
        """Give the queue in which a call is; None if it is in none."""
        return next((row.queue for row in self.calls if row.call == call), None)

    def told_range(self, call: str) -> tuple[float, float] | None:
        """Give when the talk of a waiting call was foretold to begin; None if no range was told."""
        row = next((row for row in self.calls if row.call == call), None)
        if row is None or row.talk_from is None or row.talk_by is None:
            return None
        return row.talk_from, row.talk_by

    def agent(self, name: str) -> AgentRow | None:
        """Give one agent's row, or None if there is no such agent."""
        return next((row for row in self.agents if row.agent == name), None)


@dataclass(frozen=True, slots=True)
class Roster:
    """Which agents and queues there are, in the order of the settings."""

    agents: tuple[AgentId, ...]
    queues: tuple[QueueTerms, ...]


@dataclass(frozen=True, slots=True)
class Change:
    """The rows that one fact touched, as they are after the decision; None for what is gone.

    `at` is the fact's time by the wall clock in Unix seconds; `roster` is given where it may have
    changed.
    """

    at: float
    calls: Mapping[str, CallRow | None]
    agents: Mapping[str, AgentRow | None]
    roster: Roster | None = None


def iso(at: float) -> str:
    """Give Unix seconds as an aware ISO 8601 time in UTC, to the millisecond."""
    return datetime.fromtimestamp(at, tz=UTC).isoformat(timespec="milliseconds")


def _iso_or_none(at: float | None) -> str | None:
    return None if at is None else iso(at)


def call_row(centre: Centre, call: Call) -> CallRow:
    """Give the row of a call."""
    ahead = centre.wall_ahead_s
    agent = None if call.offer is None else centre.offers[call.offer].agent
    until = None if call.state in WITH_AGENT else call.need_until
    return CallRow(
        call=call.call,
        line=call.line,
        queue=call.queue,
        state=call.state.value,
        since=call.since + ahead,
        state_since=call.state_since + ahead,
        agent=agent,
        rests_until=None if call.rest_until is None else call.rest_until + ahead,
        hops=call.hops,
        owner=call.owner,
        need=call.need,
        need_steps=call.steps,
        need_until=None if until is None else until + ahead,
        waits_for=None if call.state in WITH_AGENT else call.only,
        credit_s=call.credit_s,
        talk_from=None if call.talk_from is None else call.talk_from + ahead,
        talk_by=None if call.talk_by is None else call.talk_by + ahead,
        consult=_consult_row(centre, call),
    )


def callers_call(centre: Centre, name: CallId) -> CallId:
    """Give the call that is shown for this one: of what an agent asks, the call that is held."""
    call = centre.calls.get(name)
    return name if call is None or call.consults_for is None else call.consults_for


def _consult_row(centre: Centre, call: Call) -> ConsultRow | None:
    if call.state is not CallState.HELD:
        return None
    asking = centre.calls.get(CallId(str(call.offer)))
    if asking is None:  # after a fault in the midst of a decision
        return None
    return ConsultRow(
        queue=asking.queue,
        state=asking.state.value,
        since=asking.state_since + centre.wall_ahead_s,
        agent=None if asking.offer is None else centre.offers[asking.offer].agent,
        waits_for=asking.only,
    )


def agent_row(centre: Centre, agent: Agent) -> AgentRow:
    """Give the row of an agent."""
    ahead = centre.wall_ahead_s
    setting, place = agent.setting, centre.places[agent.setting.place]
    planned = agent.after_talk.value if agent.state == _TALKING else None
    return AgentRow(
        agent=setting.agent,
        place=setting.place,
        place_state=place.state.value,
        place_rests_until=None if place.rest_until is None else place.rest_until + ahead,
        state=agent.state.value,
        since=agent.since + ahead,
        reason=agent.reason,
        after_talk=None if planned == "ready" else planned,
        call=None if agent.offer is None else callers_call(centre, centre.offers[agent.offer].call),
        queues=setting.queues,
        wrap_up_until=None if agent.wrap_up_until is None else agent.wrap_up_until + ahead,
        breath_until=None if agent.breath_until is None else agent.breath_until + ahead,
        skills=setting.skills,
        languages=setting.languages,
    )


def queue_terms(queue: Queue) -> QueueTerms:
    """Give under which terms a queue takes calls."""
    setting = queue.setting
    return QueueTerms(
        setting.queue,
        setting.most_waiting,
        setting.longest_wait_s,
        setting.needs_somebody,
        queue.is_open,
        queue.turns_at,
        queue.shut,
    )


def queue_row(
    terms: QueueTerms, calls: tuple[CallRow, ...], agents: tuple[AgentRow, ...]
) -> QueueRow:
    """Give the row of a queue, from those of all calls and all agents."""
    name = terms.queue
    waiting = [row.since for row in calls if row.queue == name and row.state not in _WITH_AGENT]
    states = Counter(row.state for row in agents if name in row.queues)
    oldest = min(waiting, default=None)
    return QueueRow(name, len(waiting), oldest, MappingProxyType(states), terms)


def _levels(skills: tuple[Skill, ...]) -> Json:
    return {each.skill: each.level for each in skills}
