"""An event loop whose clock jumps to the next timer when nothing else is to be done.

A whole day of calls runs in a blink, always in the same order, and no test waits for a real clock.
"""

import asyncio
import selectors
from collections.abc import Coroutine
from typing import Any, TypeVar

_T = TypeVar("_T")


class NothingToWaitFor(Exception):
    """Every task waits and no timer is set: in real time this would be for ever."""


class _Jumping(selectors.DefaultSelector):
    """Waits for nothing: hands the time that would be waited to the loop's clock."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        """Give what is ready now; else let the time pass."""
        ready = super().select(0)
        if not ready:
            if timeout is None:
                raise NothingToWaitFor
            self.now += max(0.0, timeout)
        return ready


class VirtualLoop(asyncio.SelectorEventLoop):
    """A loop on a clock of its own that begins at 0 seconds."""

    def __init__(self) -> None:
        self._jumping = _Jumping()
        super().__init__(self._jumping)

    def time(self) -> float:
        """Give the seconds that passed on this loop's clock."""
        return self._jumping.now


def run_in_virtual_time(main: Coroutine[Any, Any, _T]) -> _T:
    """Run a coroutine to its end on a loop of its own."""
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        return runner.run(main)
