"""A model of Asterisk's app_queue, as its source behaves: a queue a need, each caller looks itself.

The callers are those that the centre sees. An agent is a member of the queue of each skill. A call
looks at its arrival and then once every `poll_s` (wait_our_turn first asks, then waits a second);
when fewer calls stand before it in its queue than members are idle, it takes the idle member whose
last call ended longest ago (leastrecent), whose phone then rings `ring_s`. A call that rings stands
in nobody's way any more (`pending` in is_our_turn). So somebody who just comes may be rung for
before who waits, where members got free since the last look of those who wait.

Seen on 22.10.1, and held by `freizeichen bench live-queue`.
"""

from dataclasses import dataclass
from heapq import heappop, heappush

import numpy as np

from queues.simulation.callers import Callers
from queues.simulation.house import House
from queues.simulation.outcome import End, Outcome

_FREED, _ARRIVES, _LOOKS, _GIVES_UP = range(4)


@dataclass(frozen=True, slots=True)
class AppQueue:
    """Its settings. Times in seconds."""

    poll_s: float = 1.0
    ring_s: float = 4.0


class _House:
    """Who waits in which queue, who is idle since when, and what is still to happen."""

    def __init__(self, settings: AppQueue, house: House, callers: Callers) -> None:
        self._settings = settings
        self._members = [
            [number for number, skills in enumerate(house.agents) if need in skills]
            for need in house.needs
        ]
        self._idle_since: list[float | None] = [0.0] * len(house.agents)  # None while not idle
        self._waiting: list[dict[int, None]] = [{} for _ in house.needs]  # in order of arrival
        self._arrived: list[float] = callers.arrived.tolist()
        self._service: list[float] = callers.service.tolist()
        self._patience: list[float] = callers.patience.tolist()
        self._need: list[int] = callers.need.tolist()
        self._wait, self._end = [0.0] * len(callers), [0] * len(callers)
        self._agent = [-1] * len(callers)
        self._due = [(at, _ARRIVES, number) for number, at in enumerate(self._arrived)]  # a heap

    def through(self, callers: Callers) -> Outcome:
        while self._due:
            now, what, number = heappop(self._due)
            if what == _FREED:
                self._idle_since[number] = now
            elif what == _ARRIVES:
                self._arrive(now, number)
            elif number in self._waiting[self._need[number]]:
                if what == _LOOKS:
                    self._look(now, number)
                else:
                    self._leave(number, End.HUNG_UP, now - self._arrived[number])
        return Outcome(
            callers,
            np.array(self._end, dtype=np.int8),
            np.array(self._wait),
            np.array(self._agent, dtype=np.int32),
        )

    def _arrive(self, now: float, caller: int) -> None:
        self._waiting[self._need[caller]][caller] = None
        if self._patience[caller] < float("inf"):
            heappush(self._due, (now + self._patience[caller], _GIVES_UP, caller))
        self._look(now, caller)

    def _look(self, now: float, caller: int) -> None:
        need = self._need[caller]
        idle = [(s, m) for m in self._members[need] if (s := self._idle_since[m]) is not None]
        if idle and self._before(need, caller, len(idle)) < len(idle):
            _, member = min(idle)
            self._idle_since[member] = None
            answered = now + self._settings.ring_s
            self._leave(caller, End.ANSWERED, answered - self._arrived[caller])
            self._agent[caller] = member
            heappush(self._due, (answered + self._service[caller], _FREED, member))
        else:
            heappush(self._due, (now + self._settings.poll_s, _LOOKS, caller))

    def _before(self, need: int, caller: int, enough: int) -> int:
        """How many stand before a caller; counting ends at `enough`."""
        for count, other in enumerate(self._waiting[need]):
            if other == caller or count == enough:
                return count
        return enough

    def _leave(self, caller: int, end: End, wait: float) -> None:
        del self._waiting[self._need[caller]][caller]
        self._end[caller], self._wait[caller] = end, wait


def run_rival(house: House, callers: Callers, settings: AppQueue) -> Outcome:
    """Let these callers come to app_queue, and give what became of each."""
    return _House(settings, house, callers).through(callers)
