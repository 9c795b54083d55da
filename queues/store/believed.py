"""Whether the wall clock is believed when values are to be deleted for good by it.

A clock that was wrong once, far ahead, would else delete at one start what was to be kept for
weeks. So a leap of days since the last look deletes nothing by itself: it is believed from the next
look on that comes a while later, in the daily round or at another start.
"""

from __future__ import annotations

from typing import Final

from sqlalchemy import Connection, delete, insert, select

from queues.store.tables import meta

_NAME: Final = "expiry_look"
_LEAP_S: Final = 2 * 86_400.0  # looks are a day apart while a service runs
_A_WHILE_S: Final = 300.0


def is_believed(connection: Connection, now: float) -> bool:
    """Note a look at the wall clock (Unix seconds), and tell whether it is believed."""
    found: str | None = connection.scalar(select(meta.c.value).where(meta.c.name == _NAME))
    last, doubted = _read(found, now)
    since_s = now - last
    if doubted and 0 <= since_s < _A_WHILE_S:
        return False
    believed = since_s <= _LEAP_S
    connection.execute(delete(meta).where(meta.c.name == _NAME))
    connection.execute(insert(meta).values(name=_NAME, value=f"{now!r} {int(not believed)}"))
    return believed


def _read(found: str | None, now: float) -> tuple[float, bool]:
    if found is None:
        return now, False
    at, doubted = found.split()
    return float(at), doubted == "1"
