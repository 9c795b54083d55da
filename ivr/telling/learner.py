"""When it is learned how long waits last, and by whom: of the records, in a thread.

At a start, once the records are up to date; then once a day, and each hour for as long as waits of
some queue are told without a range. What is learned goes to the centre as an input, if it is new.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Final

import structlog

from ivr.gently import gently
from queues.centre.values.learned import EstimatesLearned, Learned
from queues.ids import QueueId
from queues.reports.learning import kept_beside, learn
from queues.reports.seen import seen_talk, seen_wait
from queues.store import Store, StoreError

MOST: Final = 20_000  # of the last waits and talks are looked at
_LOOK_S: Final = 1.0  # for the records, at a start
_RECORDS_S: Final = 600.0  # then it begins without
_HOUR_S: Final = 3600.0
_HOURS: Final = 24

log = structlog.get_logger()


class Learner:
    """Learns and tells; `run` is a task of its owner.

    `records_seq` is the row up to which records are made, `submit` hands an input to the centre.
    """

    def __init__(
        self,
        store: Store,
        known: Learned,
        queues: tuple[QueueId, ...],
        records_seq: Callable[[], int],
        submit: Callable[[EstimatesLearned], object],
        *,
        look_s: float = _LOOK_S,
        hour_s: float = _HOUR_S,
    ) -> None:
        self._store = store
        self._known = known
        self._queues = queues
        self._records_seq = records_seq
        self._submit = submit
        self._look_s = look_s
        self._hour_s = hour_s

    async def run(self) -> None:
        """Learn until cancelled. What keeps it from that is told, and tried again."""
        await self._records_made()
        hours = _HOURS
        while True:
            if hours >= _HOURS or not self._knows_all():
                try:
                    self._take(await asyncio.to_thread(self.learn))
                    hours = 0
                except StoreError as error:
                    log.warning("waits are not learned just now", error=error.code)
                except Exception as error:  # the calls go on with what was known
                    log.error("waits are not learned", error=type(error).__name__)
            await asyncio.sleep(self._hour_s)
            hours += 1

    def learn(self) -> Learned:
        """Give what the records say; for a thread. Raises `StoreUnavailable`."""
        talks = [seen_talk(talk) for talk in gently(self._store.records.last_talks(MOST))]
        waits = [seen_wait(wait) for wait in gently(self._store.records.last_waits(MOST))]
        return learn(talks, waits)

    async def _records_made(self) -> None:
        begun, until = self._store.last_seq, time.monotonic() + _RECORDS_S
        while True:
            if self._records_seq() >= begun or time.monotonic() >= until:
                return
            await asyncio.sleep(self._look_s)

    def _knows_all(self) -> bool:
        return {spread.queue for spread in self._known.spreads} >= {*self._queues}

    def _take(self, learned: Learned) -> None:
        learned = kept_beside(learned, self._known, self._queues)
        if learned == self._known:
            return
        self._known = learned
        self._submit(EstimatesLearned(learned))
        log.info("waits learned", queues=len(learned.paces), ranges=len(learned.spreads))
