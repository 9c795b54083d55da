"""Decides how the caller listens while a script goes on: every 100 ms, for everything at once."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from contextlib import suppress

from ivr.caller.hearing import Ear
from ivr.caller.library import Library
from ivr.caller.phone import CallerPhone
from ivr.caller.sound import RATE
from ivr.caller.tones import QuietWatch, ToneWatch

_EVERY_S = 0.1


class Listening:
    """What the caller hears. `run` is a task of its owner; the steps wait with `until`."""

    def __init__(self, phone: CallerPhone, library: Library, tones_hz: Iterable[float]) -> None:
        self._phone = phone
        self.ear = Ear(library)
        self.tones = [ToneWatch(hz) for hz in tones_hz]
        self.quiet = QuietWatch()
        self.heard_to_s = 0.0
        self.finished = False
        self._pulse = asyncio.Event()
        self._failure: Exception | None = None

    async def run(self) -> None:
        """Listen until the call is over and all of it has been heard."""
        try:
            while not self.finished:
                over = self._phone.ended.is_set()
                await self._take(over)
                self._pulse.set()
                if not over:
                    with suppress(TimeoutError):
                        async with asyncio.timeout(_EVERY_S):
                            await self._phone.ended.wait()
        except Exception as failure:  # the steps that wait must fail with it, not by their deadline
            self._failure = failure
            self._pulse.set()
            raise

    async def _take(self, over: bool) -> None:
        samples = self._phone.heard()
        self.heard_to_s += len(samples) / RATE

        def work() -> None:
            self.quiet.feed(samples)
            for tone in self.tones:
                tone.feed(samples)
            self.ear.feed(samples)
            if over:
                self.ear.finish()

        # A look-up takes milliseconds; in a thread it does not hold up the 20 ms of our RTP.
        await asyncio.to_thread(work)
        self.finished = over

    async def until(self, true: Callable[[], bool], within_s: float) -> bool:
        """Wait until `true()`, asked after each listening; whether it came true in time.

        Ends at once, with what `true()` then says, when the call is over and heard to its end.
        """
        loop = asyncio.get_running_loop()
        deadline = loop.time() + within_s
        while True:
            if self._failure is not None:
                raise self._failure
            if true():
                return True
            left = deadline - loop.time()
            if left <= 0 or self.finished:
                return False
            self._pulse.clear()
            try:
                async with asyncio.timeout(left):
                    await self._pulse.wait()
            except TimeoutError:
                return true()
