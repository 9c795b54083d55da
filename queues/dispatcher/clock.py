"""What time it is for the centre: the wall clock at the start plus the monotonic clock since."""

import time
from collections.abc import Callable


class Clock:
    """Never runs backwards, whatever is done to the wall clock."""

    def __init__(
        self,
        wall: Callable[[], float] = time.time,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._monotonic = monotonic
        self._offset = wall() - monotonic()
        self._last = wall()

    def now(self) -> float:
        """Give Unix seconds, never less than before."""
        self._last = max(self._last, self._offset + self._monotonic())
        return self._last
