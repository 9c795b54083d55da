"""How large Asterisk's own log may grow: under a flood it writes a line for each call it refuses.

Asterisk appends to its file, so the file may be cut under it. What is kept is the end. It is cut
where it lies, by descriptor, never through a link: Asterisk's account could plant one.
"""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from typing import Final

import structlog

from ivr.private_files import open_own

MOST_BYTES: Final = 10_000_000
KEPT_BYTES: Final = 1_000_000
_LOOK_S: Final = 10.0

log = structlog.get_logger()


async def keep_small(path: Path, *, look_s: float = _LOOK_S) -> None:
    """Look until cancelled, and cut the file whenever it is too large."""
    while True:
        await asyncio.sleep(look_s)
        try:
            was_cut = await asyncio.to_thread(cut, path)
        except OSError as error:
            log.warning("Asterisk's log cannot be kept small", why=error.strerror)
            continue
        if was_cut:
            log.warning("Asterisk's log was cut to its end", larger_than_bytes=MOST_BYTES)


def cut(path: Path, *, most: int = MOST_BYTES, kept: int = KEPT_BYTES) -> bool:
    """Leave the last whole lines of a file that is larger than `most` bytes; True if it was.

    What is written in the same instant may be lost. Raises OSError, also for a link.
    """
    try:
        if path.lstat().st_size <= most:
            return False
    except FileNotFoundError:
        return False
    with os.fdopen(open_own(path, empty=False), "r+b") as file:
        file.seek(-kept, os.SEEK_END)
        end = file.read(kept)
        file.truncate(0)
        file.seek(0)
        file.write(end.partition(b"\n")[2])
    return True
