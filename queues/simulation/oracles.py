"""Which exact values the centre has to come to, and when it does.

A value passes when it lies inside the 99.9 % interval over seeds 1 to 10 and that interval is
narrow: half of it at most 3 % of the value, or 0.005 for a share. The beginning is cut off: a tenth
of the calls, at least 20 relaxation times of the house, 1 / (sqrt(n mu) - sqrt(lambda))².
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from math import inf, sqrt
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from queues.centre.step import step
from queues.simulation.callers import Demand, draw_callers
from queues.simulation.controls import (
    Known,
    Sample,
    controlled_means,
    plain_means,
    sample,
    waiting_found,
)
from queues.simulation.formulas import (
    ErlangA,
    ErlangC,
    erlang_b,
    mean_wait_one_agent,
    mean_waits_by_priority,
    relative_error_floor,
)
from queues.simulation.house import alike
from queues.simulation.laws import Endless, Exponential, Floats, Law, law_by_cv2
from queues.simulation.outcome import End, Outcome
from queues.simulation.run import run
from queues.simulation.strict import strict_step
from queues.simulation.student import Interval, interval

SEEDS: Final = range(1, 11)
SURE: Final = 0.999
WIDEST: Final = 0.03  # half an interval, of the value
WIDEST_SHARE: Final = 0.005  # half an interval of a share
_CUT: Final = 0.1
_CUT_RELAXATIONS: Final = 20.0
_BATCH_RELAXATIONS: Final = 2.0
_BATCHES: Final = (8, 60)

Columns = Callable[[Outcome, "Case"], Floats]
Combine = Callable[[Floats], float]


@dataclass(frozen=True, slots=True)
class Value:
    """One exact value, and how it follows from the means of a case's columns."""

    name: str
    exact: float
    unit: str  # empty for a share
    of: Combine

    @property
    def widest(self) -> float:
        """What half the interval may be at most."""
        return WIDEST * self.exact if self.unit else WIDEST_SHARE


@dataclass(frozen=True, slots=True)
class Case:
    """A house of which everything is known. `calls` is how many are drawn for a seed."""

    name: str
    calls: int
    rate: float
    service: Law
    agents: int
    columns: Columns
    values: tuple[Value, ...]
    patience_s: float = inf
    shares: tuple[float, ...] = (1.0,)
    waiting_room: bool = True

    @property
    def relaxation(self) -> float:
        """How long the house remembers, in the unit of the service."""
        if self.patience_s < inf or not self.waiting_room:
            return max(self.service.mean, self.patience_s if self.patience_s < inf else 0.0)
        gap = sqrt(self.agents / self.service.mean) - sqrt(self.rate)
        return max(self.service.mean, (1 + self.service.cv2) / 2 / gap**2)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the centre came to. `plain` is the interval without the controls of `controls.py`."""

    case: str
    value: Value
    found: Interval
    plain: Interval

    @property
    def holds(self) -> bool:
        """Whether the exact value lies inside an interval that is narrow enough."""
        return self.found.holds(self.value.exact) and self.found.half_width <= self.value.widest


def sampled(case: Case, seed: int, *, calls: int | None = None) -> Sample:
    """Run one seed of a case through the centre."""
    count = case.calls if calls is None else calls
    patience = Exponential(case.patience_s) if case.patience_s < inf else Endless()
    demand = Demand(count / case.rate, case.rate, case.shares, case.service, patience)
    needs = tuple(f"class{number + 1}" for number in range(len(case.shares)))
    house = alike(case.agents, needs=needs, waiting_room=case.waiting_room)
    take = step if len(needs) == 1 else strict_step
    outcome = run(house, draw_callers(demand, seed), take=take)
    remembered = case.relaxation * case.rate
    skip = int(max(_CUT * count, _CUT_RELAXATIONS * remembered))
    fewest, most = _BATCHES
    left = len(outcome.callers) - skip
    batches = max(fewest, min(most, int(left / (_BATCH_RELAXATIONS * remembered))))
    known = Known(case.rate, case.service, patience, case.agents)
    return sample(outcome, case.columns(outcome, case), known, skip=skip, batches=batches)


def judged(case: Case, samples: Sequence[Sample]) -> tuple[Verdict, ...]:
    """Give the verdict on each of a case's values, from the samples of all seeds."""
    controlled, plain = controlled_means(samples), plain_means(samples)
    return tuple(
        Verdict(case.name, value, _interval(value, controlled), _interval(value, plain))
        for value in case.values
    )


def _interval(value: Value, means: Floats) -> Interval:
    return interval([value.of(row) for row in means], sure=SURE)


def _column(number: int, row: Floats, *, times: float = 1.0) -> float:
    return float(row[number]) * times


def _ratio(above: int, below: int, row: Floats) -> float:
    return float(row[above] / row[below])


