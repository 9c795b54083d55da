"""What follows from earlier calls for those to come: how fast they go, how far waits are off.

Rules
1. Nothing is said of a queue before `LEAST_TALKS` talks, and no range before `LEAST_WAITS` waits of
   a need that were foretold. Rarer needs have the range of their queue.
2. A wait was foretold by what was known before it, so the waits are not those from which talks and
   patience were learned.
3. Who hung up would have waited longer: such a wait counts as long as it was seen, and then as not
   known (Kaplan and Meier 1958). Judged by those alone who were served, a range flatters itself.
4. Where enough waits were seen they are told apart by how long they were foretold to last.
"""

from bisect import bisect_left
from collections.abc import Collection, Iterable, Sequence
from itertools import pairwise
from operator import itemgetter
from typing import Final

import numpy as np

from queues.centre.estimates.correcting import corrected_s
from queues.centre.values.learned import Band, Learned, Pace, Spread
from queues.centre.values.needs import Need
from queues.ids import QueueId
from queues.reports.correction import learn_correction
from queues.reports.seen import SeenTalk, SeenWait

LEAST_TALKS: Final = 50
LEAST_WAITS: Final = 80  # in a band
MOST_BANDS: Final = 3
LEAST_HANG_UPS: Final = 10
_SHORTEST_S: Final = 0.1
_FORETOLD: Final = itemgetter(0)
LOW, HIGH = 0.1, 0.9  # of the waits that were foretold end before the range, and within its end


def learn(talks: Iterable[SeenTalk], waits: Sequence[SeenWait]) -> Learned:
    """Give what is known after these talks and waits."""
    paces = learn_paces(talks, waits)
    weights, judged = learn_correction(waits, {pace.queue: pace.patience_s for pace in paces})
    return Learned(paces, learn_spreads(judged, weights), weights)


def kept_beside(learned: Learned, known: Learned, queues: Collection[QueueId]) -> Learned:
    """Give what was learned, and beside it what is known of those of these queues not seen lately.

    Their ranges hold for waits that are corrected as they were then, and no others.
    """
    paced = {pace.queue for pace in learned.paces}
    spread = {each.queue for each in learned.spreads}
    paces = (p for p in known.paces if p.queue in queues and p.queue not in paced)
    spreads = (s for s in known.spreads if s.queue in queues and s.queue not in spread)
    return Learned(
        (*learned.paces, *paces),
        (*learned.spreads, *spreads) if learned.correction == known.correction else learned.spreads,
        learned.correction,
    )


def learn_paces(talks: Iterable[SeenTalk], waits: Sequence[SeenWait]) -> tuple[Pace, ...]:
    """Give the pace of each queue of which enough talks were seen."""
    by_queue: dict[QueueId, list[SeenTalk]] = {}
    for talk in talks:
        by_queue.setdefault(talk.queue, []).append(talk)
    return tuple(
        Pace(
            queue,
            max(_SHORTEST_S, round(sum(talk.hold_s for talk in seen) / len(seen), 3)),
            round(sum(talk.ring_s for talk in seen) / len(seen), 3),
            _patience_s([wait for wait in waits if wait.queue == queue]),
        )
        for queue, seen in sorted(by_queue.items())
        if len(seen) >= LEAST_TALKS and any(talk.hold_s > 0 for talk in seen)
    )


def learn_spreads(waits: Iterable[SeenWait], weights: tuple[float, ...] = ()) -> tuple[Spread, ...]:
    """Give how far these waits lie off what is foretold with these weights, by need."""
    by_need: dict[tuple[QueueId, Need | None], list[tuple[float, float, bool]]] = {}
    for wait in waits:
        if wait.foretold is None:
            continue
        foretold_s = corrected_s(weights, wait.foretold, wait.head_s)
        seen = (foretold_s, wait.lasted_s / foretold_s, wait.talked)
        by_need.setdefault((wait.queue, wait.need), []).append(seen)
        by_need.setdefault((wait.queue, None), []).append(seen)
    return tuple(
        Spread(queue, need, _bands(seen))
        for (queue, need), seen in sorted(by_need.items(), key=_by_name)
        if len(seen) >= LEAST_WAITS
    )


def _by_name(item: tuple[tuple[QueueId, Need | None], object]) -> tuple[str, str]:
    queue, need = item[0]
    return queue, repr(need)


def _patience_s(waits: Sequence[SeenWait]) -> float | None:
    """Give the mean of an exponential law, of which only the ends of some are seen."""
    hung_up = sum(wait.hung_up for wait in waits)
    if hung_up < LEAST_HANG_UPS:
        return None
    return max(_SHORTEST_S, round(sum(wait.lasted_s for wait in waits) / hung_up, 3))


def _bands(seen: list[tuple[float, float, bool]]) -> tuple[Band, ...]:
    """Give bands of about equally many waits, shortest foretold first.

    Waits that were foretold to last equally long, as those of all who are first in line, are in one
    band, or else the one below would hold those that were shorter.
    """
    seen = sorted(seen, key=_FORETOLD)
    count = min(MOST_BANDS, len(seen) // LEAST_WAITS)
    edges = [0]
    for number in range(1, count):
        edge = bisect_left(seen, seen[len(seen) * number // count][0], key=_FORETOLD)
        if min(edge - edges[-1], len(seen) - edge) >= LEAST_WAITS:
            edges.append(edge)
    bands = []
    for first, after in pairwise([*edges, len(seen)]):
        below_s = None if after == len(seen) else seen[after][0]
        bands.append(_band(below_s, seen[first:after]))
    return tuple(bands)


def _band(below_s: float | None, seen: list[tuple[float, float, bool]]) -> Band:
    """Give the quantiles and the mean of how many times as long waits were, by Kaplan and Meier."""
    ratio = np.array([each[1] for each in seen])
    talked = np.array([each[2] for each in seen])
    order = np.lexsort((~talked, ratio))  # at one ratio who talked first
    ratio, talked = ratio[order], talked[order]
    at_risk = np.arange(len(ratio), 0, -1)
    lasts = np.cumprod(np.where(talked, 1 - 1 / at_risk, 1.0))
    if not talked[-1]:
        lasts[-1] = 0.0  # who waited longest and hung up: as if the talk had begun then
    steps = np.diff(ratio, prepend=0.0)
    middle = float((steps * np.concatenate(([1.0], lasts[:-1]))).sum())
    low, high = (float(ratio[np.argmax(lasts <= 1 - share + 1e-12)]) for share in (LOW, HIGH))
    return Band(below_s, round(low, 4), round(middle, 4), round(high, 4))
