"""Unit: when freed memory goes back to the machine, and that it really does."""

from __future__ import annotations

import os
from pathlib import Path

from ivr.speech.giving_back import EVERY_S, GivingBack, give_back


def test_memory_goes_back_once_when_nobody_is_heard_any_more() -> None:
    giving = GivingBack(0.0)
    assert not giving.is_time(under_way=0, heard_s=0.0, now_s=1.0)  # nobody was heard yet
    assert not giving.is_time(under_way=2, heard_s=3.0, now_s=2.0)
    assert giving.is_time(under_way=0, heard_s=4.0, now_s=3.0)
    assert not giving.is_time(under_way=0, heard_s=4.0, now_s=4.0)


def test_memory_goes_back_now_and_then_while_callers_never_stop_talking() -> None:
    giving = GivingBack(0.0)
    given = [s for s in range(100) if giving.is_time(under_way=9, heard_s=s, now_s=s)]
    assert given == [EVERY_S, 2 * EVERY_S, 3 * EVERY_S]


def test_what_was_freed_in_pieces_is_the_machines_again() -> None:
    pieces = [bytearray(b"x" * 60_000) for _ in range(1_000)]
    kept = pieces[::100]  # so that the rest cannot go back by itself
    full = resident_bytes()
    del pieces
    give_back()
    assert full - resident_bytes() > 40_000_000
    assert len(kept) == 10


def resident_bytes() -> int:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")
