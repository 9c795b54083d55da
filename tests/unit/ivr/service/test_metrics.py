"""Unit: what Prometheus reads is well-formed and holds load, lag and counts."""

from __future__ import annotations

from prometheus_client.parser import text_string_to_metric_families

from ivr.asterisk.audiosocket.line import LineEnd
from ivr.asterisk.audiosocket.pacer import EDGES_S, PacerFigures
from ivr.asterisk.audiosocket.server import AudioFigures, Refusal
from ivr.asterisk.turned_away import TurnedAway
from ivr.dialogues.ports import ReplyKind, Unheard
from ivr.hearing.counts import At, HearingCounts
from ivr.metrics.callers import CallersSide, KeptFigures, metrics_text
from ivr.speech.hearing_desk import HearingLoad
from ivr.speech.recogniser import LAG_EDGES_S, Lag
from queues.dispatcher import LedgerHealth
from queues.store import Trouble, WriterHealth


def callers_side() -> CallersSide:
    lag = Lag()
    for waited_s in (0.004, 0.004, 0.06, 9.0):
        lag.note(waited_s, now=1.0)
    pacer = PacerFigures(2, 10, 20, 3, 1, 0.1, 0.001, (0,) * (len(EDGES_S) + 1))
    audio = AudioFigures(2, 5, {Refusal.UNKNOWN: 4}, {LineEnd.CLOSED: 3}, pacer)
    heard = HearingCounts()
    for number, kind in enumerate(ReplyKind):
        heard.replies[At.QUESTION, kind] = number
        heard.replies[At.ANNOUNCEMENT, kind] = 10 + number
    for number, cause in enumerate(Unheard, 1):
        heard.unheard[At.QUESTION, cause] = number
        heard.unheard[At.ANNOUNCEMENT, cause] = 100 + number
    return CallersSide(
        up=lambda: True,
        dialogues=lambda: 6,
        audio=lambda: audio,
        hearing=lambda: HearingLoad(3, 2, 16, 0.2, 0.05, frozenset({"ko"}), *lag.histogram()),
        heard=heard,
        turned_away=dict.fromkeys(TurnedAway, 2).__getitem__,
    )


def samples() -> dict[tuple[str, tuple[str, ...]], float]:
    text = metrics_text(callers_side()).decode()
    return {
        (sample.name, tuple(sample.labels.values())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def test_every_figure_is_told_under_a_conventional_name() -> None:
    told = samples()
    assert told["freizeichen_asterisk_up", ()] == 1
    assert told["freizeichen_audio_frames_late_total", ()] == 3
    assert told["freizeichen_audio_refused_total", ("unknown",)] == 4
    assert told["freizeichen_audio_ended_total", ("closed",)] == 3
    assert told["freizeichen_speech_replies_total", ("not_understood",)] == 1
    assert told["freizeichen_speech_announcements_total", ("silent",)] == 12
    assert told["freizeichen_speech_unheard_total", ("question", "no_model")] == 1
    assert told["freizeichen_speech_unheard_total", ("announcement", "no_model")] == 101
    assert told["freizeichen_speech_unheard_total", ("welcome", "no_model")] == 0
    assert told["freizeichen_calls_turned_away_total", ("full_house",)] == 2
    assert told["freizeichen_speech_unheard_total", ("question", "fault")] == len(Unheard)
    assert all(name.startswith("freizeichen_") for name, _ in told)


def test_the_waits_of_sound_are_a_histogram_that_adds_up() -> None:
    told = samples()
    name = "freizeichen_speech_wait_seconds"
    assert told[f"{name}_bucket", ("0.005",)] == 2
    assert told[f"{name}_bucket", ("0.07",)] == 3
    assert told[f"{name}_bucket", (str(LAG_EDGES_S[-1]),)] == 3
    assert told[f"{name}_count", ()] == 4
    assert told[f"{name}_sum", ()] == 9.068


def kept_figures() -> KeptFigures:
    return KeptFigures(
        ledger=lambda: LedgerHealth(True, 3, 4, 5, "locked"),
        writer=lambda: WriterHealth(Trouble.LOCKED, 1.0, 7, 5, 900, False, False),
        snapshot_seq=lambda: 800,
        records_seq=lambda: 790,
        left=lambda: 2,
        beats=lambda: 60,
    )


def test_what_is_kept_and_what_could_not_be_is_told() -> None:
    told = {
        sample.name: sample.value
        for family in text_string_to_metric_families(metrics_text(kept_figures()).decode())
        for sample in family.samples
    }
    assert told["freizeichen_journal_degraded"] == 1
    assert told["freizeichen_journal_row"] == 900
    assert told["freizeichen_journal_waiting_rows"] == 7
    assert told["freizeichen_journal_lost_rows_total"] == 5
    assert told["freizeichen_journal_given_up_total"] == 4
    assert told["freizeichen_calls_left"] == 2
    assert told["freizeichen_snapshot_row"] == 800
    assert told["freizeichen_records_row"] == 790
