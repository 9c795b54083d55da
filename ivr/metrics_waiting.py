"""What Prometheus is told of the waiting side and the whole: who waits, what was decided, health.

Agents are counted by state, never named: figures of single agents are not for a metric.
"""

from __future__ import annotations

import itertools
from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Iterator
from importlib.metadata import version
from typing import Final, get_args

from prometheus_client import ProcessCollector
from prometheus_client.metrics_core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    InfoMetricFamily,
    Metric,
)
from prometheus_client.registry import Collector

from ivr.lateness import LAG_EDGES_S, Lateness, LoopLag
from queues.api import HealthReport, HealthStatus
from queues.centre.agent import AgentState
from queues.centre.facts import Fact, TalkBegan
from queues.live import Hub
from queues.view import Change, View

_PREFIX: Final = "freizeichen"
WAIT_EDGES_S: Final = (5.0, 10.0, 20.0, 30.0, 60.0, 120.0, 180.0, 300.0, 600.0, 1200.0, 1800.0)


class Decisions:
    """How often each kind of fact was decided since the start, and how long callers had waited."""

    def __init__(self) -> None:
        self.by_type = dict.fromkeys((kind.TYPE for kind in get_args(Fact)), 0)
        self.waits = [0] * (len(WAIT_EDGES_S) + 1)
        self.waited_s = 0.0

    def note(self, fact: Fact, _change: Change) -> None:
        """Hear of each fact once."""
        self.by_type[fact.TYPE] += 1
        if isinstance(fact, TalkBegan):
            self.waits[bisect_left(WAIT_EDGES_S, fact.waited_s)] += 1
            self.waited_s += fact.waited_s


class WaitingSide(Collector):
    """Reads the figures anew at each asking."""

    def __init__(
        self,
        *,
        view: Callable[[], View],
        health: Callable[[], HealthReport],
        now: Callable[[], float],
        decisions: Decisions,
        lag: LoopLag,
        told_lag: Lateness,
        tasks: Callable[[], int],
        version: str,
    ) -> None:
        """`now`: the wall clock, in Unix seconds, which the times of the view are of.

        `told_lag`: of Asterisk's events. `tasks`: how many there are in the loop.
        """
        self._view = view
        self._health = health
        self._now = now
        self._decisions = decisions
        self._lag = lag
        self._told_lag = told_lag
        self._tasks = tasks
        self._version = version

    def collect(self) -> Iterator[Metric]:
        """Every figure, by Prometheus' conventions of names and units."""
        yield InfoMetricFamily(
            f"{_PREFIX}_build", "Which version runs.", {"version": self._version}
        )
        yield from self._queues()
        yield self._agents()
        yield self._checks()
        decided = CounterMetricFamily(
            f"{_PREFIX}_decisions", "Facts that were decided, by type.", labels=["fact"]
        )
        for kind, count in self._decisions.by_type.items():
            decided.add_metric([kind], count)
        yield decided
        yield _histogram(
            "wait_seconds",
            "How long callers had waited when their talk began.",
            WAIT_EDGES_S,
            self._decisions.waits,
            self._decisions.waited_s,
        )
        yield _histogram(
            "loop_lag_seconds",
            "How much later than asked for the event loop came by.",
            LAG_EDGES_S,
            self._lag.counts,
            self._lag.sum_s,
        )
        yield _histogram(
            "asterisk_lag_seconds",
            "How long after Asterisk told of an event it was read.",
            LAG_EDGES_S,
            self._told_lag.counts,
            self._told_lag.sum_s,
        )
        yield GaugeMetricFamily(
            f"{_PREFIX}_tasks",
            "Tasks of the event loop; they grow with calls alone.",
            self._tasks(),
        )

    def _queues(self) -> Iterator[Metric]:
        waiting = GaugeMetricFamily(
            f"{_PREFIX}_calls_waiting", "Calls that wait in a queue.", labels=["queue"]
        )
        longest = GaugeMetricFamily(
            f"{_PREFIX}_longest_wait_seconds",
            "How long the call that waits longest has waited.",
            labels=["queue"],
        )
        staffed = GaugeMetricFamily(
            f"{_PREFIX}_agents_signed_in", "Agents of a queue who are signed in.", labels=["queue"]
        )
        talking = GaugeMetricFamily(f"{_PREFIX}_calls_talking", "Calls in a talk with an agent.")
        view, now = self._view(), self._now()
        for row in view.queues:
            since = now if row.oldest_since is None else row.oldest_since
            waiting.add_metric([row.queue], row.waiting)
            longest.add_metric([row.queue], max(0.0, now - since))
            signed_in = (n for state, n in row.agents.items() if state != AgentState.SIGNED_OUT)
            staffed.add_metric([row.queue], sum(signed_in))
        talking.add_metric([], sum(row.state == "talking" for row in view.calls))
        yield from (waiting, longest, staffed, talking)

    def _agents(self) -> Metric:
        metric = GaugeMetricFamily(f"{_PREFIX}_agents", "Agents by state.", labels=["state"])
        counts = Counter(row.state for row in self._view().agents)
        for state in AgentState:
            metric.add_metric([state.value], counts[state.value])
        return metric

    def _checks(self) -> Metric:
        metric = GaugeMetricFamily(
            f"{_PREFIX}_health",
            "Whether a part is in this state (1) or not (0), as in /health.",
            labels=["check", "status"],
        )
        for (check, found), status in itertools.product(
            self._health().checks.items(), HealthStatus
        ):
            metric.add_metric([check, status.value], float(found is status))
        return metric


class Figures:
    """The waiting side's figures and the whole's, with what they are counted by."""

    def __init__(
        self,
        hub: Hub,
        view: Callable[[], View],
        health: Callable[[], HealthReport],
        now: Callable[[], float],
        told_lag: Lateness,
        tasks: Callable[[], int],
    ) -> None:
        """`hub` tells each fact; the others as in `WaitingSide`."""
        self.lag = LoopLag()
        decisions = Decisions()
        hub.watch(decisions.note)
        waiting = WaitingSide(
            view=view,
            health=health,
            now=now,
            decisions=decisions,
            lag=self.lag,
            told_lag=told_lag,
            tasks=tasks,
            version=version("freizeichen"),
        )
        self.collectors: tuple[Collector, ...] = (waiting, ProcessCollector(registry=None))


def _histogram(
    name: str, what: str, edges: tuple[float, ...], counts: list[int], sum_value: float
) -> Metric:
    names = [*map(str, edges), "+Inf"]
    buckets = list(zip(names, itertools.accumulate(counts), strict=True))
    return HistogramMetricFamily(f"{_PREFIX}_{name}", what, buckets=buckets, sum_value=sum_value)
