"""Fifty callers in menus at once, of whom twenty speak within 10 s and ten phones echo."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass

from ivr.bench.punctuality import punctuality
from ivr.bench.refusals import Refusals
from ivr.bench.site import RunningSite
from ivr.bench.speech_site import TO_SECOND_MENU, Figures, figures
from ivr.bench.talking import TalkingCaller, calling, run_callers
from ivr.bench.wire import Wire

MENUS, SPEAKERS, ECHOING = 50, 20, 10
_SPEAK_WITHIN_S = 10.0
_SET_UP_S, _ALL_OF_IT_S = 0.05, 90.0
_PATIENCE_S = 10.0
_LISTENING = "freizeichen_speech_listening"
_LAG = "freizeichen_speech_lag_seconds"
_LAG_S = 0.05  # of an earlier crowd; it says the longest wait of the last seconds


@dataclass(frozen=True, slots=True)
class CrowdRun:
    """What became of them: counts of callers; lateness in % of frames; a wait in seconds.

    `late_on_the_wire` is by what reached the callers' phones, `late_by_the_service` by its own
    count.
    """

    listened_to: float
    understood: float
    told_to_use_keys: float
    late_on_the_wire: float
    late_by_the_service: float
    wait_p95_s: float


class Crowd:
    """One such crowd, which calls when `run` is awaited."""

    def __init__(self, site: RunningSite, seed: int, refusals: Refusals) -> None:
        self._site = site
        self._refusals = refusals
        self._come = 0
        self._first_seed = seed
        self._all_there = asyncio.Barrier(MENUS + 1)
        self._all_said = asyncio.Barrier(SPEAKERS + 1)
        self._speaking, self._over = asyncio.Event(), asyncio.Event()
        self._wires: list[Wire] = []

    async def run(self) -> CrowdRun:
        """Let them call, speak and hang up."""
        await self._until(lambda found: found.values[_LAG] < _LAG_S)
        async with asyncio.timeout(_ALL_OF_IT_S), asyncio.TaskGroup() as tasks:
            for number in range(MENUS):
                tasks.create_task(self._one(number))
                await asyncio.sleep(_SET_UP_S)
            await self._all_there.wait()
            return await self._watch()

    async def _one(self, number: int) -> None:
        """The first of them speak, the last of them echo a long prompt."""
        echoes = number >= MENUS - ECHOING
        seed = self._first_seed + number
        with self._refusals.counted():
            async with calling(self._site.run, seed, echoes=echoes) as caller:
                await self._calls(caller, number, echoes=echoes)
            return
        # Refused, which the figures show: the others go on.
        await self._all_there.wait()
        if number < SPEAKERS:
            await self._all_said.wait()

    async def _calls(self, caller: TalkingCaller, number: int, *, echoes: bool) -> None:
        self._come += 1
        self._wires.append(caller.wire)
        await caller.reaches_the_menu()
        await caller.hears_it_out()
        await self._all_there.wait()
        await self._speaking.wait()
        if number < SPEAKERS:
            await asyncio.sleep(_SPEAK_WITHIN_S * number / SPEAKERS * 0.9)
            await caller.says_a_word()
            await self._all_said.wait()
        elif echoes:
            await caller.presses(TO_SECOND_MENU)
        await self._over.wait()

    async def _watch(self) -> CrowdRun:
        before = await self._until(lambda found: found.values[_LISTENING] >= self._come)
        began_s = time.monotonic()
        self._speaking.set()
        await asyncio.sleep(_SPEAK_WITHIN_S)
        ended_s = time.monotonic()
        after = await self._figures()
        await self._all_said.wait()
        at_the_end = await self._figures()
        self._over.set()
        found = [punctuality(wire.packets, began_s, ended_s) for wire in self._wires]
        due = sum(each.frames for each in found)
        frames = after.since(before, "freizeichen_audio_frames_total")
        late = after.since(before, "freizeichen_audio_frames_late_total")
        return CrowdRun(
            listened_to=before.values[_LISTENING],
            understood=_replies(before, at_the_end, "understood"),
            told_to_use_keys=_replies(before, at_the_end, "unheard"),
            late_on_the_wire=_percent(sum(each.late for each in found), due),
            late_by_the_service=_percent(late, frames),
            wait_p95_s=_wait_p95(before, after),
        )

    async def _until(self, holds: Callable[[Figures], bool]) -> Figures:
        """The figures when this holds, or when time is up."""
        until = time.monotonic() + _PATIENCE_S
        while True:
            found = await self._figures()
            if holds(found) or time.monotonic() > until:
                return found
            await asyncio.sleep(0.1)

    async def _figures(self) -> Figures:
        return await asyncio.to_thread(figures, self._site)


def run_crowd(site: RunningSite, seed: int, refusals: Refusals) -> CrowdRun:
    """One crowd whose callers have this seed and those behind it. Raises `BenchFailed`."""

    async def run() -> CrowdRun:
        return await Crowd(site, seed, refusals).run()

    return run_callers(run())


def _percent(late: float, frames: float) -> float:
    """With no frames at all everything is late."""
    return 100 * late / frames if frames else 100.0


def _replies(before: Figures, after: Figures, kind: str) -> float:
    return after.since(before, f'freizeichen_speech_replies_total{{reply="{kind}"}}')


def _wait_p95(before: Figures, after: Figures) -> float:
    """The upper edge of the bucket; with no sound at all nobody waited."""
    buckets = after.buckets_since(before, "freizeichen_speech_wait_seconds")
    total = buckets[-1][1]
    return next(edge for edge, below in buckets if below >= 0.95 * total) if total else 0.0
