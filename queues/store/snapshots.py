"""Which picture of the state recovery may begin with: the newest that is whole and understood."""

from __future__ import annotations

import hashlib
from collections.abc import Container
from dataclasses import dataclass, field
from typing import Final

import structlog
from sqlalchemy import delete, insert, select

from queues.store.database import Database
from queues.store.tables import snapshots

KEPT: Final = 2
_log = structlog.get_logger("queues.store")


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The state after row `seq`, as JSON text in the form `version`. `at` in Unix seconds."""

    seq: int
    at: float
    version: int
    body: str = field(repr=False)

    def sha256(self) -> str:
        """The checksum over all of it, so that no part can be taken for another's."""
        head = f"{self.seq} {self.at!r} {self.version}\n"
        return hashlib.sha256(head.encode() + self.body.encode()).hexdigest()


class Snapshots:
    """The last two snapshots."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def save(self, snapshot: Snapshot) -> None:
        """Keep a snapshot and the one before it. Raises `StoreUnavailable`."""
        with self._database.write() as connection:
            connection.execute(delete(snapshots).where(snapshots.c.seq == snapshot.seq))
            connection.execute(
                insert(snapshots).values(
                    seq=snapshot.seq,
                    at=snapshot.at,
                    version=snapshot.version,
                    sha256=snapshot.sha256(),
                    body=snapshot.body,
                )
            )
            kept = select(snapshots.c.seq).order_by(snapshots.c.seq.desc()).limit(KEPT)
            connection.execute(delete(snapshots).where(snapshots.c.seq.not_in(kept)))

    def newest(
        self, *, understood: Container[int], last_seq: int, before_seq: int | None = None
    ) -> Snapshot | None:
        """Give the newest that is whole, of a version that is understood and not after `last_seq`.

        Each one that is not is passed over with a warning. Those that are not before `before_seq`
        are not asked for, and nothing is said of them. None: begin with the first row.
        """
        asked = select(snapshots).order_by(snapshots.c.seq.desc())
        if before_seq is not None:
            asked = asked.where(snapshots.c.seq < before_seq)
        with self._database.read() as connection:
            rows = connection.execute(asked).all()
        for row in rows:
            snapshot = Snapshot(row.seq, row.at, row.version, row.body)
            reason = None
            if snapshot.sha256() != row.sha256:
                reason = "its checksum is wrong"
            elif snapshot.version not in understood:
                reason = f"its version {snapshot.version} is not understood"
            elif snapshot.seq > last_seq:
                reason = "the journal ends before it"
            if reason is None:
                return snapshot
            _log.warning("a snapshot was passed over", seq=snapshot.seq, reason=reason)
        return None
