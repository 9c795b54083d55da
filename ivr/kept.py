"""How the store is opened at a start, and the service as it was comes back out of it."""

from __future__ import annotations

import platform
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import structlog

from ivr.cannot_start import CannotStart
from ivr.dialogue_book import KeptDialogue, read_dialogues, read_plans
from ivr.dialplan.plan import Plan
from ivr.journal import as_rows, new_row
from ivr.place import Place
from ivr.settings import Settings
from ivr.snapshots import read_snapshot
from queues.centre.codec import fact_row
from queues.centre.house_facts import HistoryLost
from queues.centre.recovery import Following, follow
from queues.centre.row_faults import RowFault
from queues.centre.snapshot import UNDERSTOOD, SnapshotUnreadable, to_snapshot
from queues.centre.state import Centre
from queues.ids import CallId
from queues.store import (
    Kind,
    NotCommitted,
    PeopleInUse,
    Store,
    StoreError,
    StoreInUse,
    StoreUnavailable,
    Trouble,
)

Tell = Callable[[str], None]
_APPLIED: Final = (Kind.FACT, Kind.LOST)
_STORE: Final = "store"  # below the run folder: what happened
_PEOPLE: Final = "people"  # who is who; to be backed up apart from it
_LOCKED_S: Final = 30.0  # so long a start waits for a database that another program holds
_AGAIN_S: Final = 0.2
_WRITTEN_S: Final = 10.0  # so long a start waits for the state that closes a gap

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Kept:
    """An open store, and what came back out of it."""

    store: Store
    centre: Centre
    dialogues: dict[CallId, KeptDialogue]
    plans: dict[str, Plan]  # those that the dialogues run on, by hash
    snapshot_seq: int  # of the snapshot that the centre came from; 0 for none


def store_url(settings: Settings, place: Place) -> str:
    """The address of the store."""
    return settings.store.url or f"sqlite:///{place.run_folder.absolute()}/{_STORE}/store.db"


def days_folder(place: Place) -> Path:
    """Where the files of closed days lie."""
    return place.run_folder / _STORE / "journal"


def key_file(place: Place) -> Path:
    """Where the master keys lie."""
    return place.run_folder.absolute() / _PEOPLE / "store.key"


@contextmanager
def open_kept(
    settings: Settings, place: Place, tell: Tell, *, patience_s: float = _LOCKED_S
) -> Iterator[Kept]:
    """Open the store and bring back what it holds; raises `CannotStart`. Not for a loop's thread.

    Where another service writes a server's database, this waits as its stand-by; a database that
    is held by another program is waited for `patience_s` seconds.
    """
    try:
        store = _open_patiently(settings, place, tell, patience_s)
    except StoreError as error:
        raise CannotStart(f"the store cannot be used: {error}") from None
    try:
        if store.note is not None:
            tell(f"note: {store.note}")
        try:
            kept = come_back(store)
        except (StoreUnavailable, NotCommitted) as error:  # as it is, nothing is wrong with it
            raise CannotStart(f"the store cannot be used: {error}") from None
        except (StoreError, RowFault) as error:
            raise CannotStart(
                f"the journal cannot be read: {error}. Restore a backup of the store, or move "
                f"{place.run_folder / _STORE} and {place.run_folder / _PEOPLE} away to begin anew"
            ) from None
        yield kept
    finally:
        lost = store.close()
        if lost:
            tell(f"note: {lost} rows of the journal could not be written")


def open_store(settings: Settings, place: Place, *, wait: bool = False) -> Store:
    """Open the store for writing, or with `wait` wait for it as a stand-by; raises `StoreError`."""
    return Store.open(
        store_url(settings, place),
        key_file=key_file(place),
        node=platform.node() or "here",
        people_url=settings.store.people_url,
        days_folder=days_folder(place),
        wait=wait,
    )


def _open_patiently(settings: Settings, place: Place, tell: Tell, patience_s: float) -> Store:
    until = time.monotonic() + patience_s
    is_told = False
    while True:
        try:
            return _open(settings, place, tell)
        except (StoreUnavailable, PeopleInUse) as error:
            is_held = isinstance(error, PeopleInUse) or error.trouble is Trouble.LOCKED
            if not is_held or time.monotonic() >= until:
                raise
            if not is_told:
                tell(f"{error}; waiting for it, {patience_s:g} s at most")
                is_told = True
        time.sleep(_AGAIN_S)


def _open(settings: Settings, place: Place, tell: Tell) -> Store:
    try:
        return open_store(settings, place)
    except PeopleInUse:
        raise
    except StoreInUse as error:
        if store_url(settings, place).startswith("sqlite"):
            raise
        tell(f"{error}")
        tell("waiting as its stand-by")
    return open_store(settings, place, wait=True)


def come_back(store: Store) -> Kept:
    """The newest snapshot that leads to today, and every fact after it; else all facts.

    Where that ends behind a gap, the whole state is the first row of the new epoch: it is committed
    before this returns. Raises `StoreUnavailable`, `NotCommitted`, `JournalDamaged`, `RowFault`.
    """
    last_seq = store.last_seq
    while True:
        snapshot = store.snapshots.newest(understood=UNDERSTOOD, last_seq=last_seq)
        seq = 0 if snapshot is None else snapshot.seq
        try:
            body = None if snapshot is None else read_snapshot(snapshot)
            # The opening saw that no row is missing; inputs are for a replay, and not read here.
            found = follow(body, as_rows(store.read_journal(seq, kinds=_APPLIED)))
        except (SnapshotUnreadable, RowFault) as error:
            if snapshot is None:
                raise
            log.warning("a snapshot was passed over", seq=seq, reason=error.code)
            last_seq = seq - 1
            continue
        if not found.is_whole:
            _close_gap(store, found)
        dialogues = read_dialogues(store)
        return Kept(store, found.centre, dialogues, read_plans(store, dialogues), seq)


def _close_gap(store: Store, found: Following) -> None:
    """Write the older state that we go on from, so that what follows it can be applied again."""
    centre = found.centre
    fact = HistoryLost(centre.at, found.missing, to_snapshot(centre))
    told: list[Exception | None] = []
    store.journal.submit(
        [new_row(fact_row(fact, seq=0, epoch=store.epoch, node=store.node))], told.append
    )
    if not store.journal.flush(_WRITTEN_S):
        raise NotCommitted("the database took nothing for 10 s")
    if told[0] is not None:
        raise told[0]
    log.warning("a gap in the journal was closed with an older state", rows=found.missing)
