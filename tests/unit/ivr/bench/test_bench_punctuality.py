"""Unit: how punctual the frames are that reach a caller's phone."""

from __future__ import annotations

import pytest

from ivr.bench.packet import Packet
from ivr.bench.punctuality import Punctuality, punctuality

FRAME, FRAME_S = 160, 0.02


def call(frames: range, *, late_s: float = 0.0, source: int = 1, first: int = 0) -> list[Packet]:
    """Frames by their number, each so much later than it was due."""
    return [
        Packet(source, (first + number * FRAME) % 2**32, number * FRAME_S + late_s)
        for number in frames
    ]


def test_frames_that_come_with_the_beat_are_all_in_time() -> None:
    assert punctuality(call(range(100)), 0.0, 2.0) == Punctuality(100, 0)


def test_what_comes_over_forty_milliseconds_late_is_late() -> None:
    packets = [*call(range(80)), *call(range(80, 90), late_s=0.05), *call(range(90, 100))]
    assert punctuality(packets, 0.0, 2.0).late == 10
    packets = [*call(range(80)), *call(range(80, 90), late_s=0.03), *call(range(90, 100))]
    assert punctuality(packets, 0.0, 2.0).late == 0


def test_lateness_is_measured_from_the_earliest_packet_of_the_time_looked_at() -> None:
    slow_at_first = [*call(range(10), late_s=0.06), *call(range(10, 100))]
    assert punctuality(slow_at_first, 0.0, 2.0).late == 10
    always_so = call(range(100), late_s=0.06)
    assert punctuality(always_so, 0.06, 2.06).late == 0


def test_what_came_before_or_afterwards_does_not_count() -> None:
    packets = [*call(range(100), late_s=0.1)[:20], *call(range(20, 100))]
    assert punctuality(packets, 0.6, 1.6).late == 0


def test_a_frame_whose_time_is_left_out_is_late() -> None:
    packets = [*call(range(50)), *call(range(60, 100))]
    assert punctuality(packets, 0.0, 2.0) == Punctuality(100, 10)


def test_a_time_that_is_put_right_by_less_than_a_frame_is_no_frame() -> None:
    later = [Packet(1, 50 * FRAME + 80 + n * FRAME, 1.01 + n * FRAME_S) for n in range(49)]
    assert punctuality([*call(range(50)), *later], 0.0, 2.0) == Punctuality(99, 0)


def test_frames_that_stop_coming_are_late_from_then_on() -> None:
    found = punctuality(call(range(50)), 0.0, 2.0)
    assert found.late == pytest.approx(48, abs=1)
    assert found.frames == found.late + 50


def test_frames_that_begin_to_come_only_later_are_late_until_then() -> None:
    assert punctuality(call(range(50, 100)), 0.0, 2.0) == Punctuality(100, 50)


def test_where_nothing_is_sent_for_seconds_nothing_is_late() -> None:
    packets = [*call(range(150, 200)), *call(range(400, 450))]
    assert punctuality(packets, 0.0, 12.0) == Punctuality(100, 0)
    assert punctuality([], 0.0, 2.0) == Punctuality(0, 0)


def test_timestamps_may_run_over_and_packets_overtake_each_other() -> None:
    packets = call(range(100), first=2**32 - 50 * FRAME)
    packets[40], packets[60] = packets[60], packets[40]
    assert punctuality(packets, 0.0, 2.0) == Punctuality(100, 0)


def test_another_source_begins_a_time_of_its_own() -> None:
    packets = [*call(range(50)), *call(range(50, 100), source=2, first=77_777)]
    assert punctuality(packets, 0.0, 2.0) == Punctuality(100, 0)
