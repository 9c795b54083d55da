"""The beat of all lines, under a clock of the test's own; and how much a peer may send."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ivr.asterisk.audiosocket.allowance import CREDIT_S, Allowance
from ivr.asterisk.audiosocket.frames import FRAME_S, RATE
from ivr.asterisk.audiosocket.pacer import CATCH_UP_FRAMES, Beat


def run(beat: Beat, lates: list[float]) -> list[tuple[float, float, int]]:
    """Strike so often, each so much later than it asked for: when, how late, what was skipped."""
    told = []
    for late in lates:
        now = beat.wake_at_s + late
        told.append((now, *beat.strike(now)))
    return told


def test_an_hour_of_beats_does_not_drift() -> None:
    beat = Beat(100.0)
    count = round(3600 / FRAME_S)
    run(beat, [0.0] * count)
    assert beat.wake_at_s == pytest.approx(100.0 + 3600.0, abs=1e-6)


@given(st.lists(st.floats(0.0, 0.05), min_size=1, max_size=300))
def test_what_is_a_little_late_each_time_is_made_good_without_a_burst(lates: list[float]) -> None:
    beat = Beat(0.0)
    told = run(beat, lates)
    assert all(b - a >= FRAME_S / 2 - 1e-9 for (a, _, _), (b, _, _) in pairwise(told))
    skipped = sum(skip for _, _, skip in told)
    run(beat, [0.0] * (CATCH_UP_FRAMES * 2 + 2))
    sent = len(lates) + CATCH_UP_FRAMES * 2 + 2
    assert beat.wake_at_s == pytest.approx((sent + skipped) * FRAME_S, abs=1e-6)


@given(st.floats(0.09, 30.0))
def test_after_a_stall_a_few_frames_are_caught_up_and_the_rest_is_skipped(stall: float) -> None:
    beat = Beat(0.0)
    run(beat, [0.0] * 10)
    ((_, late, skipped),) = run(beat, [stall])
    assert late + skipped * FRAME_S == pytest.approx(stall)
    assert CATCH_UP_FRAMES * FRAME_S - 1e-9 <= late < (CATCH_UP_FRAMES + 1) * FRAME_S + 1e-9
    assert [skip for _, _, skip in run(beat, [0.0] * 20)] == [0] * 20


def test_a_beat_that_wakes_too_early_keeps_its_schedule() -> None:
    beat = Beat(0.0)
    run(beat, [0.0, -0.001, -0.001])
    assert beat.wake_at_s == pytest.approx(3 * FRAME_S)


def test_a_phone_may_speak_for_ever_and_a_stall_may_be_made_good() -> None:
    allowance = Allowance(0.0)
    second = 2 * RATE
    assert all(allowance.spend(second, now) for now in range(1, 3600))
    assert allowance.spend(round((CREDIT_S - 1) * second), 3600.0)


def test_ten_times_too_fast_is_borne_for_a_moment_only() -> None:
    allowance = Allowance(0.0)
    spent = [allowance.spend(10 * 2 * RATE // 50, step / 50) for step in range(200)]
    assert spent.index(False) == pytest.approx(50 * CREDIT_S / 9, abs=2)


def test_a_long_silence_earns_no_flood() -> None:
    allowance = Allowance(0.0)
    assert not allowance.spend(round((CREDIT_S + 1) * 2 * RATE), 3600.0)


def test_many_messages_that_hold_nothing_are_a_flood_too() -> None:
    allowance = Allowance(0.0)
    borne = [allowance.spend(0, 0.0) for _ in range(2100)].index(False)
    assert borne == pytest.approx(CREDIT_S / 0.005, abs=10)
    assert all(Allowance(0.0).spend(160, step / 100) for step in range(1000))
