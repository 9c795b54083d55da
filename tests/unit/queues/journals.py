"""Journals kept as text, one row a line, and what has ever been released."""

import json
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path

from queues.centre.journal.row import JournalRow

FOLDER = Path(__file__).parents[2] / "corpus" / "journals"
KEPT = sorted(FOLDER.glob("*.jsonl"))


def read_journal(path: Path) -> list[JournalRow]:
    """Give the rows of a kept journal."""
    return [JournalRow(**json.loads(line)) for line in path.read_text().splitlines()]


def keep_journal(path: Path, rows: Iterable[JournalRow]) -> None:
    """Write rows down, for ever."""
    lines = (json.dumps(asdict(row), ensure_ascii=False, separators=(",", ":")) for row in rows)
    path.write_text("".join(f"{line}\n" for line in lines))


def released() -> list[tuple[str, str, int]]:
    """Give kind, type and version of all that a release ever wrote."""
    lines = (FOLDER / "released.txt").read_text().splitlines()
    split = (line.split() for line in lines if line and not line.startswith("#"))
    return [(kind, name, int(version)) for kind, name, version in split]
