"""What is opened together and in which order, so that a service has all of its store or none."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Collection, Iterator
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

from sqlalchemy import URL, func, select

from queues.store import tables
from queues.store.belonging import open_envelope, refuse_strangers
from queues.store.closed_days import KEPT_DAYS, ClosedDays
from queues.store.commit import Committer
from queues.store.database import Database, open_database, refuse_lone_logs
from queues.store.day_file import ClosedDay
from queues.store.dialogues import Dialogues
from queues.store.dialplans import Dialplans
from queues.store.errors import PeopleInUse, StoreInUse, StoreUnavailable
from queues.store.hold import WriteHold
from queues.store.journal_check import check_journal
from queues.store.journal_read import JournalReader
from queues.store.journal_writer import LONGEST_PAUSE_S, MOST_WAITING, JournalWriter
from queues.store.last_talks import LastTalks
from queues.store.progress import Progress, is_older, note_progress
from queues.store.records import Records
from queues.store.rows import JournalRow, Kind, check_text
from queues.store.schema import PEOPLE, STORE, bring_up, require_head
from queues.store.seal import RowSeals
from queues.store.sealed_from import note_sealed_from, sealed_from
from queues.store.snapshots import Snapshots
from queues.store.vault import Vault

_PATIENCE_S: Final = 5.0  # with files of a service whose place a stand-by takes


class Store:
    """An open store: `journal` writes, the others read and keep. From any thread."""

    def __init__(
        self,
        databases: tuple[Database, Database],
        writer: JournalWriter,
        vault: Vault,
        days_folder: Path,
        *,
        epoch: int,
        node: str,
        last_seq: int,
        note: str | None = None,
    ) -> None:
        """Join what `open` has opened; `last_seq` is the journal's last row at that time.

        `note` is what whoever starts the service should know of the store.
        """
        store = databases[0]
        self._databases = databases
        self._reader = JournalReader(store, days_folder)
        self.epoch = epoch
        self.node = node
        self.last_seq = last_seq
        self.note = note
        self.journal = writer
        self.vault = vault
        self.snapshots = Snapshots(store)
        self.dialogues = Dialogues(store)
        self.dialplans = Dialplans(store)
        self.records = Records(store)
        self.last_talks = LastTalks(databases[1])
        self.closed_days = ClosedDays(store, days_folder, self._reader)

    @classmethod
    def open(
        cls,
        url: str,
        *,
        key_file: Path,
        node: str,
        people_url: str | None = None,
        days_folder: Path | None = None,
        wait: bool = False,
        give_up: threading.Event | None = None,
        most_waiting: int = MOST_WAITING,
        longest_pause_s: float = LONGEST_PAUSE_S,
        wall: Callable[[], float] = time.time,
    ) -> Store:
        """Open, upgrade and check the store, and take the right to write it.

        `url` is `sqlite:///<path>` or `postgresql+psycopg://...`; `people_url` another database
        (default: `people.db` beside the key file); closed days lie in `days_folder` (default:
        `journal` beside the key file). With PostgreSQL and `wait` it waits as a stand-by until no
        other service writes, or until `give_up` is set.

        Raises `StoreUnusable` (`StoreInUse`, `PeopleInUse`, `SchemaTooNew`, `KeyUnusable`),
        `JournalDamaged`, `StoreUnavailable`; what was there is then as it was.
        """
        check_text("the node's name", node)
        beside = URL.create("sqlite", database=str(key_file.absolute().parent / "people.db"))
        days_folder = days_folder or key_file.parent / "journal"
        refuse_lone_logs(url, people_url or beside)
        with ExitStack() as undo:
            store = open_database(url)
            undo.callback(store.undo)
            hold = WriteHold(store)
            connection = hold.connect(wait=wait, give_up=give_up)
            undo.callback(connection.close)
            try:
                people = open_database(people_url or beside, patience_s=_PATIENCE_S if wait else 0)
            except StoreInUse as error:
                raise PeopleInUse(str(error)) from None
            undo.callback(people.undo)
            refuse_strangers(store, people)
            bring_up(store, STORE)
            bring_up(people, PEOPLE)
            envelope = open_envelope(store, people, key_file)
            vault = Vault(store, people, envelope, wall=wall)
            older = is_older(store, people)
            epoch = hold.draw_epoch(connection, node, wall())
            last_seq, dropped = check_journal(store)
            note_progress(people, Progress(epoch, last_seq))
            seals = RowSeals(envelope)
            note_sealed_from(store, people, seals, last_seq)
            vault.expire(wall())
            undo.pop_all()
        writer = JournalWriter(
            Committer(hold, connection, seals, store.name, epoch, node, last_seq),
            most_waiting=most_waiting,
            longest_pause_s=longest_pause_s,
            wall=wall,
        )
        return cls(
            (store, people),
            writer,
            vault,
            days_folder,
            epoch=epoch,
            node=node,
            last_seq=last_seq,
            note=". ".join(each for each in (older, dropped) if each is not None) or None,
        )

    def note_progress(self) -> None:
        """Note with the people how far the journal is; raises `StoreUnavailable`.

        To be done now and then: it also shows whether the database of people can be written.
        """
        if not self.journal.health().fenced:  # then another service notes its own
            note_progress(self._databases[1], Progress(self.epoch, self.journal.committed))

    def read_journal(
        self,
        after_seq: int = 0,
        *,
        until_seq: int | None = None,
        kinds: Collection[Kind] = tuple(Kind),
        subject: str | None = None,
    ) -> Iterator[JournalRow]:
        """Give rows of the journal as `JournalReader.rows`, up to what is committed now."""
        if until_seq is None:
            until_seq = self.journal.committed
        return self._reader.rows(after_seq, until_seq=until_seq, kinds=kinds, subject=subject)

    def close_days(
        self, now: float, zone: ZoneInfo, *, kept_days: int = KEPT_DAYS
    ) -> tuple[ClosedDay, ...]:
        """Move days older than `kept_days` days out of the table: see `ClosedDays.close`."""
        return self.closed_days.close(
            now, zone, kept_days=kept_days, until_seq=self.journal.committed
        )

    def close(self, within_s: float = 5.0) -> int:
        """Write what waits and let everything go; tell how many rows were lost since the start."""
        lost = self.journal.close(within_s)
        with suppress(StoreUnavailable):
            self.note_progress()
        for database in self._databases:
            database.close()
        return lost


class StoreView:
    """A store of which only is read, also while a service has it open."""

    def __init__(self, url: str, *, days_folder: Path) -> None:
        """Raises `StoreUnusable`, `StoreUnavailable`."""
        self._database: Database = open_database(url, writable=False)
        try:
            require_head(self._database, STORE)
        except BaseException:
            self._database.close()
            raise
        self.journal = JournalReader(self._database, days_folder)
        self.records = Records(self._database)
        self.snapshots = Snapshots(self._database)

    def told_until(self) -> int:
        """Give the last row of the journal that a snapshot, or what records are made of, knows."""
        with self._database.read() as connection:
            known = (
                connection.scalar(select(func.max(table.c.seq)))
                for table in (tables.snapshots, tables.projections)
            )
            return max((seq for seq in known if seq is not None), default=0)

    def sealed_from(self, seals: RowSeals) -> int | None:
        """Give the row from which on each has a seal, as a start has noted it."""
        return sealed_from(self._database, seals)

    def close(self) -> None:
        """Let everything go."""
        self._database.close()
