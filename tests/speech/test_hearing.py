"""Streams, threads and places with scripted decoders: what fails costs one stream, and says so."""

from __future__ import annotations

import queue
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import numpy as np
import pytest

from ivr.dialogues.ports import Unheard
from ivr.speech.ear import Ear
from ivr.speech.hearing_desk import HearingDesk, ListeningSlot
from ivr.speech.recogniser import Heard, NoModel, Recogniser
from ivr.speech.turn import (
    Decision,
    FinalHeard,
    Grammar,
    HearingFailed,
    HearingLost,
    KeyWon,
    PartialHeard,
    SpeechBegan,
    Turn,
    VoiceDetector,
)
from ivr.speech.vosk_model import Answer, Decoder, ModelBroken
from tests.speech.sounds import VOWEL, framed, hiss

GRAMMAR = Grammar.of(["secretword"])
FRAME = np.zeros(160, np.int16)


class Scripted:
    """A model whose decoders do what the test says."""

    def __init__(self, accept: Callable[[], str] = lambda: "secretword") -> None:
        self._accept = accept
        self.threads: set[str] = set()

    def decoder(self, phrases: Sequence[str]) -> Decoder:
        return self

    def unknown(self, words: Iterable[str]) -> tuple[str, ...]:
        return tuple(words)

    def accept(self, chunk: bytes) -> str:
        self.threads.add(threading.current_thread().name)
        assert len(chunk) % 320 == 0
        return self._accept()

    def finish(self) -> tuple[Answer, float | None]:
        return Answer("secretword", 1.0, 0.9, 0.5), 2.0


def recogniser(model: Scripted, threads: int = 1) -> Recogniser:
    made = Recogniser(threads)
    made.use("xx", model)
    return made


def slot(desk: HearingDesk) -> ListeningSlot:
    given = desk.listen("xx", GRAMMAR)
    assert isinstance(given, ListeningSlot)
    return given


def take(said: queue.SimpleQueue[Heard]) -> Heard:
    return said.get(timeout=5)


def test_a_stream_is_decoded_by_100_ms_in_a_thread_and_ends_with_its_last_word() -> None:
    model, said = Scripted(), queue.SimpleQueue[Heard]()
    listening = recogniser(model)
    hearing = listening.open("xx", GRAMMAR, said.put)
    for number in range(12):
        hearing.feed(FRAME, until=number * 0.02)
    assert [take(said) for _ in range(2)] == [
        PartialHeard("secretword", 0.08),
        PartialHeard("secretword", 0.18),
    ]
    hearing.finish()
    assert isinstance(take(said), PartialHeard)
    assert take(said) == FinalHeard("secretword", 0.9, 2.0)
    assert listening.under_way() == 0
    assert all(name.startswith("hearing") for name in model.threads)
    assert "secretword" not in repr(hearing) + repr(Answer("secretword", 1.0, 1.0, 1.0))
    listening.close()


def test_a_decoder_that_dies_in_the_middle_of_a_word_fails_its_own_stream_only() -> None:
    def die() -> str:
        raise RuntimeError("secretword")

    good, said = Scripted(), queue.SimpleQueue[Heard]()
    listening = recogniser(Scripted(die))
    listening.use("yy", good)
    dying = listening.open("xx", GRAMMAR, said.put)
    for _ in range(5):
        dying.feed(FRAME, 0.1)
    assert take(said) == HearingFailed("died")
    living = listening.open("yy", GRAMMAR, said.put)
    for _ in range(5):
        dying.feed(FRAME, 0.2)
        living.feed(FRAME, 0.2)
    assert take(said) == PartialHeard("secretword", 0.2)
    living.cancel()
    assert listening.under_way() == 0
    listening.close()


def test_a_stream_that_falls_three_seconds_behind_is_failed_and_its_lag_is_seen() -> None:
    go_on, said = threading.Event(), queue.SimpleQueue[Heard]()

    def stall() -> str:
        assert go_on.wait(10)
        return ""

    listening = recogniser(Scripted(stall))
    desk = HearingDesk(listening)
    hearing = listening.open("xx", GRAMMAR, said.put)
    behind = listening.open("xx", GRAMMAR, lambda _: None)
    for _ in range(5):
        behind.feed(FRAME, 0.0)
    for _ in range(200):
        hearing.feed(FRAME, 0.0)
    assert take(said) == HearingFailed("lagging")
    assert listening.under_way() == 1
    for _ in range(5):
        behind.feed(FRAME, 0.0)
    deadline = time.monotonic() + 0.35  # the wait is what is measured
    while time.monotonic() < deadline:
        time.sleep(0.01)
    go_on.set()
    while not listening.is_at_rest():
        time.sleep(0.001)
    assert desk.load().lag_s >= 0.3
    assert desk.refusal("xx") is Unheard.LAG
    listening.close()


