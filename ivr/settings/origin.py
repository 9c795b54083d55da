"""Where a value of the settings was given: a line of the file, or an environment variable."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ruamel.yaml.comments import CommentedMap, CommentedSeq

from ivr.settings.environment import variable_behind


@dataclass(frozen=True, slots=True)
class Origin:
    """What settings were read from; all are equal, for settings are compared by their values."""

    path: Path | None = field(default=None, compare=False)
    data: CommentedMap | None = field(default=None, compare=False, repr=False)

    def where(self, *location: str | int) -> str:
        """How a fault of a value begins: `freizeichen.yaml:3: lines.0.dialplan`, or the like."""
        name = ".".join(str(part) for part in location if part != "[key]")
        variable = variable_behind(location, os.environ)
        if variable is not None:
            is_whole = variable.count("__") + 1 == len(location)
            return f"environment {variable}" + ("" if is_whole else f": {name}")
        if self.path is None:
            return name
        return f"{self.path}:{line_of(self.data, location)}" + (f": {name}" if name else "")


def line_of(node: Any, location: Sequence[str | int]) -> int:
    """The line of a value of a file, or of the nearest table around it that is there."""
    line = 1
    for part in location:
        try:
            if isinstance(node, CommentedMap):
                line = node.lc.key(part)[0] + 1
            elif isinstance(node, CommentedSeq):
                line = node.lc.item(part)[0] + 1
            node = node[part]
        except (KeyError, IndexError, TypeError):
            break
    return line
