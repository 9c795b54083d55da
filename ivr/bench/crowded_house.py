"""A house where agents differ: 200 of them, 40 needs, and as many callers waiting as asked for.

Every agent talks and the line is kept as long as it was, so that each agent who becomes free has a
choice to be made.
"""

from __future__ import annotations

import itertools
import random
from typing import Final

from queues.centre.facts.fact import Fact
from queues.centre.facts.offers import OfferMade
from queues.centre.inputs.agents import ReadyAsked
from queues.centre.inputs.calls import QueueEntered
from queues.centre.inputs.house import PlaceChanged, PlaceState
from queues.centre.inputs.input import Input
from queues.centre.inputs.offers import OfferAnswered, TalkStarted
from queues.centre.inputs.settings import AgentSetting, QueueSetting, SettingsLoaded
from queues.centre.lives.call import CallState
from queues.centre.state import Centre
from queues.centre.step import step
from queues.centre.values.needs import Need, Skill
from queues.ids import AgentId, CallId, LineId, OfferId, PlaceId, QueueId

AGENTS: Final = 200
NEEDS: Final = 40
_QUEUES: Final = tuple(QueueId(f"q{number}") for number in range(4))
_SKILLS: Final = tuple(f"s{number}" for number in range(10))
_LANGUAGES: Final = ("de", "en")
_SKILLS_OF_AN_AGENT: Final = 5
_BEAT_S: Final = 0.01


class Callers:
    """Callers who come one by one, each with one of 40 needs; the same ones for the same seed."""

    def __init__(self, seed: int) -> None:
        self._chance = random.Random(seed)  # noqa: S311  (a day by its number, no secret)
        self._needs = _needs(self._chance)
        self._numbers = itertools.count(1)

    def next_caller(self) -> QueueEntered:
        """Give the next one to come."""
        number = self._chance.randrange(NEEDS)
        queue = _QUEUES[number % len(_QUEUES)]
        call = CallId(f"c{next(self._numbers)}")
        return QueueEntered(call, LineId("100"), queue, need=self._needs[number])

    def one_of(self, offers: list[OfferId]) -> OfferId:
        """Give the talk that ends next."""
        return self._chance.choice(offers)


def opening(seed: int) -> list[Input]:
    """Give what the centre hears before anybody calls: all agents ready at phones that are free."""
    chance = random.Random(seed)  # noqa: S311
    agents = tuple(_agent(chance, number) for number in range(AGENTS))
    queues = tuple(QueueSetting(queue, 20.0, 0.0, 3) for queue in _QUEUES)
    inputs: list[Input] = [SettingsLoaded(queues, agents, "bench")]
    for agent in agents:
        inputs += PlaceChanged(agent.place, PlaceState.FREE), ReadyAsked(agent.agent)
    return inputs


class CrowdedHouse:
    """The centre of that house, whose every phone is answered at once; talks last until ended."""

    def __init__(self, waiting: int, *, seed: int) -> None:
        self.centre, self.now = Centre(), 1000.0
        self._callers = Callers(seed)
        for what in opening(seed):
            self.take(what)
        while self.waiting() < waiting:
            self.take(self._callers.next_caller())

    def waiting(self) -> int:
        """Give how many wait."""
        return sum(len(pool.waiting) for pool in self.centre.pools.values())

    def beat(self) -> float:
        """Let a little time pass; give what time it is then."""
        self.now += _BEAT_S
        return self.now

    def take(self, what: Input) -> None:
        """Take one input, and answer what rings."""
        self.answer(step(self.centre, what, self.beat()))

    def answer(self, facts: tuple[Fact, ...]) -> None:
        """Let agents pick up and be joined."""
        for fact in facts:
            if isinstance(fact, OfferMade):
                self.take(OfferAnswered(fact.offer))
                self.take(TalkStarted(fact.offer))

    def a_talk(self) -> OfferId:
        """Give a talk that could end now."""
        talks = [
            offer.offer
            for offer in self.centre.offers.values()
            if self.centre.calls[offer.call].state is CallState.TALKING
        ]
        return self._callers.one_of(talks)

    def fill_up(self, waiting: int) -> None:
        """Let callers come until so many wait again."""
        while self.waiting() < waiting:
            self.take(self._callers.next_caller())


def _needs(chance: random.Random) -> list[Need]:
    found: dict[Need, None] = {}
    while len(found) < NEEDS:
        names = sorted(chance.sample(_SKILLS, chance.choice((1, 1, 2))))
        skills = tuple(Skill(name, chance.randint(1, 3)) for name in names)
        found[Need(skills, chance.choice(_LANGUAGES))] = None
    return list(found)


def _agent(chance: random.Random, number: int) -> AgentSetting:
    skills = tuple(
        Skill(name, chance.randint(2, 5)) for name in chance.sample(_SKILLS, _SKILLS_OF_AN_AGENT)
    )
    languages = _LANGUAGES[: chance.choice((1, 2))]
    return AgentSetting(AgentId(f"a{number}"), PlaceId(f"p{number}"), _QUEUES, skills, languages)