def test_nothing_is_told_after_a_cancel() -> None:
    begun, go_on, said = threading.Event(), threading.Event(), queue.SimpleQueue[Heard]()

    def slow() -> str:
        begun.set()
        assert go_on.wait(10)
        return "secretword"

    listening = recogniser(Scripted(slow))
    hearing = listening.open("xx", GRAMMAR, said.put)
    for _ in range(10):
        hearing.feed(FRAME, 0.0)
    assert begun.wait(5)
    hearing.cancel()
    go_on.set()
    listening.close()
    assert said.empty()


def test_no_more_streams_than_can_be_heard_and_no_more_callers_than_may_speak() -> None:
    listening = recogniser(Scripted())
    desk = HearingDesk(listening)  # not yet measured: 8 streams a thread
    assert desk.capacity == 8
    assert desk.listen("de", GRAMMAR) is Unheard.NO_MODEL
    places = [slot(desk) for _ in range(32)]
    assert desk.listen("xx", GRAMMAR) is Unheard.OVERLOAD
    streams = [place.hear(lambda _: None) for place in places]
    assert sum(stream is not None for stream in streams) == 8
    for place in places[:2]:
        place.leave()
        place.leave()
    assert desk.load().listening == 30
    assert desk.listen("xx", GRAMMAR) is Unheard.OVERLOAD  # all streams are taken
    for stream in streams:
        if stream is not None:
            stream.cancel()
    slot(desk)
    listening.close()


def test_the_load_is_measured() -> None:
    listening = recogniser(Scripted())
    desk = HearingDesk(listening)
    factor = desk.measure("xx", bytes(32000), GRAMMAR)
    assert 0 <= factor < 0.1
    assert desk.capacity == 8  # a thread measures; what follows is for the loop to set
    desk.set_measured(factor)
    assert desk.capacity > 8
    desk.set_measured(0.2)
    desk.set_measured(factor)
    assert desk.capacity == 4  # the slowest language counts
    with pytest.raises(NoModel):
        desk.measure("de", bytes(32000), GRAMMAR)
    listening.close()


def test_a_caller_who_speaks_when_all_streams_are_taken_is_sent_to_keys_at_once() -> None:
    listening = recogniser(Scripted())
    desk = HearingDesk(listening)
    place = slot(desk)
    for _ in range(desk.capacity):
        listening.open("xx", GRAMMAR, lambda _: None)
    decided: list[Decision] = []
    turn = Turn(GRAMMAR, voice=VoiceDetector(), prompt_plays=False)
    ear = Ear(turn, place, decided=decided.append, hand_over=lambda call: call(), clock=lambda: 1.0)
    for number, frame in enumerate(framed(np.concatenate([hiss(0.0005, 0.4), VOWEL]))):
        ear.hear(frame, number * 0.02)
    assert [type(d) for d in decided] == [SpeechBegan, HearingLost]
    assert decided[1] == HearingLost("busy")
    assert desk.load().listening == 0
    listening.close()


def test_a_thread_that_hangs_closes_admission_and_is_seen_though_its_caller_is_gone() -> None:
    begun, go_on = threading.Event(), threading.Event()

    def hang() -> str:
        begun.set()
        assert go_on.wait(20)
        return ""

    listening = recogniser(Scripted(hang))
    desk = HearingDesk(listening)
    hanging = listening.open("xx", GRAMMAR, lambda _: None)
    for _ in range(5):
        hanging.feed(FRAME, 0.0)
    assert begun.wait(5)
    hanging.cancel()
    assert desk.load().under_way == 0
    deadline = time.monotonic() + 5
    while desk.load().is_in_time and time.monotonic() < deadline:
        time.sleep(0.01)
    assert not desk.load().is_in_time
    assert desk.listen("xx", GRAMMAR) is Unheard.LAG
    go_on.set()
    listening.close()


