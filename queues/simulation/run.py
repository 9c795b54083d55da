"""One run: the centre hears the inputs of a day one by one, each at its virtual time.

Simulated people: a caller hangs up when patience ends, unless a phone rings already; an agent picks
up after `ring_s`; a talk lasts as long as the caller brought with them, and the agent's side ends
it. Nothing is decided here: offers come from the centre, and deadlines fire when it names them.
After the last arrival agents stay until nobody waits.
"""

from collections.abc import Callable
from enum import IntEnum
from heapq import heappop, heappush
from math import inf, isfinite

import numpy as np

from queues.centre.facts.fact import Fact
from queues.centre.facts.offers import OfferMade
from queues.centre.inputs.calls import CallEnded, EndCause, QueueLeft
from queues.centre.inputs.house import TimerFired
from queues.centre.inputs.input import Input
from queues.centre.inputs.offers import AgentLegEnded, OfferAnswered, TalkStarted
from queues.centre.state import Centre, next_wake
from queues.centre.step import step
from queues.ids import CallId, OfferId
from queues.simulation.callers import Callers
from queues.simulation.house import House, agent_number, caller_of, entering, opening
from queues.simulation.outcome import End, Outcome

Step = Callable[[Centre, Input, float], tuple[Fact, ...]]


class _Due(IntEnum):
    """What can be due; of what is due at one moment the lowest comes first."""

    TALK_OVER = 1
    PICK_UP = 2
    GIVE_UP = 3


_TIMER = TimerFired()
_TALK_OVER, _PICK_UP, _GIVE_UP = int(_Due.TALK_OVER), int(_Due.PICK_UP), int(_Due.GIVE_UP)


def run(
    house: House, callers: Callers, *, take: Step = step, centre: Centre | None = None
) -> Outcome:
    """Let these callers come, and give what became of each.

    `take` is how the centre takes an input; a bench may pass another policy's step. A `centre` that
    is passed is to be empty, and can be looked into from `take`.
    """
    return _Run(house, callers, take, centre or Centre()).through()


class _Run:
    """The centre, its callers, and what is still to happen."""

    __slots__ = (
        "_agent",
        "_arrived",
        "_callers",
        "_centre",
        "_due",
        "_end",
        "_house",
        "_offered",
        "_service",
        "_take",
        "_wait",
    )  # fmt: skip

    def __init__(self, house: House, callers: Callers, take: Step, centre: Centre) -> None:
        count = len(callers)
        self._house, self._callers, self._take, self._centre = house, callers, take, centre
        self._arrived: list[float] = callers.arrived.tolist()
        self._service: list[float] = callers.service.tolist()
        self._due: list[tuple[float, int, int, OfferId]] = []  # when, what, whose, by which offer
        self._offered = bytearray(count)  # 1 once a phone rings: from then on nobody hangs up
        self._end = bytearray(count)
        self._wait = [0.0] * count
        self._agent = [-1] * count

    def through(self) -> Outcome:
        """Let everything happen, in the order of time."""
        for what in opening(self._house):
            self._hear(what, 0.0)
        due, centre = self._due, self._centre
        needs: list[int] = self._callers.need.tolist()
        coming = 0
        arrivals = [*self._arrived, inf]
        next_arrival = arrivals[0]
        while True:
            at = due[0][0] if due else inf
            wake = next_wake(centre)
            if wake is not None and wake <= at and wake <= next_arrival:
                self._hear(_TIMER, wake)
            elif at <= next_arrival:
                if at == inf:
                    return self._outcome()
                self._happen(*heappop(due))
            else:
                self._arrive(coming, needs[coming], next_arrival)
                coming += 1
                next_arrival = arrivals[coming]

    def _arrive(self, caller: int, need: int, now: float) -> None:
        self._hear(entering(self._house, caller, need), now)
        if self._offered[caller]:
            return
        if not self._house.waiting_room:
            self._hear(QueueLeft(CallId(str(caller))), now)
            self._end[caller] = End.TURNED_AWAY
            return
        patience = float(self._callers.patience[caller])
        if isfinite(patience):
            heappush(self._due, (now + patience, _GIVE_UP, caller, OfferId("")))

    def _happen(self, now: float, what: int, caller: int, offer: OfferId) -> None:
        if what == _TALK_OVER:
            self._hear(AgentLegEnded(offer), now)
        elif what == _PICK_UP:
            self._pick_up(now, caller, offer)
        elif not self._offered[caller]:
            self._hear(CallEnded(CallId(str(caller)), EndCause.HUNG_UP), now)
            self._end[caller] = End.HUNG_UP
            self._wait[caller] = now - self._arrived[caller]

    def _pick_up(self, now: float, caller: int, offer: OfferId) -> None:
        self._hear(OfferAnswered(offer), now)
        self._hear(TalkStarted(offer), now)
        self._end[caller] = End.ANSWERED
        self._wait[caller] = now - self._arrived[caller]
        heappush(self._due, (now + self._service[caller], _TALK_OVER, caller, offer))

    def _hear(self, what: Input, now: float) -> None:
        """Let the centre take one input; a phone that is to ring is answered when it has rung."""
        for fact in self._take(self._centre, what, now):
            if type(fact) is OfferMade:
                caller = caller_of(fact.call)
                self._offered[caller] = 1
                self._agent[caller] = agent_number(fact.agent)
                heappush(self._due, (now + self._house.ring_s, _PICK_UP, caller, fact.offer))

    def _outcome(self) -> Outcome:
        return Outcome(
            self._callers,
            np.frombuffer(bytes(self._end), dtype=np.int8),
            np.array(self._wait),
            np.array(self._agent, dtype=np.int32),
        )
