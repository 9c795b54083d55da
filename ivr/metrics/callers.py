"""What Prometheus is told of the callers' side: load, lag and counts; no numbers and no names."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from enum import Enum
from typing import TypeVar

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.metrics_core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)
from prometheus_client.registry import Collector

from ivr.asterisk.audiosocket.pacer import EDGES_S
from ivr.asterisk.audiosocket.server import AudioFigures
from ivr.asterisk.turned_away import TurnedAway
from ivr.dialogues.ports import ReplyKind, Unheard
from ivr.hearing.counts import At, HearingCounts
from ivr.speech.hearing_desk import HearingLoad
from ivr.speech.recogniser import LAG_EDGES_S
from queues.dispatcher import LedgerHealth
from queues.store import WriterHealth

_PREFIX = "freizeichen"

Kind = TypeVar("Kind", bound=Enum)


class CallersSide(Collector):
    """Reads the figures anew at each asking."""

    def __init__(
        self,
        *,
        up: Callable[[], bool],
        dialogues: Callable[[], int],
        audio: Callable[[], AudioFigures],
        hearing: Callable[[], HearingLoad],
        heard: HearingCounts,
        turned_away: Callable[[TurnedAway], int],
    ) -> None:
        self._up = up
        self._dialogues = dialogues
        self._audio = audio
        self._hearing = hearing
        self._heard = heard
        self._turned_away = turned_away

    def collect(self) -> Iterator[Metric]:
        """Every figure, by Prometheus' conventions of names and units."""
        audio, hearing = self._audio(), self._hearing()
        gauges = {
            ("asterisk_up", "Whether the link to Asterisk stands."): float(self._up()),
            ("dialogues", "Calls that have a dialogue."): self._dialogues(),
            ("audio_lines", "Callers whose sound goes through the service."): audio.lines,
            ("speech_listening", "Callers listened to at a node."): hearing.listening,
            ("speech_streams", "Streams that are being recognised."): hearing.under_way,
            ("speech_streams_capacity", "Streams that can be heard in time."): hearing.capacity,
            ("speech_lag_seconds", "Longest wait of sound for a thread lately."): hearing.lag_s,
            ("speech_real_time_factor", "Seconds of a thread for one of sound."): hearing.factor,
        }
        for (name, what), value in gauges.items():
            yield GaugeMetricFamily(f"{_PREFIX}_{name}", what, value)
        counters = {
            ("audio_frames", "Frames of 20 ms sent to callers."): audio.pacer.frames,
            ("audio_connections", "Callers whose sound has come to the service."): audio.connected,
            ("audio_frames_late", "Of those, more than 40 ms late."): audio.pacer.late,
        }
        for (name, what), count in counters.items():
            yield CounterMetricFamily(f"{_PREFIX}_{name}", what, count)
        yield _lag(hearing)
        name = f"{_PREFIX}_audio_frame_lateness_seconds"
        what = "How late frames left for callers."
        yield HistogramMetricFamily(
            name,
            what,
            buckets=_buckets(EDGES_S, audio.pacer.by_lateness),
            sum_value=audio.pacer.lateness_s,
        )
        yield _counts("audio_refused", "Connections turned away.", "reason", audio.refused)
        yield _counts("audio_ended", "Lines that ended.", "cause", audio.ended)
        for at, name, what in (
            (At.QUESTION, "speech_replies", "Questions by how they ended."),
            (At.ANNOUNCEMENT, "speech_announcements", "Announcements by how they ended."),
        ):
            replies = {kind: self._heard.replies[at, kind] for kind in ReplyKind}
            yield _counts(name, what, "reply", replies)
        yield _unheard(self._heard)
        away = {why: self._turned_away(why) for why in TurnedAway}
        yield _counts("calls_turned_away", "Calls that Asterisk refused.", "reason", away)


def _counts(name: str, what: str, label: str, counts: Mapping[Kind, int]) -> Metric:
    """A counter for each member of an enum, by its name in small letters."""
    metric = CounterMetricFamily(f"{_PREFIX}_{name}", what, labels=[label])
    for kind, count in counts.items():
        metric.add_metric([kind.name.lower()], count)
    return metric


def _unheard(heard: HearingCounts) -> Metric:
    what = "New callers, questions and announcements whom nobody could hear, by cause."
    labels = ["at", "cause"]
    metric = CounterMetricFamily(f"{_PREFIX}_speech_unheard", what, labels=labels)
    for at, cause in itertools.product(At, Unheard):
        metric.add_metric([at.name.lower(), cause.name.lower()], heard.unheard[at, cause])
    return metric


def _buckets(edges: Sequence[float], counts: Sequence[int]) -> list[tuple[str, int]]:
    """A histogram's counts as Prometheus wants them: each with all below it."""
    names = [*map(str, edges), "+Inf"]
    return list(zip(names, itertools.accumulate(counts), strict=True))


def _lag(hearing: HearingLoad) -> Metric:
    buckets = _buckets(LAG_EDGES_S, hearing.lag_counts)
    name = f"{_PREFIX}_speech_wait_seconds"
    what = "How long 100 ms of a caller's sound waited for a thread."
    return HistogramMetricFamily(name, what, buckets=buckets, sum_value=hearing.lag_sum_s)


class KeptFigures(Collector):
    """Reads the figures of journal, snapshots and adoption anew at each asking."""

    def __init__(
        self,
        *,
        ledger: Callable[[], LedgerHealth | None],
        writer: Callable[[], WriterHealth],
        snapshot_seq: Callable[[], int],
        records_seq: Callable[[], int],
        left: Callable[[], int],
        beats: Callable[[], int],
    ) -> None:
        self._ledger = ledger
        self._writer = writer
        self._snapshot_seq = snapshot_seq
        self._records_seq = records_seq
        self._left = left
        self._beats = beats

    def collect(self) -> Iterator[Metric]:
        """Every figure, by Prometheus' conventions of names and units."""
        ledger, writer = self._ledger(), self._writer()
        degraded = ledger is None or ledger.is_degraded
        gauges = {
            ("journal_degraded", "Decisions take effect without being kept."): float(degraded),
            ("journal_row", "The number of the last row that is kept."): writer.committed,
            ("journal_waiting_rows", "Rows that wait to be written."): writer.waiting,
            ("snapshot_row", "The row after which the last snapshot is."): self._snapshot_seq(),
            ("records_row", "The row up to which records are made."): self._records_seq(),
            ("calls_left", "Callers of an earlier service still to be found."): self._left(),
        }
        for (name, what), value in gauges.items():
            yield GaugeMetricFamily(f"{_PREFIX}_{name}", what, value)
        given_up = 0 if ledger is None else ledger.given_up
        counters = {
            ("journal_lost_rows", "Rows that could not be kept."): writer.lost,
            ("journal_given_up", "Decisions that took effect unkept."): given_up,
            ("beats", "Signs of life that the switch has taken."): self._beats(),
        }
        for (name, what), count in counters.items():
            yield CounterMetricFamily(f"{_PREFIX}_{name}", what, count)


def metrics_text(*collectors: Collector) -> bytes:
    """All figures of the collectors in Prometheus' text format."""
    registry = CollectorRegistry()
    for collector in collectors:
        registry.register(collector)
    return generate_latest(registry)
