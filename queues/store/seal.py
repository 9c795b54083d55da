"""Whether a row of the journal is still the one that was written: each carries a seal over itself.

HMAC-SHA256 over every column, cut to 64 bits, under a key of its own that follows from the master
key. Whoever can write the database and has no key file can neither alter a row nor add one without
its seal telling. What a seal does not tell is whether rows behind the last one were cut off.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from queues.store.envelope import Envelope
from queues.store.errors import KeyUnusable
from queues.store.key_file import read_keys
from queues.store.rows import JournalRow

_BYTES: Final = 8  # nobody without the key can try whether a guess fits
_DIGITS: Final = 19  # of the largest number of a row
_NOTED: Final = "sealed from"
_AS_JSON: Final = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))


class RowSeals:
    """Makes seals under the newest key, and knows those of every key in the file."""

    def __init__(self, envelope: Envelope) -> None:
        self._keys = envelope.journal_keys

    def of(self, *columns: Any) -> str:
        """Give the seal of a row, whose columns are those of the table before the seal."""
        return _seal(self._keys[0], columns)

    def fits(self, row: JournalRow) -> bool:
        """Tell whether the seal of a row is the one that it was written with."""
        columns = (
            *(row.seq, row.at, row.epoch, row.node),
            *(row.kind.value, row.type, row.version, row.subject, row.payload),
        )
        try:
            return self._fit(columns, row.seal)
        except (TypeError, AttributeError):  # SQLite holds anything in any column, also bytes
            return False

    def note(self, first: int) -> str:
        """Give a note that rows are sealed from `first` on."""
        return f"{first} {_seal(self._keys[0], (_NOTED, first))}"

    def noted(self, note: str | None) -> int | None:
        """Give the row that a note names; None without one, and for one that we did not make."""
        number, _, seal = (note or "").partition(" ")
        if not (number.isascii() and number.isdigit() and len(number) <= _DIGITS):
            return None
        return int(number) if self._fit((_NOTED, int(number)), seal) else None

    def _fit(self, columns: tuple[Any, ...], seal: str | None) -> bool:
        given = (seal or "").encode()
        return any(hmac.compare_digest(_seal(key, columns).encode(), given) for key in self._keys)


@dataclass(slots=True)
class SealCheck:
    """What the seals of rows that were passed through it came to.

    Rows of a release before there were seals have none. From the row that was noted as the first
    with one, and behind any that has one, a row without is as `broken` as one whose seal does not
    fit. If none was noted, nothing proves of those `without` that they are older.
    """

    seals: RowSeals
    sealed_from: int | None  # as `sealed_from.py` gives it
    fitting: int = 0
    without: int = 0
    broken: list[int] = field(default_factory=list)  # the numbers of these rows

    @property
    def unproved(self) -> int:
        """How many rows without a seal may have had one."""
        return self.without if self.sealed_from is None else 0

    def passed(self, rows: Iterable[JournalRow]) -> Iterator[JournalRow]:
        """Give the same rows, each looked at."""
        has_begun, begins = False, math.inf if self.sealed_from is None else self.sealed_from
        for row in rows:
            has_begun |= row.seal is not None or row.seq >= begins
            if not has_begun:
                self.without += 1
            elif self.seals.fits(row):
                self.fitting += 1
            else:
                self.broken.append(row.seq)
            yield row


def seals_to_check(key_file: Path) -> RowSeals:
    """Give what checks seals, also to root, who reads the key of the service's account.

    Raises `KeyUnusable`.
    """
    keys = read_keys(key_file, to_root=True)
    if keys is None:
        raise KeyUnusable(f"{key_file}: the key file is not there")
    return RowSeals(Envelope(keys))


def _seal(key: bytes, columns: tuple[Any, ...]) -> str:
    text = _AS_JSON.encode(columns).encode()
    return hmac.digest(key, text, hashlib.sha256)[:_BYTES].hex()
