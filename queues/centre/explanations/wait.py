"""Where the time of a wait went: one stretch after the other, each with what the call waited for.

Of the agents who could take the call it is looked at what they did: signed out, paused, busy with
calls that came before it or after it, in wrap-up, or ready at phones that could not be rung.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from queues.centre.facts.agents import AgentForgotten
from queues.centre.facts.calls import CallQueued
from queues.centre.facts.house import HistoryLost, PlacesForgotten, SettingsTaken
from queues.centre.facts.offers import OfferAccepted, OfferMissed, OfferWithdrawn
from queues.centre.inputs.offers import RefuseCause
from queues.centre.journal.row import JournalRow
from queues.centre.lives.agent import AgentState
from queues.centre.lives.call import WITH_AGENT, CallState
from queues.centre.pools import barred
from queues.centre.state import Agent, Call, Centre
from queues.centre.values.needs import PoolKey
from queues.ids import AgentId, CallId


class WaitedFor(StrEnum):
    """What a waiting call waited for, for a while."""

    ELSEWHERE = "elsewhere"  # it had waited before it came here
    NOBODY_ABLE = "nobody_able"
    NOBODY_SIGNED_IN = "nobody_signed_in"
    PAUSED = "paused"
    BUSY_WITH_OLDER = "busy_with_older"
    BUSY = "busy"  # some with calls that came later
    WRAP_UP = "wrap_up"
    BREATH = "breath"
    PHONES = "phones"
    RESTED = "rested"
    RINGS = "rings"  # and it is not known yet what comes of it
    RANG = "rang"  # until it was picked up
    RANG_UNANSWERED = "rang_unanswered"
    RANG_IN_VAIN = "rang_in_vain"
    JOINING = "joining"
    UNKNOWN = "unknown"


_WORDS: Final[Mapping[WaitedFor, str]] = MappingProxyType(
    {
        WaitedFor.ELSEWHERE: "it waited elsewhere, before it came here",
        WaitedFor.NOBODY_ABLE: "{nobody} has what it asks for",
        WaitedFor.NOBODY_SIGNED_IN: "{nobody} who could take it was signed in",
        WaitedFor.PAUSED: "{all} who could take it, and were signed in, were paused",
        WaitedFor.BUSY_WITH_OLDER: "{all} who could take it were busy, with calls from before it",
        WaitedFor.BUSY: "{all} who could take it were busy, some with calls that came after it",
        WaitedFor.WRAP_UP: "{all} who could take it were in wrap-up",
        WaitedFor.BREATH: "an agent who could take it had a breath between two calls",
        WaitedFor.PHONES: "agents were ready, but their phones could not be rung",
        WaitedFor.RESTED: "it rested after joins that failed",
        WaitedFor.RINGS: "the phone of {agent} rings",
        WaitedFor.RANG: "the phone of {agent} rang until it was picked up",
        WaitedFor.RANG_UNANSWERED: "the phone of {agent} rang unanswered",
        WaitedFor.RANG_IN_VAIN: "the phone of {agent} was rung, and no talk came of it",
        WaitedFor.JOINING: "it was being joined with {agent}",
        WaitedFor.UNKNOWN: "not known: rows of the journal are missing",
    }
)
_OF_ONE_OFFER: Final = frozenset({WaitedFor.RINGS, WaitedFor.JOINING})
_ABOUT_A_PHONE: Final = frozenset(
    {
        WaitedFor.RINGS,
        WaitedFor.RANG,
        WaitedFor.RANG_UNANSWERED,
        WaitedFor.RANG_IN_VAIN,
        WaitedFor.JOINING,
    }
)
_CHANGES_WHO_IS_ABLE: Final = frozenset(
    {SettingsTaken.TYPE, HistoryLost.TYPE, AgentForgotten.TYPE, PlacesForgotten.TYPE}
)
_WHILE_RINGING: Final = (CallState.OFFERED, CallState.CONNECTING)


@dataclass(frozen=True, slots=True)
class Stretch:
    """A part of a wait. `until` is None while it lasts. `agent`: whose phone, or who is kept for.

    Times in Unix seconds of the centre.
    """

    waited_for: WaitedFor
    agent: AgentId | None
    since: float
    until: float | None


def words_of_stretch(stretch: Stretch) -> str:
    """Give what the call waited for, in words."""
    if stretch.agent is not None and stretch.waited_for not in _ABOUT_A_PHONE:
        return f"it waited for {stretch.agent} alone"
    return _WORDS[stretch.waited_for].format(
        agent=stretch.agent, nobody="no agent", all="all agents"
    )


def sums(stretches: Iterable[Stretch]) -> Mapping[WaitedFor, float]:
    """Give how long a call waited for what in all, as far as that is over, the longest first."""
    found: dict[WaitedFor, float] = {}
    for each in stretches:
        if each.until is not None:
            lasted_s = each.until - each.since
            found[each.waited_for] = found.get(each.waited_for, 0.0) + lasted_s
    return dict(sorted(found.items(), key=lambda item: -item[1]))


class WaitFollowed:
    """Follows one call through the states of the centre; asks again only when something changed."""

    def __init__(self, call: CallId) -> None:
        self._call = call
        self._stretches: list[Stretch] = []
        self._able: dict[AgentId, None] | None = None
        self._key: PoolKey | None = None
        self._places: frozenset[str] = frozenset()

    def stretches(self) -> tuple[Stretch, ...]:
        """Give what was seen so far, without stretches that took no time."""
        return tuple(each for each in self._stretches if each.since != each.until)

    def look(self, centre: Centre, row: JournalRow, *, is_known: bool) -> None:
        """Look at the state after a row."""
        if not is_known:
            if self._is_open():
                self._go_on(WaitedFor.UNKNOWN, None, row.at)
            return
        if row.kind != "fact":
            return
        if row.type in _CHANGES_WHO_IS_ABLE:
            self._able = None
        is_own = row.subject == self._call
        if is_own:
            self._tell_what_came_of_ringing(row)
        call = centre.calls.get(self._call)
        if call is None or call.state in WITH_AGENT:
            self._end(row.at)
        elif is_own or self._able is None or self._is_of_interest(row):
            if row.type == CallQueued.TYPE and is_own and call.since < row.at:
                self._go_on(WaitedFor.ELSEWHERE, None, call.since)
            self._go_on(*self._judged(centre, call), row.at)

    def _is_open(self) -> bool:
        return bool(self._stretches) and self._stretches[-1].until is None

    def _is_of_interest(self, row: JournalRow) -> bool:
        able = self._able or {}
        return row.payload.get("agent") in able or row.payload.get("place") in self._places

    def _end(self, at: float) -> None:
        if self._is_open():
            last = self._stretches[-1]
            self._stretches[-1] = Stretch(last.waited_for, last.agent, last.since, at)

    def _go_on(self, waited_for: WaitedFor, agent: AgentId | None, at: float) -> None:
        last = self._stretches[-1] if self._is_open() else None
        same = last is not None and (last.waited_for, last.agent) == (waited_for, agent)
        if not same:
            self._end(at)
            self._stretches.append(Stretch(waited_for, agent, at, None))

    def _tell_what_came_of_ringing(self, row: JournalRow) -> None:
        """The stretch that ends here is told by what came of it."""
        if not self._is_open() or self._stretches[-1].waited_for not in _OF_ONE_OFFER:
            return
        last = self._stretches[-1]
        if row.type == OfferMissed.TYPE and row.payload.get("cause") == RefuseCause.NO_ANSWER.value:
            waited_for = WaitedFor.RANG_UNANSWERED
        elif row.type in (OfferMissed.TYPE, OfferWithdrawn.TYPE):
            waited_for = WaitedFor.RANG_IN_VAIN
        elif row.type == OfferAccepted.TYPE:
            waited_for = WaitedFor.RANG
        else:
            return
        self._stretches[-1] = Stretch(waited_for, last.agent, last.since, row.at)

    def _judged(self, centre: Centre, call: Call) -> tuple[WaitedFor, AgentId | None]:
        if call.state in _WHILE_RINGING and call.offer is not None:
            agent = centre.offers[call.offer].agent
            rings = call.state is CallState.OFFERED
            return (WaitedFor.RINGS if rings else WaitedFor.JOINING), agent
        if call.rest_until is not None:
            return WaitedFor.RESTED, None
        return _of_agents(centre, call, self._able_agents(centre, call)), call.only

    def _able_agents(self, centre: Centre, call: Call) -> Iterator[Agent]:
        if self._able is None or self._key != call.key:
            self._key = call.key
            agents = [
                agent
                for agent in centre.agents.values()
                if not agent.leaving and barred(agent.setting, call.key) is None
            ]
            self._able = dict.fromkeys(agent.setting.agent for agent in agents)
            self._places = frozenset(agent.setting.place for agent in agents)
        return (centre.agents[name] for name in self._able)


def _of_agents(centre: Centre, call: Call, agents: Iterator[Agent]) -> WaitedFor:
    able = list(agents)
    if not able:
        return WaitedFor.NOBODY_ABLE
    signed_in = [agent for agent in able if agent.state is not AgentState.SIGNED_OUT]
    if not signed_in:
        return WaitedFor.NOBODY_SIGNED_IN
    at_work = [agent for agent in signed_in if agent.state is not AgentState.PAUSED]
    if not at_work:
        return WaitedFor.PAUSED
    with_calls = [
        centre.calls[centre.offers[agent.offer].call]
        for agent in at_work
        if agent.offer is not None
    ]
    if with_calls:
        is_last = all(other.rank < call.rank for other in with_calls)
        return WaitedFor.BUSY_WITH_OLDER if is_last else WaitedFor.BUSY
    if any(agent.state is AgentState.WRAP_UP for agent in at_work):
        return WaitedFor.WRAP_UP
    if any(agent.breath_until is not None for agent in at_work):
        return WaitedFor.BREATH
    return WaitedFor.PHONES
