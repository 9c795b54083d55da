"""What is known exactly of queues: the closed forms that a simulation has to come to.

`rate` is calls per second and `service_s` seconds, or any other pair of units that fits; waits are
in the unit of `service_s`. `load` is rate times service, in Erlang. Sources: Erlang (1917) for B
and C; Pollaczek and Khinchine for general service; Palm (1957) and Garnett, Mandelbaum, Reiman
(2002) for abandonment; Cobham (1954) for priorities.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise
from math import exp, inf, lgamma, log, log1p, sqrt

_LEAST = 1e-15  # shares below it are left out
_MOST_WAITING = 1_000_000


def erlang_b(load: float, agents: int) -> float:
    """The share of callers who are turned away where nobody can wait."""
    blocked = 1.0
    for n in range(1, agents + 1):
        blocked = load * blocked / (n + load * blocked)
    return blocked


def erlang_c(load: float, agents: int) -> float:
    """The share of callers who have to wait when all wait; 1 at a load of `agents` or more."""
    if load >= agents:
        return 1.0
    blocked = erlang_b(load, agents)
    return agents * blocked / (agents - load * (1 - blocked))


@dataclass(frozen=True, slots=True)
class ErlangC:
    """First come, first served, Poisson arrivals, exponential service, endless patience (M/M/n).

    Raises ValueError if the load is not below `agents`: then the wait grows without end.
    """

    rate: float
    service_s: float
    agents: int

    def __post_init__(self) -> None:
        if not 0 < self.load < self.agents:
            raise ValueError("the load is to be above 0 and below the number of agents")

    @property
    def load(self) -> float:
        """The load in Erlang."""
        return self.rate * self.service_s

    @property
    def waits(self) -> float:
        """The share of callers who wait."""
        return erlang_c(self.load, self.agents)

    @property
    def mean_wait_if_waiting(self) -> float:
        """The mean wait of those who wait at all."""
        return self.service_s / (self.agents - self.load)

    @property
    def mean_wait(self) -> float:
        """The mean wait of all callers."""
        return self.waits * self.mean_wait_if_waiting

    @property
    def waiting(self) -> float:
        """The mean number of callers who wait (Little's law)."""
        return self.rate * self.mean_wait

    def answered_within(self, within: float) -> float:
        """The share of callers answered within a time."""
        return 1 - self.waits * exp(-within / self.mean_wait_if_waiting)

    def wait_quantile(self, share: float) -> float:
        """The wait that this share of all callers does not exceed."""
        return max(0.0, self.mean_wait_if_waiting * log(self.waits / (1 - share)))


def least_agents(rate: float, service_s: float, *, within_s: float, share: float) -> int:
    """The smallest number of agents by whom `share` of all callers are answered in time."""
    agents = int(rate * service_s) + 1
    while ErlangC(rate, service_s, agents).answered_within(within_s) < share:
        agents += 1
    return agents


def mean_wait_one_agent(rate: float, service_s: float, cv2: float) -> float:
    """The mean wait for one agent; `cv2` is a talk's variance over its squared mean (M/G/1)."""
    load = rate * service_s
    if load >= 1:
        raise ValueError("the load is to be below 1")
    return load * service_s * (1 + cv2) / (2 * (1 - load))


def mean_waits_by_priority(
    rates: Sequence[float], service_s: float, agents: int
) -> tuple[float, ...]:
    """The mean wait of each class, the first served first; no talk is broken off."""
    each = service_s / agents
    head = erlang_c(sum(rates) * service_s, agents) * each
    below = [0.0, *accumulate(rate * each for rate in rates)]
    if below[-1] >= 1:
        raise ValueError("the load is to be below the number of agents")
    return tuple(head / ((1 - above) * (1 - own)) for above, own in pairwise(below))


def relative_error_floor(load: float, agents: int) -> float:
    """The least RRMSE of any estimate told to those who have to wait, over their mean wait (M/M/n).

    Who finds j waiting waits for j + 1 ends of a talk; nobody can know more than j.
    """
    return sqrt(1 - load / agents)


def wait_behind(
    waiting: int, *, agents: int, service_s: float, patience_s: float = inf
) -> tuple[float, float]:
    """Mean and standard deviation of the wait of who finds all busy and `waiting` callers waiting.

    For one who stays. Those ahead hang up at the rate 1 / `patience_s` each.
    """
    stages = [1 / (agents / service_s + ahead / patience_s) for ahead in range(waiting + 1)]
    return sum(stages), sqrt(sum(stage * stage for stage in stages))


class ErlangA:
    """As Erlang C, but callers hang up after an exponential time if not answered (M/M/n+M).

    Who finds j callers waiting and stays waits for j + 1 stages of the rates n/s + i/p, i = 0 to j.
    By their Laplace transform exp(-wait/p) of it is Beta(c, j + 1) with c = n p / s, so that the
    tails are finite sums.
    """

    def __init__(self, rate: float, service_s: float, patience_s: float, agents: int) -> None:
        self.rate, self.service_s, self.patience_s, self.agents = (
            rate,
            service_s,
            patience_s,
            agents,
        )
        self._c = agents * patience_s / service_s
        logs = list(self._log_weights())
        highest = max(logs)
        weights = [exp(each - highest) for each in logs]
        total = sum(weights)
        self._found = [each / total for each in weights]  # by number of calls in the house
        behind = self._found[agents:]  # by number waiting
        self._at_least = list(accumulate(reversed(behind)))[::-1]  # waiting j or more

    @property
    def waits(self) -> float:
        """The share of callers who find all agents busy."""
        return self._at_least[0]

    @property
    def waiting(self) -> float:
        """The mean number of callers who wait."""
        return sum(self._at_least[1:])

    @property
    def abandoned(self) -> float:
        """The share of callers who hang up before an agent answers."""
        return self.waiting / (self.patience_s * self.rate)

    @property
    def mean_wait(self) -> float:
        """The mean wait of all callers, those who hang up included."""
        return self.waiting / self.rate

    def waits_longer(self, than: float) -> float:
        """The share of all callers who wait longer, whether they are answered then or not."""
        return self._offered_longer(than, self._c) * exp(-than / self.patience_s)

    def answered_within(self, within: float) -> float:
        """The share of all callers answered within a time.

        Those who would be answered then (1 - offered wait's tail), each if still there: the mean of
        exp(-wait/p) over them, which is again a tail of a Beta distribution.
        """
        answered = 1 - self.waits
        for ahead, share in enumerate(self._found[self.agents :]):
            longer = _beta_below(exp(-within / self.patience_s), self._c + 1, ahead)
            answered += share * self._c / (self._c + ahead + 1) * (1 - longer)
        return answered

    def wait_quantile(self, share: float) -> float:
        """The wait that this share of all callers does not exceed."""
        low, high = 0.0, self.patience_s * -log(1 - share)
        for _ in range(100):
            middle = (low + high) / 2
            low, high = (middle, high) if self.waits_longer(middle) > 1 - share else (low, middle)
        return high

    def _log_weights(self) -> Iterator[float]:
        """Logarithms of the shares of time with 0, 1, 2... calls in the house, up to a constant."""
        weight = highest = 0.0
        for calls in range(_MOST_WAITING):
            yield weight
            after = calls + 1
            waiting = max(0, after - self.agents)
            leaves = min(after, self.agents) / self.service_s + waiting / self.patience_s
            weight += log(self.rate / leaves)
            highest = max(highest, weight)
            if after > self.agents and weight < highest + log(_LEAST):
                return

    def _offered_longer(self, than: float, c: float) -> float:
        """The share of callers who find all busy and, staying, would wait longer than a time."""
        x = exp(-than / self.patience_s)
        return sum(
            exp(term) * share
            for term, share in zip(_beta_terms(x, c), self._at_least, strict=False)
        )


def _beta_terms(x: float, c: float) -> Iterator[float]:
    """Logarithms of x^c (1-x)^k C(c+k-1, k), k = 0, 1...: of it Beta's distribution is made."""
    k = 0
    while True:
        away = 0.0 if k == 0 else (k * log1p(-x) if x < 1 else -inf)
        yield c * log(x) + away + lgamma(c + k) - lgamma(c) - lgamma(k + 1)
        k += 1


def _beta_below(x: float, c: float, last: int) -> float:
    """The share of Beta(c, last + 1) that lies below x."""
    return sum(exp(term) for _, term in zip(range(last + 1), _beta_terms(x, c), strict=False))
