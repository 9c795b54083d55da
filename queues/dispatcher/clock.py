"""What time it is for the centre, and how far the wall clock stands from that.

The centre's time is the wall clock at the start plus the monotonic clock since: it never runs
backwards and no hand on the wall clock moves it, so waits and deadlines stay what they are. When
the wall clock was set, only what the centre's time is called outside changes: the clock is anchored
anew, by an input that the centre records.
"""

import time
from collections.abc import Callable
from typing import Final

from queues.centre.state import Centre

MOVED_S: Final = 2.0  # from here on the wall clock was set, and did not drift


class Clock:
    """Never runs backwards, whatever is done to the wall clock."""

    def __init__(
        self,
        wall: Callable[[], float] = time.time,
        monotonic: Callable[[], float] = time.monotonic,
        *,
        not_before: float = 0.0,
        wall_ahead_s: float = 0.0,
    ) -> None:
        self._wall = wall
        self._monotonic = monotonic
        self._last = max(wall() - wall_ahead_s, not_before)
        self._offset = self._last - monotonic()
        self._wall_ahead_s = wall_ahead_s

    @classmethod
    def after(
        cls,
        centre: Centre,
        wall: Callable[[], float] = time.time,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> "Clock":
        """Go on with the time of a recovered centre.

        While calls are known or something is due, on the time they began by, so that a clock that
        was once set does not lengthen a wait. Else on the wall clock's, so that an error of long
        ago does not stay. Never before the last fact.
        """
        is_busy = bool(centre.calls or centre.deadlines)
        ahead = centre.wall_ahead_s if is_busy else 0.0
        clock = cls(wall, monotonic, not_before=centre.at, wall_ahead_s=ahead)
        clock._wall_ahead_s = centre.wall_ahead_s
        return clock

    def now(self) -> float:
        """Give the centre's time in Unix seconds, never less than before."""
        self._last = max(self._last, self._offset + self._monotonic())
        return self._last

    def wall(self) -> float:
        """Give the time to show to people, in Unix seconds, as last anchored."""
        return self.now() + self._wall_ahead_s

    def shown(self, at: float) -> float:
        """Give a moment of the centre's time as it is shown to people, in Unix seconds."""
        return at + self._wall_ahead_s

    def own(self, shown: float) -> float:
        """Give the centre's time of a moment that is shown to people, in Unix seconds."""
        return shown - self._wall_ahead_s

    def moved_s(self) -> float:
        """Give by how many seconds the wall clock was set ahead (or back); 0 if it was not."""
        by_s = self._wall() - self.wall()
        return round(by_s, 3) if abs(by_s) >= MOVED_S else 0.0

    def anchor(self, by_s: float) -> None:
        """Take the wall clock to stand `by_s` seconds further ahead of the centre's time."""
        self._wall_ahead_s += by_s