def _waits(outcome: Outcome, _case: Case, *, within: float = inf, tail: float = inf) -> Floats:
    """Wait, waited, hung up, answered within a time, waited longer than `tail`."""
    columns = (outcome.wait, outcome.wait > 0, outcome.end == End.HUNG_UP,
               outcome.answered & (outcome.wait <= within), outcome.wait > tail)  # fmt: skip
    return _stacked(columns)


def _blocked(outcome: Outcome, _case: Case) -> Floats:
    return _stacked((outcome.end == End.TURNED_AWAY,))


def _by_class(outcome: Outcome, case: Case) -> Floats:
    """Each class's wait over its share of all callers, then the wait of all."""
    own = [
        np.where(outcome.callers.need == number, outcome.wait, 0.0) / share
        for number, share in enumerate(case.shares)
    ]
    return np.stack([*own, outcome.wait], axis=1)


def _errors(outcome: Outcome, case: Case) -> Floats:
    """Of those who wait: squared error of the best estimate, wait, one."""
    told = (waiting_found(outcome) + 1) * case.service.mean / case.agents
    delayed = outcome.wait > 0
    return _stacked((np.where(delayed, (outcome.wait - told) ** 2, 0.0), outcome.wait, delayed))


def _stacked(columns: Sequence[npt.NDArray[Any]]) -> Floats:
    return np.stack([column.astype(np.float64) for column in columns], axis=1)


def _relative_error(row: Floats) -> float:
    return float(np.sqrt(row[0] / row[2]) * row[2] / row[1])


def _p90(exact: float, slope: float, unit: str) -> Value:
    """The p90 by the share that waits longer than the exact one, along the exact slope there.

    It is the exact p90 just where that share is a tenth; what it is off by is right to first order.
    """
    return Value("p90 of wait", exact, unit, partial(_quantile_by_tail, exact, slope))


def _quantile_by_tail(exact: float, slope: float, row: Floats) -> float:
    return exact + (float(row[4]) - 0.1) / slope


def erlang_b_cases() -> tuple[Case, ...]:
    """Blocking: nobody can wait."""
    known = ((5, 10), (20, 30), (100, 120), (10, 14), (48, 50), (84, 90))
    return tuple(
        Case(
            f"B({load}, {agents})", 15_000, float(load), Exponential(1.0), agents, _blocked,
            (Value("turned away", erlang_b(load, agents), "", partial(_column, 0)),),
            waiting_room=False,
        )
        for load, agents in known
    )  # fmt: skip


def erlang_c_cases() -> tuple[Case, ...]:
    """Endless patience. Times in seconds, but for M1, M2 and M7, whose unit is a talk."""
    calls_h = 200 / 3600
    known: tuple[tuple[str, int, float, float, int, str, float], ...] = (
        ("M1", 60_000, 0.9, 1.0, 1, "talks", inf),
        ("M2", 20_000, 1.5, 1.0, 2, "talks", inf),
        ("M3", 20_000, calls_h, 180.0, 14, "s", 20.0),
        ("M3b 13", 20_000, calls_h, 180.0, 13, "s", 20.0),
        ("M3b 12", 25_000, calls_h, 180.0, 12, "s", 20.0),
        ("M4", 600_000, 0.8, 60.0, 50, "s", inf),
        ("M5", 60_000, 8.4, 10.0, 90, "min", inf),
        ("M6", 50_000, 1.4, 10.0, 15, "min", inf),
        ("M7", 120_000, 95.0, 1.0, 100, "talks", inf),
    )
    return tuple(_erlang_c_case(*each) for each in known)


def _erlang_c_case(
    name: str, calls: int, rate: float, service: float, agents: int, unit: str, within: float
) -> Case:
    exact = ErlangC(rate, service, agents)
    values = [
        Value("waits", exact.waits, "", partial(_column, 1)),
        Value("mean wait", exact.mean_wait, unit, partial(_column, 0)),
    ]
    if name in ("M1", "M2"):
        # Little's law: the mean number that waits, by the rate at which they come.
        little = partial(_column, 0, times=rate)
        values.append(Value("mean number waiting", exact.waiting, "calls", little))
    if within < inf:
        share = exact.answered_within(within)
        values.append(Value(f"answered in {within:g} s", share, "", partial(_column, 3)))
    tail = inf
    if name == "M4":
        tail = exact.wait_quantile(0.9)
        values.append(_p90(tail, 0.1 / exact.mean_wait_if_waiting, unit))
    if name == "M7":
        delayed = exact.mean_wait_if_waiting
        values.append(Value("mean wait of who waits", delayed, unit, partial(_ratio, 0, 1)))
    columns = partial(_waits, within=within, tail=tail)
    return Case(name, calls, rate, Exponential(service), agents, columns, tuple(values))


