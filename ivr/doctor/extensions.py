"""Where a number that is dialled in a context leads, by extensions.conf alone.

Followed are includes, and from there Goto and the branches of GotoIf as far as they name contexts;
what an Asterisk makes of variables is not known here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from ivr.asterisk.config_reader import Section

_STEP = re.compile(r"^(?P<exten>[^,]+),(?P<priority>[^,]+),(?P<application>.+)$")
_SAME = re.compile(r"^(?P<priority>[^,]+),(?P<application>.+)$")
_CLASSES: Mapping[str, str] = {"X": "[0-9]", "Z": "[1-9]", "N": "[2-9]", ".": ".+", "!": ".*"}
_GOTO = re.compile(r"^Goto\((?P<context>[A-Za-z0-9_-]+),(?P<exten>[^,()]+),[^()]+\)")
_DEEPEST = 10


@dataclass(slots=True)
class _Context:
    extensions: dict[str, list[str]] = field(default_factory=dict)
    includes: list[str] = field(default_factory=list)


class Extensions:
    """The contexts of a dialplan."""

    def __init__(self, sections: tuple[Section, ...]) -> None:
        self._contexts: dict[str, _Context] = {}
        for section in sections:
            self._add(self._contexts.setdefault(section.name, _Context()), section)

    def __contains__(self, context: str) -> bool:
        return context in self._contexts

    def steps(self, context: str, number: str, depth: int = 0) -> tuple[str, ...] | None:
        """The applications that run in order for a number; None if nothing fits it."""
        found = self._contexts.get(context)
        if found is None or depth > _DEEPEST:
            return None
        for name in sorted(found.extensions, key=_by_fit):
            if _fits(name, number):
                return tuple(self._followed(found.extensions[name], number, depth))
        for included in found.includes:
            steps = self.steps(included, number, depth + 1)
            if steps is not None:
                return steps
        return None

    def _followed(self, steps: list[str], number: str, depth: int) -> Iterator[str]:
        for step in steps:
            goto = _GOTO.match(step)
            if goto is None:
                yield step
                continue
            exten = goto["exten"].replace("${EXTEN}", number)
            yield from self.steps(goto["context"], exten, depth + 1) or ()
            return

    @staticmethod
    def _add(context: _Context, section: Section) -> None:
        last = ""
        for key, value in section.settings:
            if key == "include":
                context.includes.append(value.split(",")[0].strip())
            elif key == "exten" and (step := _STEP.match(value)):
                last = step["exten"].split("/")[0].strip()
                context.extensions.setdefault(last, []).append(step["application"].strip())
            elif key == "same" and last and (step := _SAME.match(value)):
                context.extensions[last].append(step["application"].strip())


def _by_fit(name: str) -> tuple[bool, int]:
    """Plain numbers first, then longer patterns."""
    return name.startswith("_"), -len(name)


def _fits(name: str, number: str) -> bool:
    if not name.startswith("_"):
        return name == number
    pattern = "".join(
        part if part.startswith("[") else _CLASSES.get(part.upper(), re.escape(part))
        for part in re.findall(r"\[[^\]]*\]|.", name[1:].replace("-", ""))
    )
    try:
        return re.fullmatch(pattern, number) is not None
    except re.error:
        return False
