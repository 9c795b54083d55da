"""The one place where inputs become facts: decided, applied, numbered, published, carried out."""

import asyncio

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

COMMAND_DEADLINE_S = 5.0


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
    ) -> None:
        self._clock = clock
        self._hub = hub
        self._centre = Centre()
        self._projection = Projection(self._centre)
        self._performer = Performer(
            telephony, dialogues, self.submit, deadline_s=command_deadline_s
        )
        self._seq = 0
        self._wake: float | None = None
        self._wake_changed = asyncio.Event()

    def submit(self, what: Input) -> tuple[Fact, ...]:
        """Decide on one input and give the facts, in order. Never waits.

        May be called from within `Dialogues`. Raises ValueError for settings that contradict
        themselves, `IllegalTransition` for settings while calls are known.
        """
        facts = step(self._centre, what, self._clock.now())
        for fact in facts:
            self._seq += 1
            self._hub.publish(self._seq, fact, self._projection.follow(fact))
        wake = next_wake(self._centre)
        if wake != self._wake:
            self._wake = wake
            self._wake_changed.set()
        self._performer.take(
            [(command, _lane(fact)) for fact in facts for command in commands_for(fact)]
        )
        return facts

    def view(self) -> View:
        """Give the picture after the last fact. It never changes afterwards."""
        return self._projection.view(self._seq)

    async def run(self) -> None:
        """Carry commands out and keep the one timer, until cancelled."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._performer.run(), name="performer")
            group.create_task(self._keep_time(), name="centre timer")

    async def _keep_time(self) -> None:
        while True:
            self._wake_changed.clear()
            wake = self._wake
            wait_s = None if wake is None else wake - self._clock.now()
            if wait_s is not None and wait_s <= 0:
                self.submit(TimerFired())
                await asyncio.sleep(0)
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
