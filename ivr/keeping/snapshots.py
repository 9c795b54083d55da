"""When the whole centre is written down, and by whom: a second one, beside the service.

It follows the committed facts in a thread and a little at a time, because the loop that carries
sound waits whenever Python works elsewhere. So a snapshot never disturbs the living centre, and
what it holds is what a recovery would come to at that row.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable
from typing import Final

import structlog

from ivr.gently import gently
from ivr.keeping.journal import as_rows
from queues.centre.journal.row_faults import RowFault
from queues.centre.journal.snapshot import SnapshotUnreadable, from_snapshot, to_snapshot
from queues.centre.recovery import Following
from queues.centre.state import Centre
from queues.centre.values.json_values import Snapshot
from queues.store import Snapshot as StoredSnapshot
from queues.store import Store, StoreError

EVERY_ROWS: Final = 5000
EVERY_S: Final = 300.0
_LOOK_S: Final = 5.0
_PIECES_AT_ONCE: Final = 1000  # of text, before the loop has its turn

log = structlog.get_logger()


def read_snapshot(stored: StoredSnapshot) -> Snapshot:
    """The centre as JSON values; raises `SnapshotUnreadable`."""
    try:
        body = json.loads(stored.body)
    except ValueError:
        body = None
    if not isinstance(body, dict):
        raise SnapshotUnreadable("the snapshot is no JSON object; take another")
    return Snapshot(body)


class Snapshots:
    """Follows the journal; `run` is a task of its owner.

    `seq`: the row after which `centre` is; `saved_seq`: that of the last snapshot.
    """

    def __init__(
        self,
        store: Store,
        centre: Centre,
        saved_seq: int,
        *,
        every_rows: int = EVERY_ROWS,
        every_s: float = EVERY_S,
        look_s: float = _LOOK_S,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._store = store
        self._following = Following(from_snapshot(to_snapshot(centre)))
        self._seq = store.last_seq
        self._saved_seq = saved_seq
        self._every_rows = every_rows
        self._every_s = every_s
        self._look_s = look_s
        self._monotonic = monotonic
        self._saved_at_s = monotonic()
        self._mends = False  # a gap is behind us that facts alone do not lead over

    @property
    def saved_seq(self) -> int:
        """The row after which the last snapshot stands."""
        return self._saved_seq

    async def run(self) -> None:
        """Follow and save until cancelled. What keeps it from that for a while is told once."""
        told = ""
        while True:
            try:
                await asyncio.to_thread(self.follow)
                told = ""
            except StoreError as error:
                if told != error.code:
                    log.warning("no snapshot just now", error=error.code)
                told = error.code
            except RowFault as error:  # the next start has the last snapshot, or says the same
                log.error("no snapshots from here on", seq=error.seq, error=error.code)
                return
            except Exception as error:  # the service goes on without
                log.error("snapshot failed", exc_info=error)
            await asyncio.sleep(self._look_s)

    def follow(self) -> None:
        """Apply what was committed since, and save if it is time to; for a thread."""
        for row in gently(as_rows(self._store.read_journal(self._seq))):
            self._following.take(row)
            self._mends |= not self._following.is_whole
            self._seq = row.seq
        if self._following.is_whole and self._is_time():
            self._save()

    def _is_time(self) -> bool:
        new = self._seq - self._saved_seq
        waited_s = self._monotonic() - self._saved_at_s
        return self._mends or new >= self._every_rows or (new > 0 and waited_s >= self._every_s)

    def _save(self) -> None:
        centre = self._following.centre
        body = to_snapshot(centre)
        pieces = json.JSONEncoder(separators=(",", ":")).iterencode(body)
        text = "".join(gently(pieces, at_once=_PIECES_AT_ONCE))
        version = body["version"]
        if not isinstance(version, int):
            raise TypeError("a snapshot has no version")
        self._store.snapshots.save(StoredSnapshot(self._seq, centre.at, version, text))
        self._saved_seq, self._saved_at_s, self._mends = self._seq, self._monotonic(), False
