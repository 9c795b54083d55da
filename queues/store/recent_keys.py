"""Which wrapped keys of contacts are remembered: those that were last asked for, until any goes.

We alone write to the database of people, so a key changes through us alone. Whoever erases somebody
empties this; a key that was read before that and comes after it is not taken.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

Key = tuple[int, bytes]  # the version that wraps it, and the wrapped key

_MOST: Final = 1000


class RecentKeys:
    """For any number of threads."""

    def __init__(self, most: int = _MOST) -> None:
        self._most = most
        self._lock = threading.Lock()
        self._keys: dict[str, Key] = {}
        self._emptied = 0

    def get(self, contact: str) -> tuple[Key | None, int]:
        """The key, if it is remembered, and what `put` is to be given with one that is read now."""
        with self._lock:
            return self._keys.get(contact), self._emptied

    def put(self, contact: str, key: Key, asked: int) -> None:
        """Remember a key that was read after `get`."""
        with self._lock:
            if asked != self._emptied:
                return
            if len(self._keys) >= self._most:
                del self._keys[next(iter(self._keys))]
            self._keys[contact] = key

    @contextmanager
    def emptied(self) -> Iterator[None]:
        """While somebody is erased, whatever comes of it: nothing from before is remembered."""
        try:
            yield
        finally:
            with self._lock:
                self._emptied += 1
                self._keys.clear()
