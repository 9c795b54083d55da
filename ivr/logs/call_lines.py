"""Which lines of a log are about one call: those with its id, and those of its offers."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from typing import Final

_PAIR: Final = re.compile(r'(\w+)=("(?:[^"\\]|\\.)*"|\S*)')


def lines_of(call: str, lines: Iterable[str]) -> list[dict[str, object]]:
    """The lines about a call, each as its values, in the order in which they come.

    JSON and text (`name=value`) both, also mixed; what is neither is passed over. An offer is known
    by the first line that names it together with the call.
    """
    offers: set[object] = set()
    found = []
    for line in lines:
        values = read_line(line)
        if values.get("call") == call:
            if "offer" in values:
                offers.add(values["offer"])
            found.append(values)
        elif "call" not in values and values.get("offer") in offers:
            found.append(values)
    return found


def read_line(line: str) -> dict[str, object]:
    """The values of one line; empty for a line that is none of ours."""
    line = line.strip()
    if line.startswith("{"):
        try:
            read = json.loads(line)
        except ValueError:
            return {}  # cut off by a full disk
        return read if isinstance(read, dict) else {}
    return {name: _bare(value) for name, value in _PAIR.findall(line)}


def shown(values: dict[str, object]) -> str:
    """A line for people: time, level, what happened, and what else is known."""
    rest = {**values}
    first = [str(rest.pop(name, "")) for name in ("timestamp", "level", "event")]
    rest.pop("call", None)
    others = "".join(f"  {name}={value}" for name, value in rest.items())
    return f"{first[0]:27.27} {first[1]:8} {first[2]}{others}"


def _bare(value: str) -> str:
    if value.startswith('"'):
        return value[1:-1].replace('\\"', '"').replace("\\\\", "\\")
    return value
