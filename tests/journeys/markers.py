"""Markers that are planted in everything others can send, and the finder that looks for them.

A marker is found as it stands, in any case, in the encodings that logs, files and the wire use, and
a number also by its last six digits.
"""

from __future__ import annotations

import base64
import gzip
import json
import re
import sqlite3
import zlib
from collections.abc import Iterator, Mapping
from contextlib import closing
from pathlib import Path
from urllib.parse import quote

_TAIL = 6
_SQLITE = b"SQLite format 3\0"


class Finder:
    """Finds planted texts in bytes and files; says which by the names they were given."""

    def __init__(self, markers: Mapping[str, str]) -> None:
        self._looked_at: dict[Path, tuple[tuple[int, int, int], set[str]]] = {}
        self._any_case = {name: _spellings(text) for name, text in markers.items()}
        self._exact = {name: _base64_parts(text) for name, text in markers.items()}
        self._tails = {
            name: re.compile(rb"(?<![0-9.])" + text[-_TAIL:].encode() + rb"(?![0-9])")
            for name, text in markers.items()
            if text.isascii() and text.isdigit()
        }

    def names_in(self, data: bytes | str) -> set[str]:
        """The names of the markers that this holds."""
        given = data.encode(errors="surrogatepass") if isinstance(data, str) else data
        lower = given.lower()
        return (
            {name for name, all_ in self._any_case.items() if any(each in lower for each in all_)}
            | {name for name, all_ in self._exact.items() if any(each in given for each in all_)}
            | {name for name, tail in self._tails.items() if tail.search(given)}
        )

    def names_below(self, folder: Path) -> dict[str, set[str]]:
        """Which markers stand in which file below a folder, or in a file's name."""
        found: dict[str, set[str]] = {}
        for path in folder.rglob("*"):
            names = self.names_in(str(path.relative_to(folder)))
            if path.is_file() and not path.is_symlink():
                names |= self._names_in_file(path)
            if names:
                found[str(path.relative_to(folder))] = names
        return found

    def _names_in_file(self, path: Path) -> set[str]:
        """What a file holds; one that has not changed since is not read again."""
        state = path.stat()
        version = (state.st_ino, state.st_size, state.st_mtime_ns)
        before, names = self._looked_at.get(path, (None, set()))
        if before == version and not path.name.endswith("-shm"):  # memory, whose time stands still
            return names
        names = set().union(*(self.names_in(content) for content in _contents(path)))
        self._looked_at[path] = version, names
        return names


def _spellings(text: str) -> tuple[bytes, ...]:
    raw = text.encode()
    escaped = json.dumps(text)[1:-1]
    texts = {
        text,
        text.lower(),
        text.upper(),
        quote(text, safe=""),
        quote(quote(text, safe=""), safe=""),
        escaped,
        json.dumps(escaped)[1:-1],
        repr(raw)[2:-1],
        raw.hex(),
        " ".join(f"{byte:02x}" for byte in raw),
    }
    spelt = {each.encode().lower() for each in texts}
    return (*spelt, text.encode("utf-16-le").lower(), text.encode("utf-16-be").lower())


def _base64_parts(text: str) -> tuple[bytes, ...]:
    """What of the text's base64 is the same whatever stands before and after it."""
    parts = []
    for before in range(3):
        raw = bytes(before) + text.encode()
        whole = base64.b64encode(raw)[: len(raw) * 8 // 6][(before * 8 + 5) // 6 :]
        parts += [whole, whole.translate(bytes.maketrans(b"+/", b"-_"))]
    return tuple(parts)


def _contents(path: Path) -> Iterator[bytes]:
    """A file's bytes; unpacked too where it is packed, value by value where it is a database."""
    raw = path.read_bytes()
    yield raw
    if raw.startswith(b"\x1f\x8b"):
        yield gzip.decompress(raw)
    if raw.startswith(_SQLITE):
        with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True, timeout=5)) as database:
            tables = database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
            for (table,) in tables.fetchall():
                for row in database.execute(f'SELECT * FROM "{table}"'):
                    for value in row:
                        yield from _unpacked(value)


def _unpacked(value: object) -> Iterator[bytes]:
    if isinstance(value, str):
        yield value.encode(errors="surrogatepass")
    elif isinstance(value, bytes):
        yield value
        for window in (15, 31, -15):  # zlib, gzip, bare
            try:
                yield zlib.decompress(value, window)
            except zlib.error:
                continue
