"""The laws of a day, from what was seen of it: log-normal talks, exponential patience.

A kind of caller of which too little was seen has the laws of its queue, and a queue those of the
whole day. Talks: the mean and spread of the logarithms of talks that were seen whole (maximum
likelihood). Patience: all seconds waited over the number who hung up, the maximum likelihood for an
exponential law of which the waits of those who did not hang up are only known to be shorter
(Epstein and Sobel 1953; Brown et al. 2005 for call centres).
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import exp, inf, log
from statistics import NormalDist, fmean, pstdev
from typing import Final

import numpy as np

from queues.simulation.callers import Callers, Stream, generator_of
from queues.simulation.laws import Endless, Exponential, Floats, Lognormal
from queues.simulation.recorded import Kind, RecordedDay, Stay, StayEnd

FEWEST_TALKS: Final = 20
FEWEST_HANG_UPS: Final = 5
_SHORTEST_TALK_S: Final = 0.1


class NobodyServed(Exception):
    """No talk was seen whole on this day: nothing tells how long talks last."""


@dataclass(frozen=True, slots=True)
class Laws:
    """The laws of one kind of caller, and of how many talks and hang-ups they are made."""

    talk: Lognormal
    patience: Exponential | Endless
    talks: int
    hang_ups: int


def fit_talks(talks: Sequence[float]) -> Lognormal:
    """Give the log-normal law of these talks (seconds); raises `NobodyServed` if there is none."""
    if not talks:
        raise NobodyServed
    logs = [log(max(talk, _SHORTEST_TALK_S)) for talk in talks]
    spread = pstdev(logs)
    return Lognormal(exp(fmean(logs) + spread**2 / 2), spread)


def fit_patience(waited_s: float, hang_ups: int) -> Exponential | Endless:
    """Give the exponential law: `waited_s` by all callers together, so many of whom hung up."""
    return Exponential(max(waited_s, _SHORTEST_TALK_S) / hang_ups) if hang_ups else Endless()


def fit(day: RecordedDay) -> Mapping[Kind, Laws]:
    """Give the laws of each kind of caller of a day; raises `NobodyServed`."""
    kinds = dict.fromkeys(stay.kind for stay in day.stays)
    return {kind: _laws(day.stays, kind) for kind in kinds}


def draw_again(day: RecordedDay, laws: Mapping[Kind, Laws], seed: int) -> Callers:
    """Give the day's callers: what was seen of them as it was, the rest drawn for this seed.

    Patience has no memory, so who was served after a wait would have stayed on for an exponential
    time from then. The need of a caller is the number of the queue.
    """
    talks = generator_of(seed, Stream.SERVICE).random(len(day.stays))
    stays_on = generator_of(seed, Stream.PATIENCE).exponential(1.0, len(day.stays))
    number = {queue: index for index, queue in enumerate(day.queues)}
    return Callers(
        np.array([stay.at for stay in day.stays], dtype=float),
        np.array([number[stay.kind.queue] for stay in day.stays], dtype=np.int64),
        _values(day, lambda n, stay: _talk(stay, laws[stay.kind].talk, float(talks[n]))),
        _values(day, lambda n, stay: _patience(stay, laws[stay.kind], float(stays_on[n]))),
    )


def _values(day: RecordedDay, of: Callable[[int, Stay], float]) -> Floats:
    return np.array([of(n, stay) for n, stay in enumerate(day.stays)], dtype=float)


def _talk(stay: Stay, law: Lognormal, chance: float) -> float:
    """A talk of which less was seen lasts longer than what was seen."""
    if stay.talk_is_whole:
        return stay.talked_s
    if law.log_sd == 0:
        return max(law.mean, stay.talked_s)
    logs = NormalDist(log(law.mean) - law.log_sd**2 / 2, law.log_sd)
    over = logs.cdf(log(stay.talked_s)) if stay.talked_s > 0 else 0.0
    share = min(max(over + chance * (1 - over), 1e-12), 1 - 1e-12)
    return max(exp(logs.inv_cdf(share)), stay.talked_s)


def _patience(stay: Stay, laws: Laws, stays_on: float) -> float:
    if stay.end is StayEnd.HUNG_UP:
        return stay.waited_s
    if isinstance(laws.patience, Endless):
        return inf
    return stay.waited_s + laws.patience.mean * stays_on


def _laws(stays: Sequence[Stay], kind: Kind) -> Laws:
    """Of the smallest group of callers around this kind that tells enough."""
    groups: tuple[Callable[[Stay], bool], ...] = (
        lambda stay: stay.kind == kind,
        lambda stay: stay.kind.queue == kind.queue,
        lambda _: True,
    )
    talks: list[float] = []
    for among in groups:
        if len(talks) < FEWEST_TALKS:
            talks = [stay.talked_s for stay in stays if stay.talk_is_whole and among(stay)]
    waited_s, hang_ups = 0.0, 0
    for among in groups:
        if hang_ups < FEWEST_HANG_UPS:
            waited_s, hang_ups = _waits(stay for stay in stays if among(stay))
    return Laws(fit_talks(talks), fit_patience(waited_s, hang_ups), len(talks), hang_ups)


def _waits(stays: Iterable[Stay]) -> tuple[float, int]:
    waited_s, hang_ups = 0.0, 0
    for stay in stays:
        waited_s += stay.waited_s
        hang_ups += stay.end is StayEnd.HUNG_UP
    return waited_s, hang_ups
