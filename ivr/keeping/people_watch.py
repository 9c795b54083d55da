"""Whether the database of people can be written, as `/health` tells it: tried every few seconds.

Calls go on without it: new callers are contacts later, and their dialogues are kept later.
"""

from __future__ import annotations

import asyncio
from typing import Final

import structlog

from queues.api import HealthReason
from queues.store import Store, StoreUnavailable, Trouble

_LOOK_S: Final = 3.0

log = structlog.get_logger()


class PeopleWatch:
    """Notes there how far the journal is, and how that went; `run` is a task of its owner."""

    def __init__(self, store: Store, look_s: float = _LOOK_S) -> None:
        self._store = store
        self._look_s = look_s
        self._trouble: Trouble | None = None

    def reasons(self) -> list[HealthReason]:
        """Why it cannot be written just now, with the mend; empty while it can."""
        if self._trouble is None:
            return []
        text = f"the database of people: {self._trouble.mend}"
        return [HealthReason(f"people_{self._trouble}", text)]

    async def run(self) -> None:
        """Look until cancelled."""
        while True:
            try:
                await asyncio.to_thread(self._store.note_progress)
                self._hear(None)
            except StoreUnavailable as error:
                self._hear(error.trouble)
            except Exception as error:  # calls need no look at it
                log.error("the database of people is not watched", error=type(error).__name__)
            await asyncio.sleep(self._look_s)

    def _hear(self, trouble: Trouble | None) -> None:
        if trouble is not self._trouble:
            if trouble is None:
                log.info("the database of people can be written again")
            else:
                log.warning("the database of people cannot be written", trouble=trouble)
        self._trouble = trouble
