"""How rows of a closed day lie in a file: gzip, a line of JSON for each, and a checksum at the end.

Line 1 says format, day, zone and the numbers of the rows; then a line for each row; the last line
holds the SHA-256 of all lines before it. `zcat` and `tail` are enough to read it without us.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import os
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import astuple, dataclass
from pathlib import Path
from typing import Any, Final

from queues.store.errors import JournalDamaged
from queues.store.rows import JournalRow, Kind

FORMAT: Final = 2
_READABLE: Final = {1, FORMAT}  # 1: rows without a seal
_LEVEL: Final = 6


@dataclass(frozen=True, slots=True)
class ClosedDay:
    """The rows `first_seq` to `last_seq`, of one day (YYYY-MM-DD) of the site's zone, in a file."""

    first_seq: int
    last_seq: int
    day: str
    file: str  # its name without the folder
    sha256: str


class DayDamaged(JournalDamaged):
    """The file of a closed day is missing or damaged; `path` names it."""

    code = "day_damaged"

    def __init__(self, path: Path, reason: str, day: ClosedDay) -> None:
        super().__init__(
            f"{path}: {reason}; it holds rows {day.first_seq} to {day.last_seq} of the journal "
            f"({day.day}). Put a copy of it back, or read on after it (after_seq={day.last_seq})",
            day.first_seq,
            day.last_seq,
        )
        self.path = path


def file_name(day: str, first_seq: int) -> str:
    """The name of the file for the rows from this number on."""
    return f"journal-{day}-{first_seq:012}.jsonl.gz"


def write_day(folder: Path, day: str, zone: str, rows: Iterable[JournalRow]) -> ClosedDay | None:
    """Write a file whole or not at all, read it back, and tell what it holds; None for no rows.

    Raises OSError; `DayDamaged` when what was read back is not what was written.
    """
    new = folder / f"journal-{day}.new"
    new.unlink(missing_ok=True)
    descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    digest = hashlib.sha256()
    first = last = 0
    with os.fdopen(descriptor, "wb") as raw:
        with gzip.GzipFile("", "wb", _LEVEL, raw, mtime=0) as packed:
            for row in rows:
                if not first:
                    first = row.seq
                    _put(packed, digest, {"format": FORMAT, "day": day, "zone": zone})
                last = row.seq
                _put(packed, digest, astuple(row))
            packed.write(json.dumps({"sha256": digest.hexdigest()}).encode() + b"\n")
        raw.flush()
        os.fsync(raw.fileno())
    if not first:
        new.unlink()
        return None
    closed = ClosedDay(first, last, day, file_name(day, first), digest.hexdigest())
    verify_day(new, closed)
    new.rename(folder / closed.file)
    directory = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    os.fsync(directory)
    os.close(directory)
    return closed


def verify_day(path: Path, day: ClosedDay) -> None:
    """Raise `DayDamaged` unless the file holds exactly these rows."""
    digest = hashlib.sha256()
    last_line = b""
    count = -2  # the first line and the last are no rows
    for line in _lines(path, day):
        if count > -2:
            digest.update(last_line)
        last_line = line
        count += 1
    told = last_line == json.dumps({"sha256": day.sha256}).encode() + b"\n"
    if not told or digest.hexdigest() != day.sha256:
        raise DayDamaged(path, "its checksum is wrong", day)
    if count != day.last_seq - day.first_seq + 1:
        raise DayDamaged(path, "rows are missing in it", day)


def read_day(path: Path, day: ClosedDay) -> Iterator[JournalRow]:
    """Give the rows of a file, after all of it was verified; raises `DayDamaged`."""
    verify_day(path, day)
    lines = _lines(path, day)
    head: dict[str, Any] = json.loads(next(lines))
    if head.get("format") not in _READABLE:
        raise DayDamaged(path, f"its format {head.get('format')} is not known", day)
    for line in lines:
        values = json.loads(line)
        if isinstance(values, list):
            seq, at, epoch, node, kind, *rest = values
            yield JournalRow(seq, at, epoch, node, Kind(kind), *rest)


def _lines(path: Path, day: ClosedDay) -> Iterator[bytes]:
    try:
        with path.open("rb") as raw, gzip.GzipFile(fileobj=raw) as packed:
            yield from io.BufferedReader(packed, 1 << 16)
    except FileNotFoundError:
        raise DayDamaged(path, "it is not there", day) from None
    except (OSError, EOFError, zlib.error) as error:
        raise DayDamaged(path, f"it cannot be unpacked ({type(error).__name__})", day) from None


def _put(packed: gzip.GzipFile, digest: hashlib._Hash, values: object) -> None:
    line = json.dumps(values, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"
    digest.update(line)
    packed.write(line)
