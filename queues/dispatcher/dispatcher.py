"""The one place where inputs become facts: decided, applied, journalled, published, carried out.

The order of a decision: the state changes in memory and dialogues are told, at once; its rows are
appended to the journal; when they are committed (`ledger.py`), the live stream shows the facts and
the performer gets what the switch is to do.
"""

import asyncio
from functools import partial
from typing import Final, Self

import structlog

from queues.centre.commands import Word
from queues.centre.estimates.foretelling import range_of_next
from queues.centre.facts.fact import Fact
from queues.centre.facts.house import HistoryLost
from queues.centre.inputs.house import ClockMoved, TimerFired
from queues.centre.inputs.input import Input
from queues.centre.journal.snapshot import freeze
from queues.centre.state import Centre, next_wake
from queues.centre.step import steps
from queues.centre.values.needs import PoolKey
from queues.centre.wishes import commands_for
from queues.dispatcher.clock import Clock
from queues.dispatcher.ledger import BOUND_S, Ledger, LedgerHealth, Restated, Settled
from queues.dispatcher.performer import Leg, Performer
from queues.dispatcher.timer import FAULT_PAUSE_S, Timer
from queues.ids import QueueId
from queues.live import Hub
from queues.picture import Picture, look, look_at_all
from queues.ports import Dialogues, Journal, JournalTakenOver, Telephony
from queues.view import Change, View

# Longer than the edge's own deadline (5 s), so that its word comes first; shorter than the centre's
# `COMMAND_SETTLED_S`, so that the performer's word comes before the centre gives the offer up.
COMMAND_DEADLINE_S: Final = 8.0
CLOCK_LOOK_S: Final = 1.0  # between two looks at the wall clock
COMMIT_DEADLINE_S: Final = 2.0  # so long somebody waits to hear that a promise is kept

_log = structlog.get_logger("queues.dispatcher")


