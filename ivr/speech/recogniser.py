"""Who decodes whose sound next: streams of sound share worker threads, 100 ms at a time.

Each `Hearing` is one caller's stream at one node. Its sound waits in a bounded queue; one worker at
a time takes one chunk of it and then goes to the end of the line, so that no caller waits for
another's whole word. What a decoder raises ends that hearing with `HearingFailed` and nothing else.
Callbacks run in worker threads: hand them on (`loop.call_soon_threadsafe`) and return.
No word heard stands in a log line, an error or a repr.
"""

from __future__ import annotations

import itertools
import math
import os
import threading
import time
from bisect import bisect_left
from collections import deque
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Final

from ivr.speech.hearing_threads import HearingThreads, ThreadsClosed
from ivr.speech.turn import RATE, FinalHeard, Frame, Grammar, HearingFailed, PartialHeard
from ivr.speech.vosk_model import Decoder, Vocabulary, VoskVocabulary

CHUNK_FRAMES: Final = 5
_MOST_WAITING = 30  # chunks: a stream 3 s behind is lost
_LAG_KEPT_S = 2.0
_HANGS_S = 5.0
_CGROUP_QUOTA = Path("/sys/fs/cgroup/cpu.max")
LAG_EDGES_S: Final = (0.005, 0.01, 0.02, 0.03, 0.05, 0.07, 0.1, 0.15, 0.2, 0.3, 0.5, 1.0, 2.0)

Heard = PartialHeard | FinalHeard | HearingFailed
OnHeard = Callable[[Heard], None]


def usable_cores() -> int:
    """How many cores this process may use: of its affinity, and of a container's quota."""
    cores = len(os.sched_getaffinity(0))
    try:
        quota, period = _CGROUP_QUOTA.read_text().split()
        cores = min(cores, math.ceil(int(quota) / int(period)))
    except (OSError, ValueError):  # no such limit ("max"), or no such file
        pass
    return max(1, cores)


class NoModel(Exception):
    """There is no model for a language; keys remain."""

    code = "no_model"


class Lag:
    """How long sound waited for a worker: the longest wait of late, and all since the start."""

    def __init__(self) -> None:
        self._seen: deque[tuple[float, float]] = deque(maxlen=2000)
        self._lock = threading.Lock()
        self._counts = [0] * (len(LAG_EDGES_S) + 1)
        self._sum_s = 0.0

    def note(self, waited_s: float, now: float) -> None:
        """Sound had to wait this long."""
        with self._lock:
            self._seen.append((now, waited_s))
            self._counts[bisect_left(LAG_EDGES_S, waited_s)] += 1
            self._sum_s += waited_s

    def histogram(self) -> tuple[tuple[int, ...], float]:
        """How many waits fell below each of `LAG_EDGES_S` and beyond the last, and their sum."""
        with self._lock:
            return tuple(self._counts), self._sum_s

    def worst(self, now: float) -> float:
        """The longest wait of the last 2 s."""
        with self._lock:
            return max((s for at, s in self._seen if now - at <= _LAG_KEPT_S), default=0.0)


class Recogniser:
    """Models by language, loaded once, and the threads that decode with them."""

    def __init__(self, threads: int | None = None) -> None:
        self.threads = threads or usable_cores()
        self.lag = Lag()
        self._pool = HearingThreads(self.threads)
        self._vocabularies: dict[str, Vocabulary] = {}
        self._under_way: set[Hearing] = set()
        self._in_work: dict[int, float] = {}  # pieces given to the threads and not done: since when
        self._pieces = itertools.count()
        self._worked_s = self._heard_s = 0.0
        self._lock = threading.Lock()

    def load(self, language: str, folder: Path) -> None:
        """Load the model of a language; takes seconds. Raises `ModelBroken`."""
        self.use(language, VoskVocabulary(folder, language))

    def use(self, language: str, vocabulary: Vocabulary) -> None:
        """Take a model that is already loaded."""
        self._vocabularies[language] = vocabulary

    def forget(self, language: str) -> None:
        """Hear this language no more."""
        self._vocabularies.pop(language, None)

    def languages(self) -> frozenset[str]:
        """The languages that can be heard."""
        return frozenset(self._vocabularies)

    def unknown_words(self, language: str, words: Iterable[str]) -> tuple[str, ...]:
        """Words that the model of this language cannot hear. Raises `NoModel`."""
        return self._vocabulary(language).unknown(words)

    def open(self, language: str, grammar: Grammar, on_heard: OnHeard) -> Hearing:
        """Begin to hear one stream; costs this thread nothing. Raises `NoModel`."""
        vocabulary = self._vocabulary(language)
        phrases = sorted(grammar.phrases)
        hearing = Hearing(self, lambda: vocabulary.decoder(phrases), on_heard)
        with self._lock:
            self._under_way.add(hearing)
        return hearing

    def under_way(self) -> int:
        """How many streams are being heard."""
        with self._lock:
            return len(self._under_way)

    def is_at_rest(self) -> bool:
        """Whether everything whole that was given is decoded and told."""
        with self._lock:
            return not self._in_work

    def lag_s(self) -> float:
        """How long sound waits now, in seconds: the longest wait of late, or of what still waits.

        What a thread hangs on waits too, so a recogniser that hangs is seen.
        """
        return max(self.lag.worst(time.monotonic()), self._oldest_s())

    def hangs(self) -> bool:
        """Whether a thread hangs: a stream that merely lags would have been given up by then."""
        return self._oldest_s() >= _HANGS_S

    def work_done(self) -> tuple[float, float]:
        """Seconds of threads spent since the start, and seconds of sound heard with them."""
        with self._lock:
            return self._worked_s, self._heard_s

    def real_time_factor(self, language: str, sound: bytes, grammar: Grammar) -> float:
        """Measure: seconds of one thread for each second of 16-bit sound. Raises `NoModel`."""
        decoder = self._vocabulary(language).decoder(sorted(grammar.phrases))
        chunk = CHUNK_FRAMES * 320
        begun = time.thread_time()
        for at in range(0, len(sound), chunk):
            decoder.accept(sound[at : at + chunk])
        decoder.finish()
        return (time.thread_time() - begun) / (len(sound) / 16000)

    def close(self) -> None:
        """End every hearing and its threads, but for one that hangs in Vosk; takes 2 s at most."""
        with self._lock:
            hearings = list(self._under_way)
        for hearing in hearings:
            hearing.cancel()
        self._pool.close()

    def _oldest_s(self) -> float:
        """For how long the oldest piece in work has been there, in seconds."""
        now = time.monotonic()
        with self._lock:
            return now - min(self._in_work.values(), default=now)

    def _vocabulary(self, language: str) -> Vocabulary:
        try:
            return self._vocabularies[language]
        except KeyError:
            raise NoModel(f"there is no model for language '{language}'") from None

    def _run(self, hearing: Hearing) -> None:
        piece = next(self._pieces)
        with self._lock:
            self._in_work[piece] = time.monotonic()
        try:
            self._pool.submit(lambda: self._work(hearing, piece))
        except ThreadsClosed:  # nobody listens any more
            self._leave(hearing)

    def _work(self, hearing: Hearing, piece: int) -> None:
        begun = time.thread_time()
        heard_s = 0.0
        try:
            heard_s = hearing.work()
        finally:
            with self._lock:
                self._in_work.pop(piece, None)
                self._worked_s += time.thread_time() - begun
                self._heard_s += heard_s

    def _leave(self, hearing: Hearing) -> None:
        with self._lock:
            self._under_way.discard(hearing)


