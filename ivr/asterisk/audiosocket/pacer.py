"""Decides when the next 20 ms of all lines leave, and counts how late they did.

Rules of the beat:

1. The n-th frame is due at the beginning plus n times 20 ms, by the monotonic clock: no drift. It
   is the loop's own clock; but uvloop's stands still within a round, which would hide lateness.
2. What is late by up to three frames is caught up at double pace, one frame each 10 ms, so that no
   phone gets a burst.
3. A longer stall is not made good: the beat begins anew three frames back, and the frames that
   were never sent count as late. Nothing that is being played is lost by it, it only comes later.
4. All lines beat together; with no line there is no beat.
"""

from __future__ import annotations

import asyncio
from bisect import bisect_left
from dataclasses import dataclass
from time import monotonic

import structlog

from ivr.asterisk.audiosocket.frames import FRAME_S
from ivr.asterisk.audiosocket.line import Line, LineEnd

CATCH_UP_FRAMES = 3
LATE_S = 0.040
# Upper edges of the histogram, in seconds; the last bucket is open.
EDGES_S = (0.002, 0.005, 0.010, 0.020, 0.040, 0.080, 0.160)

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class PacerFigures:
    """How the beat was kept since the start. Frames are counted for each line by itself.

    `by_lateness` has one count for each of `EDGES_S` and one for what was later still; frames that
    were skipped by a stall are in the last. `worst_beat_s` is the longest the loop was held up by
    one beat of all lines.
    """

    lines: int
    beats: int
    frames: int
    late: int
    skipped: int
    worst_late_s: float
    worst_beat_s: float
    by_lateness: tuple[int, ...]
    lateness_s: float = 0.0  # of all frames together; a skipped one counts with its own length

    @property
    def late_share(self) -> float:
        """Which share of the frames was more than 40 ms late, 0 to 1."""
        return self.late / self.frames if self.frames else 0.0


class Beat:
    """The times at which frames are due. Pure: it is told the time."""

    def __init__(self, now_s: float) -> None:
        """The first frame is due at once."""
        self._anchor_s = now_s
        self._count = 0
        self.wake_at_s = now_s

    def strike(self, now_s: float) -> tuple[float, int]:
        """A frame leaves now. Gives how late it is in seconds, and how many are skipped before it.

        The next is due at `wake_at_s`.
        """
        late_s = max(0.0, now_s - self._due_s)
        skipped = max(0, int(late_s / FRAME_S) - CATCH_UP_FRAMES)
        self._anchor_s += skipped * FRAME_S
        late_s -= skipped * FRAME_S
        self._count += 1
        self.wake_at_s = max(self._due_s, now_s + FRAME_S / 2)
        return late_s, skipped

    @property
    def _due_s(self) -> float:
        return self._anchor_s + self._count * FRAME_S


class Pacer:
    """The one beat of all lines; `run` is a task of its owner."""

    def __init__(self) -> None:
        self._lines: dict[Line, None] = {}
        self._joined = asyncio.Event()
        self._beats = self._frames = self._late = self._skipped = 0
        self._worst_late_s = self._worst_beat_s = self._lateness_s = 0.0
        self._by_lateness = [0] * (len(EDGES_S) + 1)

    @property
    def figures(self) -> PacerFigures:
        """The counts so far."""
        return PacerFigures(
            len(self._lines),
            self._beats,
            self._frames,
            self._late,
            self._skipped,
            self._worst_late_s,
            self._worst_beat_s,
            tuple(self._by_lateness),
            self._lateness_s,
        )

    def join(self, line: Line) -> None:
        """From the next beat on a frame of this line leaves with each."""
        self._lines[line] = None
        self._joined.set()

    def leave(self, line: Line) -> None:
        """No further beat for this line."""
        self._lines.pop(line, None)
        if not self._lines:
            self._joined.clear()

    async def run(self) -> None:
        """Beat until cancelled."""
        while True:
            await self._joined.wait()
            beat = Beat(monotonic())
            while self._lines:
                await asyncio.sleep(max(0.0, beat.wake_at_s - monotonic()))
                now_s = monotonic()
                self._count(*beat.strike(now_s))
                self._all_beat(now_s)
                self._worst_beat_s = max(self._worst_beat_s, monotonic() - now_s)

    def _all_beat(self, now_s: float) -> None:
        for line in tuple(self._lines):
            try:
                line.beat(now_s)
            except Exception as error:  # one line's fault must not silence the others
                log.error("a line was given up", exc_info=error)
                line.end(LineEnd.FAULT)

    def _count(self, late_s: float, skipped: int) -> None:
        lines = len(self._lines)
        self._beats += 1
        self._frames += lines * (1 + skipped)
        self._skipped += lines * skipped
        self._late += lines * (skipped + (late_s > LATE_S))
        self._worst_late_s = max(self._worst_late_s, late_s + skipped * FRAME_S)
        self._by_lateness[bisect_left(EDGES_S, late_s)] += lines
        self._by_lateness[-1] += lines * skipped
        self._lateness_s += lines * (late_s + skipped * FRAME_S)
