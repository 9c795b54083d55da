"""The one place where inputs become facts: decided, applied, numbered, published, carried out."""

import asyncio
from typing import Final

import structlog

from queues.centre.facts import Fact
from queues.centre.inputs import Input, TimerFired
from queues.centre.state import Centre, next_wake
from queues.centre.step import step
from queues.centre.wishes import commands_for
from queues.dispatcher.clock import Clock
from queues.dispatcher.performer import Performer
from queues.live import Hub
from queues.ports import Dialogues, Telephony
from queues.view import Projection, View

# Longer than the edge's own deadline (5 s), so that its word comes first; shorter than the centre's
# `COMMAND_SETTLED_S`, so that the performer's word comes before the centre gives the offer up.
COMMAND_DEADLINE_S: Final = 8.0
FAULT_PAUSE_S: Final = 1.0  # before deadlines that could not be settled are tried again

_log = structlog.get_logger("queues.dispatcher")


class Dispatcher:
    """Owns the centre. `submit` works at once and from one loop only; `run` does what takes time.

    Commands of inputs submitted before `run` are carried out when it starts.
    """

    def __init__(
        self,
        telephony: Telephony,
        dialogues: Dialogues,
        clock: Clock,
        hub: Hub,
        *,
        command_deadline_s: float = COMMAND_DEADLINE_S,
        fault_pause_s: float = FAULT_PAUSE_S,
    ) -> None:
        self._clock = clock
        self._hub = hub
        self._centre = Centre()
        self._projection = Projection(self._centre)
        self._performer = Performer(
            telephony, dialogues, self.submit, deadline_s=command_deadline_s
        )
        self._fault_pause_s = fault_pause_s
        self._seq = 0
        self._wake: float | None = None
        self._wake_changed = asyncio.Event()

    def submit(self, what: Input) -> tuple[Fact, ...]:
        """Decide on one input and give the facts, in order. Never waits.

        May be called from within `Dialogues`. Raises ValueError for settings that contradict
        themselves, `IllegalTransition` for settings while calls are known.
        """
        try:
            facts = step(self._centre, what, self._clock.now())
        finally:  # also after a fault: what was settled before it must not be waited for again
            self._follow_wake()
        for fact in facts:
            self._publish(fact)
        self._performer.take(
            [(command, _lane(fact)) for fact in facts for command in commands_for(fact)]
        )
        return facts

    def view(self) -> View:
        """Give the picture after the last fact. It never changes afterwards."""
        return self._projection.view(self._seq)

    async def run(self) -> None:
        """Carry commands out and keep the one timer, until cancelled. No fault ends it."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._performer.run(), name="performer")
            group.create_task(self._keep_time(), name="centre timer")

    def _publish(self, fact: Fact) -> None:
        try:
            self._hub.publish(self._seq + 1, fact, self._projection.follow(fact))
            self._seq += 1
        except Exception as error:  # what cannot be shown must still be carried out
            _log.error("fact not shown", fact=fact.TYPE, exc_info=error)

    def _follow_wake(self) -> None:
        wake = next_wake(self._centre)
        if wake != self._wake:
            self._wake = wake
            self._wake_changed.set()

    async def _settle_deadlines(self) -> None:
        try:
            self.submit(TimerFired())
        except Exception as error:  # the deadline is still there: try again, but not hot
            _log.error("deadlines not settled", exc_info=error)
            await asyncio.sleep(self._fault_pause_s)
        else:
            await asyncio.sleep(0)

    async def _keep_time(self) -> None:
        while True:
            self._wake_changed.clear()
            wake = self._wake
            wait_s = None if wake is None else wake - self._clock.now()
            if wait_s is not None and wait_s <= 0:
                await self._settle_deadlines()
                continue
            try:
                async with asyncio.timeout(wait_s):
                    await self._wake_changed.wait()
            except TimeoutError:
                continue


def _lane(fact: Fact) -> str:
    """Give the phone that a fact is about; a leg of no known offer gets a lane of its own."""
    place: str | None = getattr(fact, "place", None)
    return place if place is not None else str(getattr(fact, "offer", ""))
