"""What the callers and the agents of the live queue met, and what it comes to as a run's outcome.

Pure. Times are seconds since 1970, as SIPp's log has them.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Final

import numpy as np

from queues.simulation.callers import Callers
from queues.simulation.house import House
from queues.simulation.outcome import End, Outcome

_TOLD: Final = ("came", "rung", "answered", "hung_up")


@dataclass(slots=True)
class Met:
    """What one caller met; None for what never came."""

    came: float | None = None
    rung: float | None = None  # heard that an agent's phone rings
    answered: float | None = None
    hung_up: float | None = None

    @property
    def waits_no_more(self) -> bool:
        """Whether the wait has ended."""
        return self.answered is not None or self.hung_up is not None


@dataclass(frozen=True, slots=True)
class PickedUp:
    """An agent's phone rang for a caller, and was picked up."""

    agent: int
    caller: int
    rang: float
    at: float


@dataclass(slots=True)
class Seen:
    """All that was seen. `began` is when the day began."""

    began: float
    callers: Sequence[Met]
    picked_up: list[PickedUp] = field(default_factory=list)
    rung_in_vain: int = 0  # the caller was gone before the agent picked up
    cut: int = 0  # talks that the agent did not end


def read_log(lines: Iterable[str], callers: Sequence[Met]) -> None:
    """Take lines of SIPp's log into what each caller met; raises ValueError for any other line."""
    for line in lines:
        what, number, at_ms = line.split()
        if what not in _TOLD:
            raise ValueError(f"a caller's log tells of something unknown: {what}")
        setattr(callers[int(number)], what, float(at_ms) / 1000)


def outcome_of(seen: Seen, callers: Callers) -> Outcome:
    """What became of the callers. Who never came counts as lost, and so does a wait without end."""
    count = len(callers)
    arrived, wait = callers.arrived.copy(), np.zeros(count)
    end = np.full(count, End.NOT_KNOWN, dtype=np.int8)
    agent = np.full(count, -1, dtype=np.int32)
    for number, met in enumerate(seen.callers):
        if met.came is None:
            continue
        arrived[number] = met.came - seen.began
        if met.answered is not None:
            end[number], wait[number] = End.ANSWERED, met.answered - met.came
        elif met.hung_up is not None:
            end[number], wait[number] = End.HUNG_UP, met.hung_up - met.came
    for each in seen.picked_up:
        agent[each.caller] = each.agent
    came = Callers(arrived, callers.need, callers.service, callers.patience)
    return Outcome(came, end, wait, agent)


def idle_while_called(outcome: Outcome, house: House, ring_s: float) -> list[float]:
    """How long agents who had got free were not rung for the caller who was waiting for them.

    One value, in seconds, for each talk after which the agent's next caller was already there:
    from the end of the talk to the ring.
    """
    rung = outcome.callers.arrived + outcome.wait - ring_s
    found: list[float] = []
    for agent in range(len(house.agents)):
        mine = np.flatnonzero(outcome.answered & (outcome.agent == agent))
        for talked, then in pairwise(mine[np.argsort(rung[mine])]):
            free = rung[talked] + ring_s + outcome.callers.service[talked]
            if outcome.callers.arrived[then] < free:
                found.append(max(0.0, float(rung[then] - free)))
    return found
