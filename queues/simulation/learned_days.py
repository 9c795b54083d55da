"""Days of which it is learned how long waits last, and others on which that is judged.

As the service does it: talks and patience of the first half of the days, how far foretold waits lie
off of the second, on which they were foretold by the first. Other days are judged.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import chain
from typing import Final, Protocol, TypeVar

from queues.centre.values.learned import NOTHING, Learned
from queues.reports.correction import learn_correction
from queues.reports.learning import learn_paces, learn_spreads
from queues.reports.seen import SeenTalk, SeenWait
from queues.simulation.callers import draw_callers
from queues.simulation.day import Day
from queues.simulation.foretold import callers_with_probes, foretell_day, seen_of
from queues.simulation.judging import Judged, judge
from queues.simulation.read_day import read_day

PROBES: Final = 0.1  # of the callers of a day that is judged never hang up

T = TypeVar("T")


class RunAll(Protocol):
    """Runs a function on every job, in order: `map`, or that of a pool of processes."""

    def __call__(self, run: Callable[["Job"], T], jobs: Iterable["Job"], /) -> Iterator[T]:
        """Give what it comes to on each."""
        ...


@dataclass(frozen=True, slots=True)
class Job:
    """One day: the text of its file, the draw of skills, its seed, and what is known before it."""

    text: str
    draw: str
    seed: int
    learned: Learned


def learn_days(run_all: RunAll, text: str, draw: str, seeds: Sequence[int]) -> Learned:
    """Give what is learned of the days of these seeds."""
    half = len(seeds) // 2
    talks, waits = _joined(run_all(_seen, [Job(text, draw, s, NOTHING) for s in seeds[:half]]))
    paces = learn_paces(talks, waits)
    jobs = [Job(text, draw, seed, Learned(paces)) for seed in seeds[half:]]
    _, later = _joined(run_all(_seen, jobs))
    weights, unseen = learn_correction(later, {pace.queue: pace.patience_s for pace in paces})
    return Learned(paces, learn_spreads(unseen, weights), weights)


def judge_days(
    run_all: RunAll, text: str, draw: str, seeds: Sequence[int], learned: Learned
) -> list[Judged]:
    """Give how true the waits were that were told on the days of these seeds."""
    return list(run_all(_judged, [Job(text, draw, seed, learned) for seed in seeds]))


def _joined(
    seen: Iterator[tuple[list[SeenTalk], list[SeenWait]]],
) -> tuple[list[SeenTalk], list[SeenWait]]:
    talks, waits = zip(*seen, strict=True)
    return list(chain.from_iterable(talks)), list(chain.from_iterable(waits))


def _seen(job: Job) -> tuple[list[SeenTalk], list[SeenWait]]:
    day = _day(job.text)
    callers = draw_callers(day.demand, job.seed)
    return seen_of(foretell_day(day.houses[job.draw], callers, job.learned), job.seed)


def _judged(job: Job) -> Judged:
    day = _day(job.text)
    callers, probes = callers_with_probes(day.demand, job.seed, PROBES)
    return judge(foretell_day(day.houses[job.draw], callers, job.learned), probes)


@cache
def _day(text: str) -> Day:
    """A day read once in each process: its rate is a function, which does not travel."""
    return read_day(text)
