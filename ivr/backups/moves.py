"""How several files change places together: all of them, or none, whenever the machine stops.

The intent is written first, then files are moved one by one; what was broken off is gone on with
by the next who looks. Nothing is deleted: what stood at a place is kept beside it.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from ivr.backups.archive import sync_folder
from ivr.place.private_files import read_plain, write_private

_LOGS: Final = ("-wal", "-shm")  # of a database in a file: they go with it


@dataclass(frozen=True, slots=True)
class Move:
    """A file comes to a place; what is there goes to `kept`. `new` lies on the place's own disk."""

    new: str
    place: str
    kept: str


class MovesBroken(Exception):
    """The intent cannot be read; the text says what to do."""


def come_near(file: Path, place: Path) -> Path:
    """Bring a file to the disk and folder of its place, under a name of its own; raises OSError."""
    near = place.with_name(place.name + ".restoring")
    place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    near.unlink(missing_ok=True)
    if file.stat().st_dev == place.parent.stat().st_dev:
        file.rename(near)
    else:
        try:
            shutil.copyfile(file, near)
        except OSError:
            near.unlink(missing_ok=True)
            raise
        near.chmod(0o600)
        with near.open("rb") as copy:
            os.fsync(copy.fileno())
    sync_folder(near.parent)
    return near


def move_all(intent: Path, moves: Sequence[Move]) -> None:
    """Do all moves; once this has written the intent, they will be done. Raises OSError."""
    write_private(intent, json.dumps([asdict(move) for move in moves], indent=1))
    sync_folder(intent.parent)
    finish_moves(intent)


def finish_moves(intent: Path) -> bool:
    """Go on with moves that were broken off; whether there were any.

    Raises `MovesBroken`, OSError.
    """
    text = read_plain(intent)
    if text is None:
        return False
    try:
        moves = [Move(**values) for values in json.loads(text)]
    except (ValueError, TypeError):
        raise MovesBroken(
            f"{intent}: cannot be read, and tells of a restore that was broken off; "
            "restore the backup again with --force"
        ) from None
    for move in moves:
        _move(move)
    for folder in {Path(move.place).parent for move in moves}:
        sync_folder(folder)
    intent.unlink()
    sync_folder(intent.parent)
    return True


def _move(move: Move) -> None:
    new, place, kept = Path(move.new), Path(move.place), Path(move.kept)
    if not new.exists():
        return  # done before
    for suffix in ("", *_LOGS):
        old, aside = (path.with_name(path.name + suffix) for path in (place, kept))
        if old.exists() and not aside.exists():
            old.rename(aside)
    new.rename(place)
