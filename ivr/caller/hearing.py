"""Decides which known prompts were heard in the received sound, and from when to when.

1. Sound that nothing explains yet is looked up in the library, 0.4 s at a time, at any offset.
2. Each place found is an assumption ("this prompt, begun at that sample") that is followed 40 ms
   at a time. Prompts that begin alike, spoken by the same voice, are alike to the sample: all
   assumptions are followed until only one is left, or one is complete and the others have stopped.
3. An assumption whose beginning was heard goes before one that would have begun in its middle.
4. What fits no longer for 160 ms is over: complete, or cut short where it last fitted. The search
   goes on right there, so that the next prompt may follow without a pause.
Pure: told the samples, it looks at no clock.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ivr.caller.library import QUERY, Library
from ivr.caller.sound import RATE, Samples
from ivr.caller.track import Fate, Track

_FOUND = 0.6  # correlation of 0.4 s that makes an assumption; unrelated speech stays below 0.5
_STEP = RATE // 5
_GRAIN = 80  # 10 ms, in which the onset of sound is looked for
_AUDIBLE = 0.01
_ENOUGH_S = 0.28  # of fitting sound makes a recognition
_SURE_S = 0.5  # as long as others could still be in their middle
_SAME_S = 0.06
_OVERTAKEN = RATE // 8  # an assumption that ended this much before another one goes on is wrong
_PIECE_S = 0.9  # a piece without the beginning must fit this long: words recur in other sentences
_SHORT_S, _SHORT_SCORE = 1.0, 0.8  # what fits only this long must fit this well
_GAP = RATE // 2  # a prompt that goes on after a hole this long is still one prompt
_KEPT, _TRIMMED = 45 * RATE, 30 * RATE


@dataclass(frozen=True, slots=True)
class Heard:
    """A prompt that was heard, in seconds since the answer.

    `to_s` is None while it goes on. `cut` says that less than the whole was heard. `score` is the
    mean correlation of the blocks that fitted. `also` names prompts that sound the same as far as
    was heard.
    """

    prompt: str
    language: str
    from_s: float
    to_s: float | None
    cut: bool
    score: float
    also: tuple[str, ...] = ()

    def is_(self, prompt: str) -> bool:
        """Whether this can be `prompt`."""
        return prompt == self.prompt or prompt in self.also


class Ear:
    """Listens to one stream for the sounds of a library."""

    def __init__(self, library: Library) -> None:
        self._library = library
        self._stream = np.zeros(0, np.float32)
        self._base = 0
        self._clear = 0  # up to here nothing is left to look up
        self._explained = 0  # the end of the last sound recognised
        self._group: list[Track] = []
        self._now: list[Track] = []  # what is going on, best first
        self._done: list[list[Track]] = []

    def feed(self, samples: Samples) -> None:
        """Take the next sound. Costs a few milliseconds for each 0.2 s that nothing explains."""
        self._stream = np.concatenate([self._stream, samples])
        if len(self._stream) > _KEPT:
            drop = len(self._stream) - _TRIMMED
            self._stream = self._stream[drop:]
            self._base += drop
            self._clear = max(self._clear, self._base)
        self._work()

    def finish(self) -> None:
        """The stream is over: what goes on ends here."""
        # Silence lets a last short query fill up and every assumption run out of patience.
        self.feed(np.zeros(RATE, np.float32))
        for track in self._group:
            if track.fate is Fate.GOES_ON:
                track.fate = Fate.LOST
        self._work()

    @property
    def heard(self) -> tuple[Heard, ...]:
        """All prompts recognised so far, in order; the last may be going on."""
        all_of_them = [*self._done, self._now] if self._now else self._done
        return tuple(_as_heard(tracks, going_on=tracks is self._now) for tracks in all_of_them)

    @property
    def unexplained_s(self) -> float:
        """Until when sound has been looked at, in seconds of the stream."""
        return self._clear / RATE

    @property
    def _end(self) -> int:
        return self._base + len(self._stream)

    def _work(self) -> None:
        while True:
            if not self._group and not self._search():
                return
            for track in self._group:
                track.follow(self._stream, self._base)
            if any(track.fate is Fate.GOES_ON for track in self._group):
                self._announce()
                return
            self._conclude()

    def _search(self) -> bool:
        """Look up the next unexplained sound; whether anything was found that can be followed."""
        while True:
            onset = self._onset()
            if onset is None:
                self._clear = max(self._clear, self._end - _GRAIN)
                return False
            self._clear = onset
            if self._end - onset < QUERY:
                return False
            query = self._stream[onset - self._base : onset - self._base + QUERY]
            for place in self._library.places(query, _FOUND):
                track = Track(self._library.sounds[place.sound], onset - place.at, checked_to=onset)
                track.follow(self._stream[: onset - self._base + QUERY], self._base)
                if track.blocks and track.fate is not Fate.LOST:
                    track.look_back(self._stream, self._base, self._explained)
                    self._group.append(track)
            if self._group:
                return True
            self._clear = onset + _STEP

    def _onset(self) -> int | None:
        fresh = self._stream[self._clear - self._base :]
        count = len(fresh) // _GRAIN
        grains = np.square(fresh[: count * _GRAIN]).reshape(count, _GRAIN).mean(axis=1)
        loud = np.flatnonzero(grains > _AUDIBLE**2)
        return self._clear + int(loud[0]) * _GRAIN if len(loud) else None

    def _announce(self) -> None:
        """Name what is going on, once it can only be one prompt."""
        reached = max(track.matched_to for track in self._group) - _OVERTAKEN
        able = [t for t in self._group if t.fate is not Fate.LOST and t.matched_to >= reached]
        if not able:
            return  # the one that fitted longest is lost; those that go on have yet to catch up
        begun = [track for track in able if track.from_beginning]
        best = _best(begun or able)
        names = {track.sound.name for track in (begun or able)}
        least = _SURE_S if len(able) > len(begun) else _ENOUGH_S
        if best.fate is not Fate.GOES_ON or len(names) > 1:
            return
        if best.before is not None or (best.fitted_s >= least and _enough(best)):
            self._join(best)
            self._now = [best]

    def _conclude(self) -> None:
        group, self._group, self._now = self._group, [], []
        best = _best(group)
        if not _enough(best) and best.before is None and self._continued(best) is None:
            self._clear += _STEP
            return
        self._join(best)
        same = [best]
        for track in sorted(group, key=lambda track: -track.score_sum):
            if (
                track.sound.name not in {t.sound.name for t in same}
                and track.fate is best.fate
                and track.from_beginning == best.from_beginning
                and abs(track.matched_to - best.matched_to) <= _SAME_S * RATE
            ):
                same.append(track)
        self._done.append(same)
        self._explained = max(best.matched_to, best.ends if best.fate is Fate.COMPLETE else 0)
        self._clear = max(self._explained, self._base)

    def _continued(self, track: Track) -> Track | None:
        """The last sound recognised, if `track` is the same one going on after a short hole."""
        for before in self._done[-1] if self._done else ():  # also one that sounded the same so far
            if (
                before.sound is track.sound
                and before.fate is Fate.LOST
                and abs(before.start - track.start) <= _GAP
                and 0 <= track.first - before.matched_to <= _GAP
            ):
                return before
        return None

    def _join(self, track: Track) -> None:
        """What goes on after a short hole in the stream is one prompt, not two."""
        before = self._continued(track) if track.before is None else None
        if before is not None:
            track.before = before
            self._done.pop()


def _best(tracks: list[Track]) -> Track:
    """The one that fitted longest; of nearly equal ones the one that began here and is complete."""
    longest = max(track.matched_to for track in tracks)
    near = [track for track in tracks if longest - track.matched_to <= _SAME_S * RATE]
    return max(
        near,
        key=lambda track: (track.from_beginning, track.fate is Fate.COMPLETE, track.score_sum),
    )


def _enough(track: Track) -> bool:
    """Whether what fitted is evidence that this very prompt was played."""
    least = _ENOUGH_S if track.from_beginning else _PIECE_S
    if track.fitted_s < min(least, 0.7 * track.sound.loud_s):
        return False
    return track.fitted_s >= _SHORT_S or track.score_sum >= _SHORT_SCORE * track.blocks


def _as_heard(tracks: list[Track], *, going_on: bool) -> Heard:
    track = tracks[0]
    first, blocks, score = track, 0, 0.0
    step: Track | None = track
    while step is not None:
        first, blocks, score = step, blocks + step.blocks, score + step.score_sum
        step = step.before
    whole = track.fate is Fate.COMPLETE and track.from_beginning
    begin = first.start if first.from_beginning else first.first
    end = track.start + len(track.sound.samples) if whole else track.matched_to
    name = track.sound.name
    return Heard(
        prompt=name.name,
        language=name.language,
        from_s=round(max(begin, 0) / RATE, 3),
        to_s=None if going_on else round(end / RATE, 3),
        cut=not going_on and not whole,
        score=round(score / max(blocks, 1), 3),
        also=tuple(other.sound.name.name for other in tracks[1:]),
    )
