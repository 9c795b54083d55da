"""How much memory a call leaves behind, and that it leaves nothing else."""

from __future__ import annotations

import asyncio
import statistics
import time
from collections.abc import Mapping, Sequence

from ivr.bench.progress import Tell
from ivr.bench.refusals import Refusals
from ivr.bench.site import BenchFailed, RunningSite
from ivr.bench.speech_site import figures
from ivr.bench.talking import calling, run_callers

_WARMING_UP, _BETWEEN = 200, 50  # calls
_AT_ONCE = 25
_SEED = 10_000
_AT_REST_S = 10.0
_STANDS_STILL_S = 2.0  # longer than the service takes to give freed memory back
_GAUGES = {
    "lines": "freizeichen_audio_lines",
    "listening": "freizeichen_speech_listening",
    "streams": "freizeichen_speech_streams",
}


def kilobytes_a_call(site: RunningSite, *, calls: int, refusals: Refusals, tell: Tell) -> float:
    """So many short calls with a word each: the slope of the service's memory over them.

    Others warm it up. It is read behind every 50 calls, for one reading is a few megabytes off.
    Raises `BenchFailed` when the service still holds something of the calls 10 s after the last.
    """
    read: list[tuple[int, float]] = []
    warming_up = range(_SEED - min(_WARMING_UP, calls), _SEED)
    run_callers(_short_calls(site, warming_up, refusals))
    for done in range(0, calls + 1, _BETWEEN):
        if done:
            seeds = range(_SEED + done - _BETWEEN, _SEED + done)
            run_callers(_short_calls(site, seeds, refusals))
        come_to_rest(site)
        read.append((done, site.resident_bytes() / 1000))
        tell(f"memory after {done} of {calls} calls: {read[-1][1] / 1000:.1f} MB")
    return slope(read)


def slope(read: Sequence[tuple[int, float]]) -> float:
    """How steep the straight line through these points is."""
    counts, values = zip(*read, strict=True)
    return statistics.linear_regression(counts, values).slope


def come_to_rest(site: RunningSite) -> None:
    """Wait until no line, listening caller or stream is left and no more memory is given back.

    Raises `BenchFailed`.
    """
    until = time.monotonic() + _AT_REST_S
    while left := what_is_left(figures(site).values):
        if time.monotonic() > until:
            raise BenchFailed(f"{_AT_REST_S:g} s after the last call there are still {left}")
        time.sleep(0.1)
    least, since = site.resident_bytes(), time.monotonic()
    while time.monotonic() - since < _STANDS_STILL_S and time.monotonic() < until:
        time.sleep(0.1)
        if (now := site.resident_bytes()) < least:
            least, since = now, time.monotonic()


def what_is_left(values: Mapping[str, float]) -> str:
    """What the service still holds of calls, in words; empty if it is nothing."""
    left = ((what, values[name]) for what, name in _GAUGES.items())
    return ", ".join(f"{count:g} {what}" for what, count in left if count)


async def _short_calls(site: RunningSite, seeds: Sequence[int], refusals: Refusals) -> None:
    waiting = iter(seeds)

    async def some() -> None:
        for seed in waiting:
            with refusals.counted():
                async with calling(site.run, seed) as caller:
                    await caller.reaches_the_menu()
                    await caller.says_a_word()

    async with asyncio.TaskGroup() as tasks:
        for _ in range(_AT_ONCE):
            tasks.create_task(some())
            await asyncio.sleep(0.1)
