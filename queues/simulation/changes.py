"""What is changed in a recorded day before it is simulated: who is there, how queues are set."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import count
from typing import Any, Final

from queues.centre.inputs.agents import PauseAsked, ReadyAsked, SignOutAsked
from queues.centre.inputs.house import PlaceChanged, PlaceState
from queues.centre.inputs.input import Input
from queues.centre.inputs.settings import AgentSetting, QueueSetting, SettingsLoaded
from queues.centre.lives.agent import AgentState
from queues.centre.values.needs import Skill
from queues.ids import AgentId, PlaceId, QueueId
from queues.simulation.play import Script
from queues.simulation.recorded import Ask, RecordedDay

_NEW: Final = "more"


@dataclass(frozen=True, slots=True)
class Span:
    """From when until when, in seconds since the day's begin."""

    from_s: float
    to_s: float

    def holds(self, at: float) -> bool:
        """Tell whether a moment lies in it; the end does not."""
        return self.from_s <= at < self.to_s


@dataclass(frozen=True, slots=True)
class MoreAgents:
    """So many more agents, ready all the time, each at a phone of their own."""

    number: int
    queues: tuple[QueueId, ...]
    skills: tuple[Skill, ...]
    languages: tuple[str, ...]
    span: Span


@dataclass(frozen=True, slots=True)
class FewerAgents:
    """These agents are not there; afterwards they are as they were."""

    agents: tuple[AgentId, ...]
    span: Span


@dataclass(frozen=True, slots=True)
class Changes:
    """All changes. `queues`: by queue, the fields of its setting that are others.

    `mark_s` is the time within which calls are to be answered, for the figures alone.
    """

    more: tuple[MoreAgents, ...] = ()
    fewer: tuple[FewerAgents, ...] = ()
    queues: Mapping[QueueId, Mapping[str, Any]] = field(default_factory=dict)
    mark_s: float = 20.0


def agents_of(day: RecordedDay, queue: QueueId | None = None) -> tuple[AgentId, ...]:
    """Give the agents whom the day's settings name, those of one queue if it is given."""
    named = (each for _, loaded in day.settings for each in loaded.agents)
    return tuple(
        dict.fromkeys(each.agent for each in named if queue is None or queue in each.queues)
    )


def changed(day: RecordedDay, changes: Changes) -> RecordedDay:
    """Give the day with these changes; callers stay as they were."""
    for away in changes.fewer:
        asks = [ask for name in agents_of(day) for ask in _asks_without(day.asks, name, away)]
        day = replace(day, asks=tuple(sorted(asks, key=lambda ask: ask.at)))
    new = list(_new_agents(day, changes.more))
    settings = tuple(
        (at, _with_settings(loaded, changes.queues, [setting for setting, _ in new]))
        for at, loaded in day.settings
    )
    first = settings[0][0] if settings else 0.0
    asks = list(day.asks)
    for setting, span in new:
        asks.append(Ask(max(first, span.from_s), setting.agent, AgentState.READY))
        asks.append(Ask(span.to_s, setting.agent, AgentState.SIGNED_OUT))
    phones = tuple((first, PlaceChanged(each.place, PlaceState.FREE)) for each, _ in new)
    return replace(
        day,
        settings=settings,
        asks=tuple(sorted(asks, key=lambda ask: ask.at)),
        places=tuple(sorted((*day.places, *phones), key=lambda each: each[0])),
    )


def script_of(day: RecordedDay) -> Script:
    """Give what happens on a day whatever is decided: of one moment settings come first."""
    house: list[tuple[float, Input]] = [*day.settings, *day.places]
    house += [(ask.at, _asked(ask)) for ask in day.asks]
    return Script(
        sorted(house, key=lambda each: each[0]), [stay.entered for stay in day.stays], day.ring_s
    )


def _asked(ask: Ask) -> Input:
    match ask.state:
        case AgentState.READY:
            return ReadyAsked(ask.agent)
        case AgentState.PAUSED:
            return PauseAsked(ask.agent, ask.reason)
        case _:
            return SignOutAsked(ask.agent)


def _asks_without(asks: Sequence[Ask], name: AgentId, away: FewerAgents) -> Iterator[Ask]:
    mine = [ask for ask in asks if ask.agent == name]
    if name not in away.agents:
        yield from mine
        return
    span = away.span
    yield from (ask for ask in mine if ask.at < span.from_s)
    yield Ask(span.from_s, name, AgentState.SIGNED_OUT)
    before = [ask for ask in mine if ask.at < span.to_s]
    if before and before[-1].state is not AgentState.SIGNED_OUT:
        yield Ask(span.to_s, name, AgentState.READY)
        if before[-1].state is AgentState.PAUSED:
            yield replace(before[-1], at=span.to_s)
    yield from (ask for ask in mine if ask.at >= span.to_s)


def _new_agents(
    day: RecordedDay, more: Sequence[MoreAgents]
) -> Iterator[tuple[AgentSetting, Span]]:
    known = {
        each for _, loaded in day.settings for a in loaded.agents for each in (a.agent, a.place)
    }
    free = (f"{_NEW}-{n}" for n in count(1) if f"{_NEW}-{n}" not in known)
    for each in more:
        for _ in range(each.number):
            name = next(free)
            yield (
                AgentSetting(
                    AgentId(name), PlaceId(name), each.queues, each.skills, each.languages
                ),
                each.span,
            )


def _with_settings(
    loaded: SettingsLoaded,
    queues: Mapping[QueueId, Mapping[str, Any]],
    new: Sequence[AgentSetting],
) -> SettingsLoaded:
    there = {each.queue for each in loaded.queues}
    joining = [replace(a, queues=tuple(q for q in a.queues if q in there)) for a in new]
    return replace(
        loaded,
        queues=tuple(_queue(each, queues.get(each.queue, {})) for each in loaded.queues),
        agents=(*loaded.agents, *joining),
    )


def _queue(setting: QueueSetting, values: Mapping[str, Any]) -> QueueSetting:
    return replace(setting, **values)
