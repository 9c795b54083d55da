"""What commands that simulate share: the file of a day, and which figures are shares."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Final

import typer

from ivr.cli.output import complain
from queues.simulation.day import Day
from queues.simulation.read_day import read_day

SHARES: Final = (
    "answered_within_mark", "abandoned", "turned_away", "waited", "given_back", "not_known",
)  # fmt: skip


def text_of(path: Path) -> str:
    """The text of a file that a command was given; else it is named, and that ends with 1."""
    try:
        return path.read_text("utf-8")
    except OSError as error:
        complain(f"{path} cannot be read ({error.strerror}); give an existing file")
    except UnicodeDecodeError:
        complain(f"{path}:1: is not UTF-8; save it as UTF-8")
    raise typer.Exit(1)


@cache
def day_of(text: str) -> Day:
    """A day read once in each process: its rate is a function, which does not travel."""
    return read_day(text)
