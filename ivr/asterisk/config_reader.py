"""Reads what an Asterisk reads: the sections of its files, with what they include and inherit.

Nothing is run: `#exec` is not followed, and told as `UNFOLLOWED`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

UNFOLLOWED: Final = "#exec"  # the name of a setting in the place of a program's output
_HEAD: Final = re.compile(r"^\[([^\]]+)\](?:\(([^)]*)\))?")
_INCLUDE: Final = re.compile(r'^#(include|tryinclude|exec)\s+["<]?([^">]+)[">]?$')
_COMMENT: Final = re.compile(r"(?<!\\);.*")
_BLOCK: Final = re.compile(r"^;--(?!-).*?(?:--;|\Z)", re.DOTALL | re.MULTILINE)
_DEEPEST: Final = 10
_YES: Final = frozenset({"yes", "true", "y", "t", "1", "on"})


class ConfigUnreadable(Exception):
    """A file of Asterisk's configuration cannot be read; the text says which, and what to do."""


@dataclass(slots=True)
class Section:
    """A section: its settings in order, those of its templates first. Keys are in small letters."""

    name: str
    file: Path
    settings: list[tuple[str, str]] = field(default_factory=list)
    is_template: bool = False

    def values(self, key: str) -> list[str]:
        """Every value of a key, in order."""
        return [value for name, value in self.settings if name == key]

    def get(self, key: str, default: str = "") -> str:
        """The value that counts, the last one."""
        found = self.values(key)
        return found[-1] if found else default

    def is_on(self, key: str, *, default: bool = False) -> bool:
        """A setting of yes or no."""
        value = self.get(key)
        return value.lower() in _YES if value else default


def read_sections(folder: Path, name: str) -> tuple[Section, ...]:
    """The sections of a file in Asterisk's folder, without templates; none where it is missing.

    Several may have one name. Raises `ConfigUnreadable`.
    """
    if not (folder / name).exists():
        return ()
    sections: list[Section] = []
    for file, line in _lines(folder, folder / name, 0):
        head = _HEAD.match(line)
        if head is not None:
            _begin(sections, file, head[1].strip(), head[2] or "")
        elif line.startswith("#"):
            if sections:
                sections[-1].settings.append((UNFOLLOWED, line))
        elif sections and "=" in line:
            key, _, value = line.partition("=")
            value = value.removeprefix(">").strip().replace(r"\;", ";")
            sections[-1].settings.append((key.strip().lower(), value))
    return tuple(section for section in sections if not section.is_template)


def files_of(folder: Path, name: str) -> tuple[Path, ...]:
    """A file in Asterisk's folder and every file that it includes; raises `ConfigUnreadable`."""
    if not (folder / name).exists():
        return ()
    read = (file for file, _ in _lines(folder, folder / name, 0))
    return tuple(dict.fromkeys([folder / name, *read]))


def merged(sections: tuple[Section, ...], name: str) -> Section | None:
    """All sections of one name as one, as most of Asterisk's modules take them."""
    of_that_name = [section for section in sections if section.name == name]
    if not of_that_name:
        return None
    settings = [setting for section in of_that_name for setting in section.settings]
    return Section(name, of_that_name[0].file, settings)


def _begin(sections: list[Section], file: Path, name: str, options: str) -> None:
    words = [word.strip() for word in options.split(",") if word.strip()]
    if any(word.startswith("+") for word in words):
        found = next((each for each in reversed(sections) if each.name == name), None)
        if found is not None:  # what follows belongs to it
            sections.remove(found)
            sections.append(found)
            return
    section = Section(name, file, is_template="!" in words)
    for word in words:
        for template in sections:
            if template.name == word:
                section.settings += template.settings
    sections.append(section)


def _lines(folder: Path, file: Path, depth: int) -> Iterator[tuple[Path, str]]:
    if depth > _DEEPEST:
        raise ConfigUnreadable(f"{file}: included {depth} deep; it includes itself")
    try:
        text = file.read_text(encoding="utf-8", errors="replace")
    except OSError as error:
        raise ConfigUnreadable(
            f"{file}: {error.strerror}; mend its rights, run this as an account that may read it, "
            "or take out the line that includes it"
        ) from None
    for raw in _BLOCK.sub("", text).splitlines():
        line = _COMMENT.sub("", raw).strip()
        include = _INCLUDE.match(line)
        if include is None:
            if line:
                yield file, line
        elif include[1] == "exec":
            yield file, line
        else:
            yield from _included(folder, include[1], include[2].strip(), depth)


def _included(folder: Path, how: str, named: str, depth: int) -> Iterator[tuple[Path, str]]:
    path = folder / named  # an absolute one stays as it is
    if any(letter in named for letter in "*?["):
        found = sorted(path.parent.glob(path.name))
    elif path.exists() or how == "include":
        found = [path]
    else:
        found = []
    for file in found:
        yield from _lines(folder, file, depth + 1)
