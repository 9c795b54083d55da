"""What one change would have turned an offer: nothing is guessed, each change is tried.

For each kind of change the nearest is found by the numbers of the state, made on a copy, and the
policy is asked until nobody can be paired any more. Only what then led to another agent for the
call, or another call for the agent, is told.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from math import floor, inf
from typing import Final

from queues.centre.apply import apply
from queues.centre.facts.offers import OfferMade
from queues.centre.index import rebuild
from queues.centre.inputs.house import PlaceState
from queues.centre.inputs.settings import AgentSetting, Order
from queues.centre.journal.snapshot import from_snapshot, to_snapshot
from queues.centre.lives.agent import AgentState
from queues.centre.pools import barred, counts_as_idle_since
from queues.centre.state import Agent, Call, Centre, could_be_offered, could_take_a_call
from queues.centre.values.needs import PoolKey, Skill
from queues.ids import AgentId, CallId

MOST_TOLD: Final = 4
_TRIES: Final = 3  # of each kind of change
_PAIRS: Final = 200  # that are made at one moment at most, to see how a change ends
_STEP_S: Final = 0.1  # in which seconds are told

Pairing = Callable[[Centre, float], OfferMade | None]


@dataclass(frozen=True, slots=True)
class Turn:
    """A change, what would have followed, and by how many seconds if it is one of time."""

    change: str
    then: str
    by_s: float | None = None


@dataclass(frozen=True, slots=True)
class _Try:
    """A change in words and as what it does to a copy. `nearness`: the smallest is tried first."""

    change: str
    do: Callable[[Centre], None]
    nearness: float
    by_s: float | None = None


def turns(centre: Centre, made: OfferMade, pair: Pairing) -> tuple[Turn, ...]:
    """Give the changes that would have turned an offer, the nearest first.

    `centre` is the state before it, which stays as it is; `pair` the policy that decided.
    """
    stored = to_snapshot(centre)
    kinds = (
        _agents_idle_longer(centre, made),
        _calls_at_other_times(centre, made),
        _agents_who_could_do_more(centre, made),
        _calls_for_which_the_agent_lacked_one_thing(centre, made),
        _agents_who_were_held_up(centre, made),
        _calls_that_rested(centre, made),
    )
    found: list[Turn] = []
    for tries in kinds:
        nearest = sorted(tries, key=lambda each: each.nearness)
        for each in nearest[:_TRIES]:
            copy = from_snapshot(stored)
            each.do(copy)
            rebuild(copy)
            then = _what_then(copy, made, pair)
            if then is not None:
                found.append(Turn(each.change, then, each.by_s))
                break
    found.sort(key=lambda turn: inf if turn.by_s is None else turn.by_s)  # stable
    return tuple(found[:MOST_TOLD])


def _what_then(centre: Centre, made: OfferMade, pair: Pairing) -> str | None:
    """Pair until nobody can be; give what became of call and agent, None if they met all the same.

    A call that rings at another phone takes precedence over what the agent gets instead.
    """
    agent_of: AgentId | None = None
    call_of: CallId | None = None
    for _ in range(_PAIRS):
        offer = pair(centre, made.at)
        if offer is None:
            break
        if (offer.call, offer.agent) == (made.call, made.agent):
            return None
        agent_of = offer.agent if offer.call == made.call else agent_of
        call_of = offer.call if offer.agent == made.agent else call_of
        apply(centre, offer)
    if agent_of is not None:
        return f"{agent_of} would have been rung"
    if call_of is not None:
        return f"{made.agent} would have got call {call_of}"
    return None


def _agents_idle_longer(centre: Centre, made: OfferMade) -> Iterator[_Try]:
    chosen, call = centre.agents[made.agent], centre.calls[made.call]
    for agent in _free(centre):
        if agent is chosen or barred(agent.setting, call.key) is not None:
            continue
        by_counting = _counts(agent) - _counts(chosen)
        for gap_s in {by_counting, agent.idle_since - chosen.idle_since}:
            if gap_s >= 0:
                by_s = _rounded_up(gap_s)
                name = agent.setting.agent
                change = f"had {name} been idle {by_s:.1f} s longer"
                yield _Try(change, _idle_since(name, agent.idle_since - by_s), by_s, by_s)


def _calls_at_other_times(centre: Centre, made: OfferMade) -> Iterator[_Try]:
    chosen, agent = centre.calls[made.call], centre.agents[made.agent].setting
    others = (
        call
        for call in centre.calls.values()
        if call is not chosen and could_be_offered(call) and barred(agent, call.key) is None
    )
    for call in sorted(others, key=lambda each: each.rank)[: MOST_TOLD * _TRIES]:
        for shift_s in _shifts(centre, call, chosen, made.at):
            by_s = _rounded_up(abs(shift_s))
            earlier = shift_s >= 0
            change = f"had call {call.call} come {by_s:.1f} s {'earlier' if earlier else 'later'}"
            since = call.since - (by_s if earlier else -by_s)
            if since <= made.at:
                yield _Try(change, _waiting_since(call.call, since), by_s, by_s)


def _shifts(centre: Centre, call: Call, chosen: Call, now: float) -> Iterator[float]:
    """Give by how many seconds earlier (later if below 0) a call may have had to come."""
    gap_s = call.rank[0] - chosen.rank[0]
    if gap_s >= 0:
        yield gap_s
    setting = centre.queues[call.queue].setting
    if setting.order is Order.SERVICE_LEVEL:
        waited_s = now - call.since
        to_cap_s, to_mark_s = setting.cap_s - waited_s, waited_s - setting.mark_s
        if to_cap_s > 0:
            yield to_cap_s
        if to_mark_s + setting.pick_up_s > 0:
            yield -(to_mark_s + setting.pick_up_s)


def _agents_who_could_do_more(centre: Centre, made: OfferMade) -> Iterator[_Try]:
    key = centre.calls[made.call].key
    for agent in _free(centre):
        more = _with_one_thing_more(agent.setting, key)
        if more is not None:
            changed, words = more
            idle_since = counts_as_idle_since(changed, agent.idle_since)
            change = f"had {agent.setting.agent} {words}"
            yield _Try(change, _set(changed), idle_since)


def _calls_for_which_the_agent_lacked_one_thing(centre: Centre, made: OfferMade) -> Iterator[_Try]:
    setting = centre.agents[made.agent].setting
    keys = {pool.key: pool for pool in centre.pools.values() if pool.waiting}
    for key, pool in keys.items():
        more = _with_one_thing_more(setting, key)
        if more is not None:
            changed, words = more
            yield _Try(f"had {made.agent} {words}", _set(changed), pool.waiting[0][0])


def _agents_who_were_held_up(centre: Centre, made: OfferMade) -> Iterator[_Try]:
    """Those able who paused or wrapped up, or whose phone was the obstacle."""
    key = centre.calls[made.call].key
    for agent in centre.agents.values():
        setting, place = agent.setting, centre.places[agent.setting.place]
        if barred(setting, key) is not None or place.offer is not None:
            continue
        could_ring = place.state is PlaceState.FREE and place.rest_until is None
        if agent.state in (AgentState.PAUSED, AgentState.WRAP_UP) and could_ring:
            was = "paused" if agent.state is AgentState.PAUSED else "in wrap-up"
            idle_since = agent.since
            change = f"had {setting.agent} been ready and not {was}"
        elif agent.state is AgentState.READY and not could_ring:
            idle_since = agent.idle_since
            change = f"had phone {place.place} of {setting.agent} been free to ring"
        else:
            continue
        nearness = counts_as_idle_since(setting, idle_since)
        yield _Try(change, _at_work(setting, idle_since), nearness)


def _calls_that_rested(centre: Centre, made: OfferMade) -> Iterator[_Try]:
    agent = centre.agents[made.agent].setting
    for call in centre.calls.values():
        if call.rest_until is not None and barred(agent, call.key) is None:
            change = f"had call {call.call} not rested after failed joins"
            yield _Try(change, _without_rest(call.call), call.rank[0])


def _with_one_thing_more(setting: AgentSetting, key: PoolKey) -> tuple[AgentSetting, str] | None:
    """Give an agent with the one thing that a key asks for and the agent lacks; None if not one."""
    has = {each.skill: each.level for each in setting.skills}
    changes: list[tuple[AgentSetting, str]] = []
    if key.queue not in setting.queues:
        queues = (*setting.queues, key.queue)
        changes.append((replace(setting, queues=queues), f"served queue {key.queue}"))
    for wanted in key.need.skills:
        if has.get(wanted.skill, 0) < wanted.level:
            others = tuple(each for each in setting.skills if each.skill != wanted.skill)
            skills = (*others, Skill(wanted.skill, wanted.level))
            words = f"level {wanted.level} in {wanted.skill}"
            changes.append((replace(setting, skills=skills), words))
    language = key.need.language
    if language is not None and language not in setting.languages:
        languages = (*setting.languages, language)
        changes.append((replace(setting, languages=languages), f"language {language}"))
    if len(changes) != 1 or barred(changes[0][0], key) is not None:
        return None
    return changes[0]


def _free(centre: Centre) -> Iterator[Agent]:
    return (agent for agent in centre.agents.values() if could_take_a_call(centre, agent))


def _counts(agent: Agent) -> float:
    return counts_as_idle_since(agent.setting, agent.idle_since)


def _rounded_up(seconds: float) -> float:
    """Give seconds as they are told, a little more than was needed."""
    return round((floor(seconds / _STEP_S + 1e-9) + 1) * _STEP_S, 1)


def _idle_since(agent: AgentId, since: float) -> Callable[[Centre], None]:
    def do(centre: Centre) -> None:
        centre.agents[agent].idle_since = since

    return do


def _waiting_since(call: CallId, since: float) -> Callable[[Centre], None]:
    def do(centre: Centre) -> None:
        centre.calls[call].since = since

    return do


def _set(setting: AgentSetting) -> Callable[[Centre], None]:
    def do(centre: Centre) -> None:
        centre.agents[setting.agent].setting = setting

    return do


def _at_work(setting: AgentSetting, idle_since: float) -> Callable[[Centre], None]:
    def do(centre: Centre) -> None:
        agent, place = centre.agents[setting.agent], centre.places[setting.place]
        agent.state, agent.idle_since, agent.wrap_up_until = AgentState.READY, idle_since, None
        place.state, place.rest_until = PlaceState.FREE, None

    return do


def _without_rest(call: CallId) -> Callable[[Centre], None]:
    def do(centre: Centre) -> None:
        centre.calls[call].rest_until = None

    return do