def one_agent_cases() -> tuple[Case, ...]:
    """General service: constant, exponential, and more varied than that."""
    return tuple(
        Case(
            f"M/G/1 cv² {cv2:g}", calls, 0.8,
            Exponential(1.0) if cv2 == 1 else law_by_cv2(1.0, cv2), 1, _waits,
            (Value("mean wait", mean_wait_one_agent(0.8, 1.0, cv2), "talks", partial(_column, 0)),),
        )
        for cv2, calls in ((0.0, 40_000), (1.0, 30_000), (1.5, 110_000))
    )  # fmt: skip


def erlang_a_cases() -> tuple[Case, ...]:
    """Callers who hang up. Rates per second, but for A2, A3 and A9, whose unit is a talk."""
    calls_h = 200 / 3600
    known = (
        ("A1", 40_000, 0.8, 60.0, 120.0, 50, 20.0, "s"),
        ("A2", 25_000, 10.0, 1.0, 1.0, 10, 0.1, "talks"),
        ("A3", 80_000, 120.0, 1.0, 1.0, 100, 0.1, "talks"),
        ("A4", 25_000, calls_h, 180.0, 180.0, 12, 20.0, "s"),
        ("A5", 25_000, calls_h, 180.0, 120.0, 10, 20.0, "s"),
        ("A6", 25_000, calls_h, 180.0, 350.0, 12, 20.0, "s"),
        ("A7", 25_000, 100 / 3600, 177.0, 348.0, 5, 20.0, "s"),
        ("A8", 40_000, 8.4, 10.0, 10.0, 90, 1 / 3, "min"),
        ("A9", 150_000, 100.0, 1.0, 2.0, 100, 0.05, "talks"),
    )
    return tuple(_erlang_a_case(*each) for each in known)


def _erlang_a_case(
    name: str,
    calls: int,
    rate: float,
    service: float,
    patience: float,
    agents: int,
    within: float,
    unit: str,
) -> Case:
    exact = ErlangA(rate, service, patience, agents)
    values = [
        Value("waits", exact.waits, "", partial(_column, 1)),
        Value("hangs up", exact.abandoned, "", partial(_column, 2)),
        Value("mean wait", exact.mean_wait, unit, partial(_column, 0)),
        Value(f"answered in {within:.3g} {unit}", exact.answered_within(within), "",
              partial(_column, 3)),
    ]  # fmt: skip
    tail = inf
    if name == "A1":
        tail, step_s = exact.wait_quantile(0.9), 0.01
        fall = exact.waits_longer(tail - step_s) - exact.waits_longer(tail + step_s)
        values.append(_p90(tail, fall / (2 * step_s), unit))
    columns = partial(_waits, within=within, tail=tail)
    return Case(name, calls, rate, Exponential(service), agents, columns, tuple(values), patience)


def priority_cases() -> tuple[Case, ...]:
    """Two classes under strict priority; the mean over both is that of first come, first served."""
    known = (
        ("P1", 0.4, 0.4, 1, 80_000),
        ("P2", 3.0, 4.0, 8, 160_000),
        ("P3", 30.0, 60.0, 95, 120_000),
    )
    cases = []
    for name, first, second, agents, calls in known:
        rate = first + second
        waits = mean_waits_by_priority((first, second), 1.0, agents)
        all_of_them = ErlangC(rate, 1.0, agents).mean_wait
        named = zip(("mean wait, first", "mean wait, second", "mean wait"), (*waits, all_of_them),
                    strict=True)  # fmt: skip
        values = tuple(
            Value(label, exact, "talks", partial(_column, number))
            for number, (label, exact) in enumerate(named)
        )
        cases.append(
            Case(name, calls, rate, Exponential(1.0), agents, _by_class, values,
                 shares=(first / rate, second / rate))
        )  # fmt: skip
    return tuple(cases)


def floor_cases() -> tuple[Case, ...]:
    """What the best estimate of a wait is off by: the rest is chance that nobody can know."""
    return tuple(
        Case(
            f"floor {load:g}", calls, load * 10, Exponential(1.0), 10, _errors,
            (Value("RRMSE", relative_error_floor(load, 1), "of the mean", _relative_error),),
        )
        for load, calls in ((0.8, 40_000), (0.9, 60_000), (0.95, 180_000))
    )  # fmt: skip


FAMILIES: Final[Mapping[str, Callable[[], tuple[Case, ...]]]] = {
    "Erlang B": erlang_b_cases,
    "Erlang C": erlang_c_cases,
    "M/G/1": one_agent_cases,
    "Erlang A": erlang_a_cases,
    "priorities": priority_cases,
    "floor": floor_cases,
}


def cases() -> tuple[Case, ...]:
    """Give all cases."""
    return tuple(case for family in FAMILIES.values() for case in family())
