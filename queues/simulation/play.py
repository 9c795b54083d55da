"""One run with agents who come and go: what is written down for the day, and what callers bring.

As `run.py`, but here the house changes within the day (settings, agents, phones), a caller may hang
up while a phone rings, and a phone's ringing may come to nothing: a pause, a phone that is lost.
Agents pick up after `ring_s`, and never later than the phone rings. Nothing is decided here.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from enum import IntEnum
from heapq import heappop, heappush
from math import inf, isfinite

import numpy as np

from queues.centre.facts.calls import CallRefused, CallReturned
from queues.centre.facts.fact import Fact
from queues.centre.facts.offers import OfferMade, TalkBegan
from queues.centre.inputs.calls import CallEnded, EndCause, QueueEntered
from queues.centre.inputs.house import TimerFired
from queues.centre.inputs.input import Input
from queues.centre.inputs.offers import AgentLegEnded, OfferAnswered, TalkStarted
from queues.centre.state import Centre, next_wake
from queues.centre.step import step
from queues.ids import AgentId, CallId, OfferId
from queues.simulation.callers import Callers
from queues.simulation.outcome import End, Outcome

Step = Callable[[Centre, Input, float], tuple[Fact, ...]]


@dataclass(frozen=True, slots=True)
class Script:
    """What happens whatever the centre decides.

    `house`: settings, agents and phones, each at its second since the begin, in order of time.
    `entries`: what the centre hears of each caller, in the order of arrival; ids are given here.
    """

    house: Sequence[tuple[float, Input]]
    entries: Sequence[QueueEntered]
    ring_s: float


def play(script: Script, callers: Callers, *, take: Step = step) -> Outcome:
    """Let these callers come, and give what became of each; a wait counts from the arrival."""
    return _Play(script, callers, take).through()


class _Due(IntEnum):
    """What can be due; of what is due at one moment the lowest comes first."""

    TALK_OVER = 1
    PICK_UP = 2
    GIVE_UP = 3


_TIMER = TimerFired()


@dataclass(slots=True)
class _Play:
    script: Script
    callers: Callers
    take: Step
    centre: Centre = field(default_factory=Centre)
    due: list[tuple[float, int, int, OfferId]] = field(default_factory=list)
    end: list[int] = field(init=False)
    wait: list[float] = field(init=False)
    agent: list[int] = field(init=False)
    numbers: dict[AgentId, int] = field(default_factory=dict)
    at: float = 0.0

    def __post_init__(self) -> None:
        count = len(self.callers)
        self.end, self.wait, self.agent = [0] * count, [0.0] * count, [-1] * count

    def through(self) -> Outcome:
        """Let everything happen, in the order of time: deadlines, callers' ends, the house."""
        house = [*self.script.house, (inf, _TIMER)]
        arrivals = [*self.callers.arrived.tolist(), inf]
        told = coming = 0
        while True:
            wake = next_wake(self.centre)
            at = self.due[0][0] if self.due else inf
            ahead = min(at, house[told][0], arrivals[coming])
            if wake is not None and wake <= ahead:
                self._hear(_TIMER, wake)
            elif ahead == inf:
                return self._outcome()
            elif at == ahead:
                self._happen(*heappop(self.due))
            elif house[told][0] == ahead:
                self._hear(house[told][1], ahead)
                told += 1
            else:
                self._arrive(coming, ahead)
                coming += 1

    def _arrive(self, caller: int, now: float) -> None:
        patience = float(self.callers.patience[caller])
        if isfinite(patience):
            heappush(self.due, (now + patience, _Due.GIVE_UP, caller, OfferId("")))
        self._hear(replace(self.script.entries[caller], call=CallId(str(caller))), now)

    def _happen(self, now: float, what: int, caller: int, offer: OfferId) -> None:
        if what == _Due.TALK_OVER:
            self._hear(AgentLegEnded(offer), now)
        elif what == _Due.PICK_UP:
            if offer in self.centre.offers:
                self._hear(OfferAnswered(offer), now)
                self._hear(TalkStarted(offer), now)
        elif not self.end[caller]:
            self._is_over(caller, End.HUNG_UP, now)
            self._hear(CallEnded(CallId(str(caller)), EndCause.HUNG_UP), now)

    def _hear(self, what: Input, now: float) -> None:
        self.at = now
        for fact in self.take(self.centre, what, now):
            if type(fact) is OfferMade:
                rings_s = min(self.script.ring_s, fact.ring_timeout_s)
                heappush(self.due, (now + rings_s, _Due.PICK_UP, int(fact.call), fact.offer))
            elif type(fact) is TalkBegan:
                caller = int(fact.call)
                self._is_over(caller, End.ANSWERED, now)
                self.agent[caller] = self.numbers.setdefault(fact.agent, len(self.numbers))
                over = now + float(self.callers.service[caller])
                heappush(self.due, (over, _Due.TALK_OVER, caller, fact.offer))
            elif type(fact) is CallRefused:
                self._is_over(int(fact.call), End.TURNED_AWAY, now)
            elif type(fact) is CallReturned and not self.end[int(fact.call)]:
                self._is_over(int(fact.call), End.GIVEN_BACK, now)

    def _is_over(self, caller: int, end: End, now: float) -> None:
        self.end[caller] = end
        self.wait[caller] = now - float(self.callers.arrived[caller])

    def _outcome(self) -> Outcome:
        for caller, end in enumerate(self.end):
            if not end:
                self._is_over(caller, End.NOT_KNOWN, self.at)
        return Outcome(
            self.callers,
            np.array(self.end, dtype=np.int8),
            np.array(self.wait),
            np.array(self.agent, dtype=np.int32),
        )
