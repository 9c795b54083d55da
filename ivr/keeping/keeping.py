"""What runs beside the service so that it is kept: dialogues, snapshots, records, old days."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final
from zoneinfo import ZoneInfo

import structlog

from ivr.keeping.dialogue_book import DialogueBook
from ivr.keeping.journal import StoredJournal
from ivr.keeping.kept import Kept
from ivr.keeping.people_watch import PeopleWatch
from ivr.keeping.projector import Projector
from ivr.keeping.snapshots import Snapshots
from ivr.phone_number import REGION, PhoneNumber
from ivr.telling.last_agents import LastAgents, PreferLast
from queues.api import HealthReason, HealthStatus
from queues.dispatcher import LedgerHealth
from queues.ids import ContactId, QueueId
from queues.store import Store, StoreError, WriterHealth

_FIRST_S: Final = 600.0  # after a start there are callers to be found
_DAY_S: Final = 86_400.0
KEEP_DAYS: Final = 400

log = structlog.get_logger()


class Keeping:
    """The store's side of a running service; `run` is a task of its owner."""

    def __init__(
        self,
        kept: Kept,
        now: Callable[[], float],
        zone: ZoneInfo,
        *,
        region: str = REGION,
        keep_records_days: int = KEEP_DAYS,
        keep_contacts_days: int = KEEP_DAYS,
        wall: Callable[[], float] = time.time,
        prefer_last: Mapping[QueueId, PreferLast] = MappingProxyType({}),
    ) -> None:
        """`zone` says where a day ends, `region` where callers' numbers are dialled.

        `prefer_last` are the queues in which who calls again waits for the last agent first.
        """
        self._store = kept.store
        self._zone = zone
        self._now = now
        self._keep_records_days = keep_records_days
        self._keep_contacts_days = keep_contacts_days
        self.journal = StoredJournal(kept.store.journal)
        self.people = PeopleWatch(kept.store)
        self.last_agents = LastAgents(
            kept.store, lambda call: self.dialogues.contact_kept(call), wall, prefer_last
        )
        self.dialogues = DialogueBook(
            kept.store, now, kept.dialogues, kept.plans, region, self.last_agents.look_up
        )
        self.snapshots = Snapshots(kept.store, kept.centre, kept.snapshot_seq)
        self.projector = Projector(kept.store)

    @property
    def is_taken_over(self) -> bool:
        """Whether another service writes the journal now, so that this one decides no more."""
        return self._store.journal.health().fenced

    def writer(self) -> WriterHealth:
        """How the writer of the journal is doing."""
        return self._store.journal.health()

    async def contact_of(self, digits: str | None) -> ContactId | None:
        """The contact of a number that the switch kept; raises `StoreUnavailable`."""
        if digits is None:
            return None
        number = PhoneNumber(digits)
        return ContactId(await asyncio.to_thread(self.dialogues.contact_of, number))

    async def run(self) -> None:
        """Keep until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self.dialogues.run(), name="dialogues' book")
            tasks.create_task(self.snapshots.run(), name="snapshots")
            tasks.create_task(self.projector.run(), name="records")
            tasks.create_task(self.people.run(), name="database of people")
            tasks.create_task(self.last_agents.run(), name="last agents")
            tasks.create_task(
                end_old_days(
                    self._store,
                    self._zone,
                    self._now,
                    keep_records_days=self._keep_records_days,
                    keep_contacts_days=self._keep_contacts_days,
                ),
                name="old days",
            )


async def end_old_days(
    store: Store,
    zone: ZoneInfo,
    now: Callable[[], float],
    *,
    keep_records_days: int = KEEP_DAYS,
    keep_contacts_days: int = KEEP_DAYS,
    first_s: float = _FIRST_S,
    every_s: float = _DAY_S,
) -> None:
    """Once a day close old days of the journal and delete what has expired, until cancelled.

    Days are as old as the time of the rows, `now`, says, which may stand ahead of the wall clock
    for good after that was wrong once.
    """
    await asyncio.sleep(first_s)
    while True:
        try:
            await asyncio.to_thread(store.close_days, now(), zone)
            await asyncio.to_thread(store.vault.expire, time.time())
            await asyncio.to_thread(store.records.expire, time.time(), keep_records_days * _DAY_S)
            # Last: what a record still leads to is kept.
            await asyncio.to_thread(
                store.vault.end_contacts, time.time(), keep_contacts_days * _DAY_S
            )
        except StoreError as error:
            log.warning("old days are not closed", error=error.code)
        except Exception as error:  # the calls go on, and tomorrow it is tried again
            log.error("old days are not closed", error=type(error).__name__)
        await asyncio.sleep(every_s)


def journal_status(ledger: LedgerHealth | None) -> HealthStatus:
    """Degraded while decisions take effect without being kept: calls are served all the same."""
    kept = ledger is not None and not ledger.is_degraded
    return HealthStatus.OK if kept else HealthStatus.DEGRADED


def journal_reasons(writer: WriterHealth) -> list[HealthReason]:
    """Why nothing is written just now, with the mend."""
    if writer.trouble is None:
        return []
    return [HealthReason(f"journal_{writer.trouble}", writer.trouble.mend)]


def journal_figures(ledger: LedgerHealth | None, writer: WriterHealth) -> dict[str, float]:
    """How far the journal is, and what it could not keep."""
    return {
        "journal_committed_rows": writer.committed,
        "journal_waiting_rows": writer.waiting,
        "journal_lost_rows": writer.lost,
        "journal_given_up_decisions": 0 if ledger is None else ledger.given_up,
    }