class Hearing:
    """One stream of sound. Its methods return at once and may be called from any one thread."""

    def __init__(
        self, recogniser: Recogniser, make: Callable[[], Decoder], on_heard: OnHeard
    ) -> None:
        self._recogniser = recogniser
        self._make = make
        self._decoder: Decoder | None = None
        self._on_heard = on_heard
        self._frames: list[Frame] = []
        self._until = 0.0
        self._stepped_s = 0.0
        self._waiting: deque[tuple[bytes, float, float]] = deque()
        self._lock = threading.Lock()
        self._running = self._finishing = self._over = False

    def __repr__(self) -> str:
        return f"Hearing(over={self._over})"

    def feed(self, frame: Frame, until: float) -> None:
        """Take 20 ms of sound that ended at `until` on the turn's clock."""
        if self._finishing:  # the last word is on what was said before it was asked for
            return
        self._frames.append(frame)
        self._until = until
        if len(self._frames) >= CHUNK_FRAMES:
            self._queue_chunk()

    def finish(self) -> None:
        """Ask for the last word, which comes as `FinalHeard` or `HearingFailed`."""
        self._queue_chunk()
        with self._lock:
            self._finishing = True
        self._wake()

    def cancel(self) -> None:
        """Stop hearing; nothing is reported any more."""
        with self._lock:
            self._over = True
            self._waiting.clear()
            if not self._running:
                self._decoder = None
            self._on_heard = _tell_nobody
        self._recogniser._leave(self)

    def work(self) -> float:
        """Decode one chunk, or the end; called by a worker thread. Gives its seconds of sound."""
        self._stepped_s = 0.0
        try:
            heard = self._step()
        except Exception:  # whatever a decoder raises costs only its own stream
            heard = HearingFailed("died")
        ended = isinstance(heard, FinalHeard | HearingFailed)
        with self._lock:
            tell = heard is not None and not self._over
            self._over = self._over or ended
        if ended:
            self._recogniser._leave(self)
        try:
            if tell and heard is not None:
                self._on_heard(heard)
        finally:  # a listener that is gone must not hold this stream
            with self._lock:
                self._running = not self._over and (bool(self._waiting) or self._finishing)
                again = self._running
                if self._over:
                    self._decoder = None
                    # The listener holds this stream: both would wait for the collector.
                    self._on_heard = _tell_nobody
        if again:
            self._recogniser._run(self)
        return self._stepped_s

    def _step(self) -> Heard | None:
        with self._lock:
            if self._over:
                return None
            chunk = self._waiting.popleft() if self._waiting else None
        if self._decoder is None:
            self._decoder = self._make()
        if chunk is None:
            answer, competing = self._decoder.finish()
            return FinalHeard(answer.text, answer.confidence, competing)
        sound, until, queued_at = chunk
        self._stepped_s = len(sound) / (2 * RATE)
        now = time.monotonic()
        self._recogniser.lag.note(now - queued_at, now)
        return PartialHeard(self._decoder.accept(sound), until)

    def _queue_chunk(self) -> None:
        if not self._frames:
            return
        sound = b"".join(frame.astype("<i2").tobytes() for frame in self._frames)
        self._frames = []
        with self._lock:
            if self._over:
                return
            late = len(self._waiting) >= _MOST_WAITING
            if late:
                self._over = True
                self._waiting.clear()
            else:
                self._waiting.append((sound, self._until, time.monotonic()))
        if late:
            self._recogniser._leave(self)
            self._on_heard(HearingFailed("lagging"))
            self._on_heard = _tell_nobody
            return
        self._wake()

    def _wake(self) -> None:
        with self._lock:
            if self._running or self._over:
                return
            self._running = True
        self._recogniser._run(self)


def _tell_nobody(_heard: Heard) -> None:
    """The stream is over."""
