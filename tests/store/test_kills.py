"""A writing process is killed at random moments: all that it acknowledged is there, and whole."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from itertools import groupby

from tests.store.places import Place
from tests.store.postgres_server import ROOT
from tests.store.writing_process import SIZES

KILLS = 20
LONGEST_S = 0.15  # from the first acknowledgement to the kill


def test_twenty_kills_lose_nothing_that_was_acknowledged(file_place: Place) -> None:
    kill_again_and_again(file_place, KILLS)


def test_kills_beside_a_server_lose_nothing_either(server_place: Place) -> None:
    kill_again_and_again(server_place, 5)


def kill_again_and_again(place: Place, kills: int) -> None:
    chance = random.Random(1)  # noqa: S311  (a seeded order of events)
    place.open().close()
    command = [sys.executable, "-m", "tests.store.writing_process", place.url, str(place.folder)]
    with subprocess.Popen(
        command,
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as parent:
        assert parent.stdin is not None
        assert parent.stdout is not None
        acknowledged: set[int] = set()
        written: list[int] = []
        seq = 0
        for _ in range(kills):
            parent.stdin.write("\n")
            parent.stdin.flush()
            lines = iter(parent.stdout.readline, "")
            child = int(next(lines).removeprefix("child "))
            acknowledged.add(int(next(lines)))
            kill_at = time.monotonic() + chance.uniform(0, LONGEST_S)
            for line in lines:
                acknowledged.add(int(line))
                if time.monotonic() >= kill_at:
                    break
            os.kill(child, signal.SIGKILL)
            for line in lines:
                if not line.strip().isdigit():
                    assert line == "gone\n"
                    break
                acknowledged.add(int(line))
            seq = look_on(place, seq, written)
            assert acknowledged <= set(written)
        parent.stdin.close()
    assert len(acknowledged) > kills


def look_on(place: Place, after_seq: int, written: list[int]) -> int:
    """Read on in the journal, whose opening finds any gap before; give its last row's number."""
    with place.opened(wait=True) as store:  # until the server has seen that the other is gone
        rows = list(store.read_journal(after_seq))
        assert store.last_seq == after_seq + len(rows)
    told = [row.values() for row in rows]
    for group, of in groupby(told, lambda value: value["group"]):
        assert len(list(of)) == SIZES[group % len(SIZES)], f"group {group} is not whole"
        assert not written or group > written[-1]
        written.append(group)
    return after_seq + len(rows)