def test_what_the_threads_really_need_decides_how_many_are_heard() -> None:
    def work() -> str:
        until = time.thread_time() + 0.02
        while time.thread_time() < until:
            pass
        return ""

    listening = recogniser(Scripted(work))
    desk = HearingDesk(listening)
    desk.set_measured(desk.measure("xx", bytes(3200), GRAMMAR))
    before = desk.capacity
    listening.use("xx", Scripted())  # from here on decoding costs nothing
    stream = listening.open("xx", GRAMMAR, lambda _: None)
    for _ in range(250):
        for _ in range(5):
            stream.feed(FRAME, 0.0)
        while not listening.is_at_rest():
            time.sleep(0.0002)
    assert desk.refusal("xx") is None
    assert before <= 4 < desk.capacity
    listening.close()


def test_a_model_that_does_not_work_is_heard_with_no_more() -> None:
    listening = recogniser(Scripted())
    listening.forget("xx")
    assert HearingDesk(listening).refusal("xx") is Unheard.NO_MODEL
    listening.close()


def test_a_broken_model_is_named_before_vosk_would_crash_on_it(tmp_path: Path) -> None:
    (tmp_path / "am").mkdir()
    listening = Recogniser(1)
    with pytest.raises(ModelBroken, match=r"am/final\.mdl is missing"):
        listening.load("de", tmp_path)
    assert listening.languages() == frozenset()
    with pytest.raises(NoModel):
        listening.open("de", GRAMMAR, lambda _: None)
    listening.close()


HANGS = """
import threading
import numpy as np
from ivr.speech.recogniser import Recogniser
from ivr.speech.turn import Grammar
from tests.speech.test_hearing import Scripted

begun = threading.Event()


def hang():
    begun.set()
    threading.Event().wait()


listening = Recogniser(1)
listening.use("xx", Scripted(hang))
hearing = listening.open("xx", Grammar.of(["a"]), lambda said: None)
for _ in range(5):
    hearing.feed(np.zeros(160, np.int16), 0.0)
assert begun.wait(5)
listening.close()
print("closed", flush=True)
"""


def test_a_process_ends_though_a_thread_hangs_in_vosk() -> None:
    done = subprocess.run(
        [sys.executable, "-c", HANGS], capture_output=True, text=True, timeout=15, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "closed\n", "")


def test_closing_waits_for_a_thread_at_work_but_not_for_one_that_hangs() -> None:
    for works_s, within_s in ((0.3, 2.0), (20.0, 3.0)):
        begun, go_on = threading.Event(), threading.Event()

        def work(begun: threading.Event = begun, go_on: threading.Event = go_on) -> str:
            begun.set()
            go_on.wait(works_s)  # noqa: B023  (the loop waits for it)
            return ""

        listening = recogniser(Scripted(work))
        hearing = listening.open("xx", GRAMMAR, lambda _: None)
        for _ in range(5):
            hearing.feed(FRAME, 0.0)
        assert begun.wait(5)
        since = time.monotonic()
        listening.close()
        assert min(works_s, 1.0) * 0.8 < time.monotonic() - since < within_s
        go_on.set()
        hearing.finish()  # nobody listens any more, and nothing is raised


def test_work_that_fails_costs_no_thread() -> None:
    def fail(_: Heard) -> None:
        raise RuntimeError

    listening = recogniser(Scripted())
    failing = listening.open("xx", GRAMMAR, fail)
    said = queue.SimpleQueue[Heard]()
    good = listening.open("xx", GRAMMAR, said.put)
    for hearing in (failing, good):
        for _ in range(5):
            hearing.feed(FRAME, 0.1)
    assert take(said) == PartialHeard("secretword", 0.1)
    listening.close()


def test_what_is_told_to_an_ear_from_within_a_decision_waits_for_its_turn() -> None:
    listening = recogniser(Scripted())
    place = slot(HearingDesk(listening))
    decided: list[Decision] = []

    def told(decision: Decision) -> None:
        decided.append(decision)
        if isinstance(decision, SpeechBegan):
            ear.key(0.0)  # ends the turn, while the beginning is still being told
            assert decided == [decision]

    turn = Turn(GRAMMAR, voice=VoiceDetector(), prompt_plays=False)
    ear = Ear(turn, place, decided=told, hand_over=lambda call: None, clock=lambda: 1.0)
    for number, frame in enumerate(framed(np.concatenate([hiss(0.0005, 0.4), VOWEL]))):
        ear.hear(frame, number * 0.02)
    assert [type(d) for d in decided] == [SpeechBegan, KeyWon]
    assert listening.under_way() == 0
    listening.close()