class NotStored(Exception):
    """What was promised could not be committed in time, and has been taken back."""

    code = "not_stored"


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
        journal: Journal | None = None,
        centre: Centre | None = None,
        last_seq: int = 0,
        epoch: int = 0,
        node: str = "",
        command_deadline_s: float = COMMAND_DEADLINE_S,
        fault_pause_s: float = FAULT_PAUSE_S,
        clock_look_s: float = CLOCK_LOOK_S,
        bound_s: float = BOUND_S,
    ) -> None:
        self._clock = clock
        self._hub = hub
        self._centre = Centre() if centre is None else centre
        self._decided, self._shown = Picture(), Picture()
        self._performer = Performer(
            telephony, dialogues, self.submit, deadline_s=command_deadline_s
        )
        self._ledger = Ledger(
            journal, self._restate, last_seq=last_seq, epoch=epoch, node=node, bound_s=bound_s
        )
        self._clock_look_s = clock_look_s
        self._seq = 0  # of the last fact that was shown
        self._unshown = 0
        self._timer = Timer(clock.now, self._fire, fault_pause_s=fault_pause_s)

    @classmethod
    def recovered(
        cls,
        telephony: Telephony,
        dialogues: Dialogues,
        clock: Clock,
        hub: Hub,
        *,
        journal: Journal,
        centre: Centre,
        last_seq: int,
        epoch: int,
        node: str,
    ) -> Self:
        """Begin with a recovered centre and the number of the journal's last row.

        Deadlines are held from the start: `release` when the switch has been looked up. Raises
        ValueError for a clock that would let the centre's time run backwards (`Clock.after`).
        """
        if clock.now() < centre.at:
            raise ValueError("the clock is behind the recovered centre; make it by Clock.after")
        made = cls(
            telephony,
            dialogues,
            clock,
            hub,
            journal=journal,
            centre=centre,
            last_seq=last_seq,
            epoch=epoch,
            node=node,
        )
        everything = look_at_all(centre)
        for picture in (made._decided, made._shown):
            picture.follow(everything)
        made.hold()
        made._timer.follow(next_wake(centre))
        return made

    @property
    def journal_health(self) -> LedgerHealth | None:
        """How the journal keeps up; None without one."""
        return self._ledger.health

    def submit(self, what: Input) -> tuple[Fact, ...]:
        """Decide on one input and give the facts, in order. Never waits.

        May be called from within `Dialogues`. Raises ValueError for settings that contradict
        themselves.
        """
        return self._decide(what, None)

    async def submit_and_commit(
        self, what: Input, *, otherwise: Input | None, within_s: float = COMMIT_DEADLINE_S
    ) -> tuple[Fact, ...]:
        """Decide on something that somebody is told is certain, and give the facts once committed.

        Raises `NotStored` if that cannot be had within `within_s`. When it is known beforehand,
        nothing is decided. Else `otherwise` is submitted, which takes back what was decided; so it
        is too if whoever waits is cancelled. Both stand in the journal, in this order, when it can
        be written again. None as `otherwise` is for what may stand there all the same.
        """
        health = self._ledger.health
        if health is None or health.is_degraded:
            raise NotStored("the journal is not written just now; nothing was decided")
        committed: asyncio.Future[bool] = asyncio.get_running_loop().create_future()

        def settle(error: Exception | None) -> None:
            if not committed.done():
                committed.set_result(error is None)

        facts = self._decide(what, settle)
        try:
            async with asyncio.timeout(within_s):
                is_committed = await committed
        except TimeoutError:
            is_committed = False
        except asyncio.CancelledError:
            self._undo(otherwise)
            raise
        if not is_committed:
            self._undo(otherwise)
            raise NotStored("the journal was not written in time; what was decided is taken back")
        return facts

    async def settled(self) -> None:
        """Wait until all that was decided so far counts: committed, or past the ledger's bound.

        What somebody is told was done must outlive a kill that comes right after the answer. Raises
        `NotStored` if another service writes the journal, or nothing is heard in time.
        """
        try:
            async with asyncio.timeout(COMMIT_DEADLINE_S):
                await self._ledger.released()
        except (JournalTakenOver, TimeoutError) as error:
            raise NotStored("whether it counts is not known") from error

    def view(self) -> View:
        """Give the picture after the last decision. It never changes afterwards."""
        return self._decided.view(self._seq + self._unshown)

    def shown(self) -> View:
        """Give the picture after the last fact that the live stream tells of."""
        return self._shown.view(self._seq)

    def next_wait(self, queue: QueueId) -> tuple[float, float] | None:
        """Give the range in seconds that who came now into this queue would be told.

        None while too few waits were seen, nobody is at work, or no such queue is open. Looks at
        the state as it is now, and changes nothing.
        """
        known = self._centre.queues.get(queue)
        if known is None or not known.is_open:
            return None
        key = PoolKey(queue, known.setting.need)
        return range_of_next(self._centre, key, self._clock.now())

    def hold(self) -> None:
        """Let no deadline fire until `release`."""
        self._timer.hold()

    def release(self) -> None:
        """Let deadlines fire again, those at once that came meanwhile."""
        self._timer.release()

    async def run(self) -> None:
        """Carry commands out and keep the one timer, until cancelled. No fault of ours ends it.

        Raises an ExceptionGroup of `JournalTakenOver` when another service writes the journal.
        """
        async with asyncio.TaskGroup() as group:
            group.create_task(self._performer.run(), name="performer")
            group.create_task(self._ledger.run(), name="ledger")
            group.create_task(self._timer.run(), name="centre timer")
            group.create_task(self._watch_clock(), name="wall clock")

    def look_at_clock(self) -> None:
        """Record how far the wall clock was set, if it was."""
        by_s = self._clock.moved_s()
        if by_s:
            self.submit(ClockMoved(by_s))
            self._clock.anchor(by_s)

    def _undo(self, otherwise: Input | None) -> None:
        if otherwise is not None:
            self.submit(otherwise)

    def _decide(self, what: Input, settled: Settled | None) -> tuple[Fact, ...]:
        at = self._clock.now()
        facts: list[Fact] = []
        try:
            for fact in steps(self._centre, what, at):
                facts.append(fact)  # noqa: PERF402  # what was given before a fault must be kept
        except Exception:
            if facts:
                self._take(what, at, facts, settled)
            raise
        else:
            self._take(what, at, facts, settled)
        finally:  # also after a fault: what was settled before it must not be waited for again
            self._timer.follow(next_wake(self._centre))
        return tuple(facts)

    def _take(self, what: Input, at: float, facts: list[Fact], settled: Settled | None) -> None:
        legs: list[tuple[Leg, str]] = []
        words: list[Word] = []
        for fact in facts:
            for command in commands_for(fact):
                if isinstance(command, Word):
                    words.append(command)
                else:
                    legs.append((command, _lane(fact)))
        changes = [(fact, self._look(fact)) for fact in facts]
        self._ledger.take(what, at, facts, partial(self._act, changes, legs), settled)
        # Last, because a dialogue may submit an input there and then, whose commands must not come
        # before these.
        for word in words:
            self._performer.tell(word)

    def _act(self, changes: list[tuple[Fact, Change | None]], legs: list[tuple[Leg, str]]) -> None:
        for fact, change in changes:
            self._show(fact, change)
        self._performer.take(legs)

    def _look(self, fact: Fact) -> Change | None:
        self._unshown += 1
        try:
            change = look(self._centre, fact)
            self._decided.follow(change)
        except Exception as error:  # what cannot be shown must still be carried out
            _log.error("fact not looked at", fact=fact.TYPE, exc_info=error)
            return None
        return change

    def _show(self, fact: Fact, change: Change | None) -> None:
        self._unshown -= 1
        if change is None:
            return
        self._shown.follow(change)
        try:
            self._hub.publish(self._seq + 1, fact, change)
            self._seq += 1
        except Exception as error:  # what cannot be shown must still be carried out
            _log.error("fact not shown", fact=fact.TYPE, exc_info=error)

    def _restate(self, rows: int) -> Restated:
        at, frozen = self._clock.now(), freeze(self._centre)
        return Restated(at, lambda: HistoryLost(at, rows, frozen.snapshot()))

    def _fire(self) -> None:
        self.submit(TimerFired())

    async def _watch_clock(self) -> None:
        while True:
            await asyncio.sleep(self._clock_look_s)
            try:
                self.look_at_clock()
            except Exception as error:  # it is looked at again
                _log.error("clock not looked at", exc_info=error)


def _lane(fact: Fact) -> str:
    """Give the phone that a fact is about; a leg of no known offer gets a lane of its own."""
    place: str | None = getattr(fact, "place", None)
    return place if place is not None else str(getattr(fact, "offer", ""))
