"""When the dialplan is told that somebody decides here: the beat, its watch, each caller's timeout.

Rules:

1. While the link stands and the service is healthy, the beat (the time, in a global variable of the
   switch) is set each second. A service that hangs, or says that it does not decide, is silent.
2. The switch's watch, one channel for all callers, sees within seconds that no beat comes and takes
   them. It is begun with the first beat of a link and after each silence, for it ends with one, and
   every `WATCH_EVERY_S`, in case it was lost.
3. Behind it each caller who is ours has an absolute timeout in the switch, which the dialplan sets
   when the caller comes to us, and we anew every `renew_s`, spread evenly. After a silence everyone
   is renewed at once: what they have left may be little.
4. Never a caller in a talk: there it would end the talk. Whether a caller is ours is asked in the
   moment of sending, with nothing between that could begin a bridge.
"""

from __future__ import annotations

import asyncio
import secrets
import time
import zlib
from collections import deque
from collections.abc import Callable, Iterable

import structlog

from ivr.asterisk import wire_actions as wire
from ivr.asterisk.client import AmiClient
from ivr.asterisk.config import Silence
from ivr.asterisk.errors import ActionRefused, AmiError
from ivr.asterisk.wire_events import ChannelId, LinkUp, WireEvent

log = structlog.get_logger()

BEAT_S = 1.0
WATCH_EVERY_S = 30.0
_TICK_S = 0.2
_WITHIN_S = 2.0
_AT_ONCE = 20  # renewals out of turn in one tick: 6 ms of the loop that carries sound


class Heartbeat:
    """The service's sign of life. `run` is a task in the very loop that decides."""

    def __init__(
        self,
        client: AmiClient,
        *,
        is_healthy: Callable[[], bool],
        callers: Callable[[], Iterable[ChannelId]],
        is_ours: Callable[[ChannelId], bool],
        silence: Silence | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """`is_healthy`: whether the service really decides now.

        `callers` gives the callers' channels; `is_ours` says of one whether it waits for our
        commands or carries one out, and is not, nor about to be, in a bridge (`AgiDesk.in_agi`).
        `clock`: the machine's, which the switch reads too.
        """
        self._client = client
        self._is_healthy = is_healthy
        self._callers = callers
        self._is_ours = is_ours
        self._silence = silence or Silence()
        self._clock = clock
        self._slots = max(1, round(self._silence.renew_s / _TICK_S))
        self.beats = 0  # that the switch has taken
        self._told = asyncio.Event()  # a beat was taken; a new one for each beat
        self._beat_at_s: float | None = None  # of the last one, on the loop's clock
        self._watch_at_s: float | None = None  # when it was begun last
        self._overdue: deque[ChannelId] = deque()
        self._after_silence: list[Callable[[], None]] = []

    def on_event(self, event: WireEvent) -> None:
        """Hear that a link stands: the switch may be a new one, which nothing watches."""
        if isinstance(event, LinkUp):
            self._watch_at_s = None

    def after_silence(self, call: Callable[[], None]) -> None:
        """Have this called after the first beat, and after each that follows a silence."""
        self._after_silence.append(call)

    async def beating(self) -> None:
        """Come back when the service decides, and the switch has just taken a beat that says so."""
        while not self._beats_now():
            await self._told.wait()

    async def run(self) -> None:
        """Beat and renew until cancelled."""
        loop = asyncio.get_running_loop()
        begun_s = beat_due_s = loop.time()
        done = 0
        while True:
            tick = int((loop.time() - begun_s) / _TICK_S) + 1
            try:
                if self._may_beat():
                    if loop.time() >= beat_due_s:
                        beat_due_s = loop.time() + BEAT_S - _TICK_S / 2  # in the tick then
                        await self._beat()
                    await self._renew(range(max(done, tick - self._slots), tick))
            except AmiError as error:
                log.warning("beat not taken", error=error.code)
            except Exception as error:  # a service whose health cannot be told must fall silent
                log.error("beat failed", exc_info=error)
            done = tick
            await asyncio.sleep(max(0.0, begun_s + tick * _TICK_S - loop.time()))

    def _may_beat(self) -> bool:
        return self._client.up and self._is_healthy()

    def _beats_now(self) -> bool:
        now_s = asyncio.get_running_loop().time()
        young = self._beat_at_s is not None and now_s - self._beat_at_s < 2 * BEAT_S
        return young and self._may_beat()

    async def _beat(self) -> None:
        sent_s = asyncio.get_running_loop().time()
        beat = wire.setvar_global("FZ_BEAT", str(int(self._clock())))
        await self._client.send(beat, deadline_s=_WITHIN_S)
        last_s, self._beat_at_s = self._beat_at_s, sent_s
        self.beats += 1
        told, self._told = self._told, asyncio.Event()
        told.set()
        if last_s is None or sent_s - last_s > self._silence.music_s:
            self._watch_at_s = None
            self._overdue.extend(set(self._callers()).difference(self._overdue))
            for call in self._after_silence:
                call()
        if self._watch_at_s is None or sent_s - self._watch_at_s >= WATCH_EVERY_S:
            await self._begin_watch(sent_s)

    async def _begin_watch(self, now_s: float) -> None:
        self._watch_at_s = now_s
        watch = wire.begin_watch(ChannelId(f"watch-{secrets.token_hex(6)}"))
        try:
            await self._client.send(watch, deadline_s=_WITHIN_S)
        except AmiError as error:  # the one before may live, and callers' timeouts stand behind it
            log.warning("no watch begun", error=error.code)

    async def _renew(self, ticks: range) -> None:
        """Renew those whose turn came in these ticks, and some of those overdue."""
        slots = {tick % self._slots for tick in ticks}
        callers = self._callers()
        due = {each for each in callers if zlib.crc32(each.encode()) % self._slots in slots}
        due.update(self._overdue.popleft() for _ in range(min(_AT_ONCE, len(self._overdue))))
        async with asyncio.TaskGroup() as tasks:
            for channel in due:
                tasks.create_task(self._renew_one(channel))

    async def _renew_one(self, channel: ChannelId) -> None:
        if not self._is_ours(channel):
            return
        action = wire.absolute_timeout(channel, self._silence.grace_s)
        try:
            # The asking above and the writing in here are one step of the loop.
            await self._client.send(action, deadline_s=_WITHIN_S)
        except ActionRefused:
            return  # it has just ended
        except AmiError as error:
            log.debug("caller not renewed", call=channel, error=error.code)
