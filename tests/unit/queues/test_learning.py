"""Unit: what is learned of earlier calls, and from how many."""

from __future__ import annotations

import random
from dataclasses import replace
from typing import Final

import pytest

from queues.centre.estimates.estimate import Expected
from queues.centre.values.learned import Band, Learned, Pace, Spread, band_of
from queues.centre.values.needs import ANYBODY, Need
from queues.ids import QueueId
from queues.reports.correction import LEAST_WAITS as LEAST_FOR_CORRECTION
from queues.reports.correction import learn_correction
from queues.reports.learning import (
    LEAST_HANG_UPS,
    LEAST_TALKS,
    LEAST_WAITS,
    kept_beside,
    learn,
    learn_paces,
    learn_spreads,
)
from queues.reports.seen import SeenTalk, SeenWait

DESK: Final = QueueId("desk")
GERMAN: Final = Need(language="de")


def talks(count: int, hold_s: float = 100.0) -> list[SeenTalk]:
    return [SeenTalk(DESK, hold_s, 4.0)] * count


def wait(lasted_s: float, expected_s: float = 100.0, *, talked: bool = True) -> SeenWait:
    found = Expected(expected_s, 3, None, 2)
    return SeenWait(DESK, ANYBODY, 1, lasted_s, talked, not talked, found, 20.0)


def test_nothing_is_known_of_a_queue_before_enough_talks() -> None:
    assert learn_paces(talks(LEAST_TALKS - 1), []) == ()
    (pace,) = learn_paces(talks(LEAST_TALKS), [])
    assert (pace.queue, pace.hold_s, pace.ring_s, pace.patience_s) == (DESK, 100.0, 4.0, None)


def test_patience_counts_all_seconds_waited_over_those_who_hung_up() -> None:
    waits = [wait(30.0)] * 90 + [wait(50.0, talked=False)] * LEAST_HANG_UPS
    (pace,) = learn_paces(talks(LEAST_TALKS), waits)
    assert pace.patience_s == (90 * 30 + 50 * LEAST_HANG_UPS) / LEAST_HANG_UPS
    (pace,) = learn_paces(talks(LEAST_TALKS), waits[1 - LEAST_HANG_UPS :])
    assert pace.patience_s is None


def test_no_range_before_enough_waits_then_one_that_holds_eight_of_ten() -> None:
    waits = [wait(float(number)) for number in range(LEAST_WAITS)]
    assert learn_spreads(waits[1:]) == ()
    for spread in learn_spreads(waits):
        (band,) = spread.bands
        held = [w for w in waits if band.low * 100 <= w.lasted_s <= band.high * 100]
        assert len(held) / len(waits) == pytest.approx(0.8, abs=0.03)
        assert band.middle * 100 == pytest.approx((LEAST_WAITS - 1) / 2)


def test_who_hung_up_would_have_waited_longer() -> None:
    """Of exponential waits half are cut off by an equal patience; the quantiles stay."""
    chance = random.Random(7)  # noqa: S311
    waits = []
    for _ in range(6000):
        lasts_s, stays_s = chance.expovariate(0.01), chance.expovariate(0.01)
        waits.append(wait(min(lasts_s, stays_s), talked=lasts_s < stays_s))
    for spread in learn_spreads(waits):
        (band,) = spread.bands  # all were foretold the same
        assert band.low == pytest.approx(0.105, abs=0.02)
        assert band.high == pytest.approx(2.303, abs=0.2)
        assert band.middle == pytest.approx(1.0, abs=0.1)
    served = sorted(w.lasted_s for w in waits if w.talked)
    assert served[int(0.9 * len(served))] < 130  # what those alone would say


def test_bands_tell_long_waits_from_short_ones_and_rare_needs_have_those_of_the_queue() -> None:
    short = [wait(10.0 * (1 + n % 5), 30.0) for n in range(LEAST_WAITS)]
    long = [wait(300.0 + n, 300.0) for n in range(LEAST_WAITS)]
    german = [replace(wait(500.0, 100.0), need=GERMAN)] * 3
    known = learn(talks(LEAST_TALKS), [*short, *long, *german])
    first = band_of(known, DESK, ANYBODY, 30.0)
    last = band_of(known, DESK, ANYBODY, 10_000.0)
    assert first is not None
    assert last is not None
    assert (first.below_s, last.below_s) == (300.0, None)
    assert first.high > last.high
    assert band_of(known, DESK, GERMAN, 30.0) is not None
    assert {spread.need for spread in known.spreads} == {ANYBODY, None}


def test_what_is_known_of_a_queue_that_was_not_seen_lately_stays_if_it_is_still_there() -> None:
    rare, gone = QueueId("rare"), QueueId("gone")
    pace, spread = Pace(rare, 90.0, 4.0, None), Spread(rare, None, (Band(None, 0.5, 1.0, 2.0),))
    known = Learned((pace, replace(pace, queue=gone)), (spread, replace(spread, queue=gone)))
    lately = Learned((Pace(DESK, 100.0, 4.0, None),), ())
    both = kept_beside(lately, known, (DESK, rare))
    assert both == Learned((*lately.paces, pace), (spread,))
    other = replace(lately, correction=(0.0, 1.1, 0.0, 0.0))  # of other waits than the range is of
    assert kept_beside(other, known, (DESK, rare)).spreads == ()
    assert kept_beside(known, known, (rare, gone)) == known


def by_head(day: int, chance: random.Random, *, matters: bool) -> SeenWait:
    """A wait as long as the head of the line has waited, or as the formula says."""
    expected_s, head_s = chance.uniform(50, 300), chance.uniform(50, 300)
    lasts_s = head_s if matters else expected_s
    lasts_s *= chance.uniform(0.8, 1.2)
    found = Expected(expected_s, 3, None, 2)
    return SeenWait(DESK, ANYBODY, day, lasts_s, True, False, found, head_s)


@pytest.mark.parametrize("matters", [True, False])
def test_a_correction_is_kept_only_where_it_foretells_days_better_that_it_has_not_seen(
    matters: bool,
) -> None:
    chance = random.Random(3)  # noqa: S311
    waits = [by_head(n % 10, chance, matters=matters) for n in range(3 * LEAST_FOR_CORRECTION)]
    weights, unseen = learn_correction(waits, {DESK: None})
    if matters:
        assert weights[2] == pytest.approx(1.0, abs=0.1)
        assert {w.day for w in unseen} == {6, 7, 8, 9}
    else:
        assert (weights, unseen) == ((), waits)


def test_a_correction_wants_five_days() -> None:
    chance = random.Random(3)  # noqa: S311
    waits = [by_head(n % 5, chance, matters=True) for n in range(3 * LEAST_FOR_CORRECTION)]
    assert learn_correction(waits, {DESK: None})[0] != ()
    fewer = [wait for wait in waits if wait.day > 0] * 2
    assert learn_correction(fewer, {DESK: None})[0] == ()
