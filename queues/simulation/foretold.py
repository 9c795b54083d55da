"""A day on which waits are foretold: the centre is told what was learned, and its word is noted."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from math import inf
from typing import Final

import numpy as np

from queues.centre.estimates.estimate import Expected
from queues.centre.facts.estimates import EstimateMade
from queues.centre.facts.fact import Fact
from queues.centre.inputs.input import Input
from queues.centre.inputs.settings import SettingsLoaded
from queues.centre.state import Centre
from queues.centre.step import step
from queues.centre.values.learned import EstimatesLearned, Learned
from queues.centre.values.needs import ANYBODY
from queues.ids import QueueId
from queues.reports.seen import SeenTalk, SeenWait
from queues.simulation.callers import Callers, Demand, draw_callers
from queues.simulation.house import House, caller_of
from queues.simulation.outcome import End, Outcome
from queues.simulation.run import run

_PROBES: Final = 11  # the stream of chance by which some callers never hang up


@dataclass(frozen=True, slots=True)
class ForetoldDay:
    """A day's callers, what became of them, and what each was foretold who had to wait."""

    house: House
    outcome: Outcome
    told: Mapping[int, EstimateMade]


def foretell_day(house: House, callers: Callers, learned: Learned) -> ForetoldDay:
    """Let these callers come to a centre that has learned this."""
    noted = _Noted(learned)
    return ForetoldDay(house, run(house, callers, take=noted.take), noted.told)


def seen_of(found: ForetoldDay, day: int) -> tuple[list[SeenTalk], list[SeenWait]]:
    """Give what is to be learned of a day: its talks, and its waits with what was foretold."""
    house, outcome = found.house, found.outcome
    more_s = house.ring_s + house.wrap_up_s
    talks, waits = list[SeenTalk](), list[SeenWait]()
    for caller, (need, end) in enumerate(
        zip(outcome.callers.need.tolist(), outcome.end.tolist(), strict=True)
    ):
        queue = QueueId(house.needs[need])
        talked = end == End.ANSWERED
        if talked:
            service_s = float(outcome.callers.service[caller])
            talks.append(SeenTalk(queue, service_s + more_s, house.ring_s))
        made = found.told.get(caller)
        waits.append(
            SeenWait(
                queue,
                ANYBODY,
                day,
                float(outcome.wait[caller]),
                talked,
                end == End.HUNG_UP,
                None if made is None else foretold_of(made),
                0.0 if made is None else made.head_s,
            )
        )
    return talks, waits


def foretold_of(made: EstimateMade) -> Expected:
    """Give the formula's part of what was foretold."""
    return Expected(made.expected_s, made.ahead, None, made.agents)


def callers_with_probes(demand: Demand, seed: int, share: float) -> tuple[Callers, Sequence[bool]]:
    """Draw the callers of a seed, and who of them never hangs up, however long it takes."""
    callers = draw_callers(demand, seed)
    chance = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(_PROBES,)))
    probes = chance.random(len(callers)) < share
    return replace(callers, patience=np.where(probes, inf, callers.patience)), probes.tolist()


@dataclass(slots=True)
class _Noted:
    learned: Learned
    told: dict[int, EstimateMade] = field(default_factory=dict)

    def take(self, centre: Centre, what: Input, now: float) -> tuple[Fact, ...]:
        facts = step(centre, what, now)
        if isinstance(what, SettingsLoaded):
            step(centre, EstimatesLearned(self.learned), now)
        for fact in facts:
            if type(fact) is EstimateMade:
                self.told[caller_of(fact.call)] = fact
        return facts
