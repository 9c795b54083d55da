"""How a day's file is read: each value with its line, and each fault with what was expected."""

from __future__ import annotations

import re
from collections.abc import Iterator
from math import isfinite
from typing import Any

from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.error import MarkedYAMLError, YAMLError

from queues.bounded_yaml import bounded_yaml

_TIME = re.compile(r"(\d{1,2}):([0-5]\d)")
_MOST_CHARACTERS = 200_000


class DayFaulty(Exception):
    """The file describes no day; `faults` holds `file:line: what is wrong, what was expected`."""

    def __init__(self, faults: tuple[str, ...]) -> None:
        super().__init__("\n".join(faults))
        self.faults = faults


class Fields:
    """One mapping of the file. What is not as expected is noted, and something usable is given."""

    def __init__(self, data: Any, where: str, file: str, line: int, faults: list[str]) -> None:
        self._where, self._file, self._faults = where, file, faults
        self.line = line
        self._data: Any = data if isinstance(data, dict) else {}
        if not isinstance(data, dict):
            self.fault(None, "expected a mapping")

    def fault(self, key: str | None, text: str) -> None:
        """Note what is wrong with a value, or with the mapping as a whole."""
        name = ".".join(part for part in (self._where, key) if part) or "the file"
        self._faults.append(f"{self._file}:{self.line_of(key)}: {name}: {text}")

    def line_of(self, key: str | None) -> int:
        """The line of a key, or of the mapping where there is no such key."""
        if key is not None and key in self._data and isinstance(self._data, CommentedMap):
            return int(self._data.lc.key(key)[0]) + 1
        return self.line

    def only(self, known: set[str]) -> None:
        """Note each key that means nothing here."""
        for key in self._data:
            if key not in known:
                self.fault(str(key), f"is not known here; expected {', '.join(sorted(known))}")

    def has(self, key: str) -> bool:
        """Tell whether the key is there."""
        return key in self._data

    def names(self) -> list[str]:
        """The keys in their order."""
        return [str(key) for key in self._data]

    def value(self, key: str) -> Any:
        """The value as it stands in the file; None if it is missing."""
        return self._data.get(key)

    def inner(self, key: str) -> Fields:
        """A mapping within this one; a fault if it is missing."""
        where = f"{self._where}.{key}" if self._where else key
        if key not in self._data:
            self.fault(None, f"'{key}' is missing; expected a mapping")
            return Fields({}, where, self._file, self.line, [])
        return Fields(self._data[key], where, self._file, self.line_of(key), self._faults)

    def number(
        self, key: str, expected: str, *, least: float = 0.0, above: bool = False,
        most: float = 1e9, default: float | None = None,
    ) -> float:  # fmt: skip
        """A number from `least` on (or above it); `default` where the key may be missing."""
        if key not in self._data and default is not None:
            return default
        found = self._data.get(key)
        good = isinstance(found, int | float) and not isinstance(found, bool) and isfinite(found)
        if good and least <= float(found) <= most and not (above and float(found) == least):
            return float(found)
        self.fault(key if key in self._data else None, self._missing(key, f"expected {expected}"))
        return least + 1

    def choice(self, key: str, among: tuple[str, ...], default: str | None = None) -> str:
        """One of a few words."""
        found = self._data.get(key, default)
        if found not in among:
            text = f"expected {' or '.join(among)}"
            self.fault(key if key in self._data else None, self._missing(key, text))
            return among[0]
        return str(found)

    def rows(self, key: str) -> Iterator[tuple[int, Any]]:
        """The items of a list, each with its line; a fault if it is none."""
        found = self._data.get(key)
        if not isinstance(found, list):
            self.fault(key, self._missing(key, "expected a list"))
            return
        for number, item in enumerate(found):
            line = self.line
            if isinstance(found, CommentedSeq):
                line = int(found.lc.item(number)[0]) + 1
            yield line, item

    def fault_at(self, line: int, text: str) -> None:
        """Note what is wrong in one line."""
        self._faults.append(f"{self._file}:{line}: {self._where}: {text}")

    def _missing(self, key: str, text: str) -> str:
        return text if key in self._data else f"'{key}' is missing; {text}"


def root(text: str, file: str, faults: list[str]) -> Fields:
    """The file's top-level mapping; raises `DayFaulty` if it is no YAML, or no mapping."""
    if len(text) > _MOST_CHARACTERS:
        raise DayFaulty((f"{file}:1: expected at most {_MOST_CHARACTERS} characters",))
    try:
        data = bounded_yaml().load(text)
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark is not None else 1
        raise DayFaulty((f"{file}:{line}: is no YAML: {error.problem}",)) from None
    except (YAMLError, ValueError):
        raise DayFaulty((f"{file}:1: is no YAML that can be read",)) from None
    if not isinstance(data, dict):
        raise DayFaulty((f"{file}:1: expected a mapping such as 'duration_s: 14400'",))
    return Fields(data, "", file, 1, faults)


def minutes_of(text: str) -> int | None:
    """A time of the day as minutes since midnight, '24:00' included; None if it is none."""
    found = _TIME.fullmatch(text)
    minutes = 60 * int(found[1]) + int(found[2]) if found else -1
    return minutes if 0 <= minutes <= 24 * 60 else None
