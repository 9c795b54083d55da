"""Decides whether single values of a call script can be used: ids, seconds, tones, speech."""

from __future__ import annotations

import re
from collections.abc import Mapping, Set
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ivr.caller.sound import Recording, Speech, Tone, Words

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*")
_VOICE = re.compile(r"[A-Za-z][A-Za-z0-9+_/-]*")
_LONGEST_S = 600.0
SPEECH = frozenset({"text", "language", "voice", "speed", "wav", "tone_hz", "for_s"})


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with a script, where, and how to mend it."""

    file: str
    line: int
    text: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.text}"


class ScriptFaulty(Exception):
    """The script cannot be used; `faults` has all that is wrong with it, in order of line."""

    def __init__(self, faults: tuple[Fault, ...]) -> None:
        super().__init__("\n".join(map(str, faults)))
        self.faults = faults


def line_of(node: Any, key: Any = None, default: int = 1) -> int:
    """The line of a mapping's key or a sequence's item, as ruamel.yaml keeps it."""
    marks = getattr(node, "lc", None)
    if marks is None:
        return default
    if key is not None and marks.data and key in marks.data:
        return int(marks.data[key][0]) + 1
    return int(marks.line) + 1


@dataclass(slots=True)
class Fields:
    """Reads values of one script; each fault is collected, and a usable value stands in for it."""

    file: str
    folder: Path
    faults: list[Fault] = field(default_factory=list)

    def fault(self, line: int, text: str) -> None:
        self.faults.append(Fault(self.file, line, text))

    def items(self, data: Mapping[str, Any], key: str) -> list[tuple[Any, int]]:
        found = data.get(key)
        if found is None:
            return []
        if not isinstance(found, list):
            self.fault(line_of(data, key), f"{key!r} is no list; begin each entry with '- '")
            return []
        return [(node, line_of(found, index)) for index, node in enumerate(found)]

    def known(self, node: Mapping[str, Any], allowed: Set[str], line: int) -> None:
        for key in node:
            if key not in allowed:
                names = ", ".join(sorted(allowed))
                self.fault(line_of(node, key, line), f"unknown key {key!r}; use one of: {names}")

    def speech(self, node: Any, line: int, more: Set[str] = frozenset()) -> Speech | None:
        """What is to be spoken; `more` are keys beside it that somebody else reads."""
        mend = "write {text: ..., language: ko}, {wav: FILE} or {tone_hz: 1130, for_s: 2}"
        if not isinstance(node, Mapping):
            self.fault(line, f"says nothing that can be spoken; {mend}")
            return None
        self.known(node, SPEECH | more, line)
        kinds = [key for key in ("text", "wav", "tone_hz") if key in node]
        if len(kinds) != 1:
            self.fault(line, f"needs exactly one of text, wav and tone_hz; {mend}")
            return None
        if kinds == ["tone_hz"]:
            hz = self.hertz(node, "tone_hz", line)
            return Tone(hz, self.seconds(node, "for_s", line, 2.0))
        if kinds == ["wav"]:
            path = self.folder / str(node["wav"])
            if not path.is_file():
                self.fault(line, f"{path} is missing; give a WAV file relative to the script")
            return Recording(path)
        text, language, voice = node["text"], node.get("language"), node.get("voice")
        if not isinstance(text, str) or not text.strip():
            self.fault(line, "'text' is no text; put it in quotes")
        for key, value in (("language", language), ("voice", voice)):
            if value is not None and not _VOICE.fullmatch(str(value)):
                self.fault(line, f"{key} {value!r} is no voice of espeak-ng; such as ko or ko+f2")
        if language is None and voice is None:
            self.fault(line, "says no language; add language: ko")
        speed = node.get("speed", 150)
        if isinstance(speed, bool) or not isinstance(speed, int) or not 80 <= speed <= 400:
            self.fault(line, "'speed' is 80 to 400 words a minute")
            speed = 150
        return Words(str(text), str(language), None if voice is None else str(voice), speed)

    def name(self, node: Mapping[str, Any], key: str, line: int) -> str | None:
        value = node.get(key)
        if value is None:
            return None
        if not isinstance(value, str) or not _NAME.fullmatch(value):
            self.fault(
                line_of(node, key, line), f"{key} {value!r} is no id; use letters, digits, _"
            )
            return None
        return value

    def seconds(
        self, node: Mapping[str, Any], key: str, line: int, default: float, least: float = 0.01
    ) -> float:
        value = node.get(key, default)
        if isinstance(value, bool) or not isinstance(value, int | float):
            value = -1.0
        if not least <= value <= _LONGEST_S:
            where = line_of(node, key, line)
            self.fault(where, f"{key!r} is a number of seconds from {least:g} to {_LONGEST_S:g}")
            return default
        return float(value)

    def seconds_or_none(self, node: Mapping[str, Any], key: str, line: int) -> float | None:
        return self.seconds(node, key, line, 1.0) if node.get(key) is not None else None

    def hertz(self, node: Mapping[str, Any], key: str, line: int) -> float:
        value = node.get(key)
        if isinstance(value, bool) or not isinstance(value, int | float):
            value = 0.0
        if not 100 <= value <= 3600:
            self.fault(line_of(node, key, line), f"{key!r} is a tone of 100 to 3600 Hz")
            return 1000.0
        return float(value)
