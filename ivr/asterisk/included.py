"""What another Asterisk includes of ours: our sections of four files, and nothing that is its own.

Rules:

1. General sections stay theirs; only sections with names of our own are ours.
2. Our phones are reached by transports of our own, under a name of their own.
3. Files lie in a folder of ours, beside a list of what was written. Whatever of it was changed
   since is left alone, and nothing else is then written or removed.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path
from typing import Final

from ivr.asterisk.config_reader import UNFOLLOWED, Section, read_sections
from ivr.dialplan.faults import did_you_mean
from ivr.place.private_files import write_private
from ivr.settings.trunk import EMERGENCY_NUMBERS

# Each with the sections that stay theirs, and the console's line that has a change taken.
FILES: Final[Mapping[str, tuple[frozenset[str], str]]] = {
    "extensions.conf": (frozenset({"general", "globals"}), "dialplan reload"),
    "manager.conf": (frozenset({"general"}), "manager reload"),
    "pjsip.conf": (frozenset({"global", "system"}), "module reload res_pjsip.so"),
    "queues.conf": (frozenset({"general"}), "queue reload all"),
}
LIST: Final = "written.json"
_OTHER_DIALPLANS: Final = ("extensions.ael", "extensions.lua")
_MOST_SHOWN: Final = 20
_HEAD: Final = re.compile(r"^\[([^\]]+)\]")
_INCLUDE: Final = re.compile(
    r"""^\s*\#(?:try)?include\s+["<]?(?P<named>[^"<>;\s]+)[^;\n]*""", re.MULTILINE
)
_TRANSPORT: Final = re.compile(r"\btransport-(udp|tcp|tls)\b")
_PHONES: Final = "[phone](!)"
_FIRST_LINE: Final = (
    "; Written by 'freizeichen asterisk config', which also takes it away (--undo). Changes here "
    "are in its way.\n"
)


class NotWritten(Exception):
    """Nothing was written or removed; the text says why and what to do."""


@dataclass(frozen=True, slots=True)
class Theirs:
    """The configuration of another Asterisk, and our folder for it."""

    etc: Path
    folder: Path

    def named(self, name: str) -> str:
        """How a file of ours is called in an include."""
        path = self.folder / name
        return str(path.relative_to(self.etc)) if path.is_relative_to(self.etc) else str(path)

    def sections(self, name: str) -> tuple[Section, ...]:
        """Sections of theirs alone; raises `ConfigUnreadable`."""
        found = read_sections(self.etc, name)
        return tuple(each for each in found if not each.file.is_relative_to(self.folder))

    def host_file(self, name: str) -> str:
        """Into which file of theirs our include belongs: FreePBX rewrites its own."""
        custom = name.replace(".conf", "_custom.conf")
        main = self.etc / name
        text = main.read_text(errors="replace") if main.exists() else ""
        return custom if re.search(rf"^#(try)?include\s+{custom}\b", text, re.MULTILINE) else name


def included_text(name: str, rendered: str, *, outside: str | None) -> str:
    """Our part of a file, out of one that was rendered for an Asterisk of our own.

    `outside` is a context of theirs that dials out, for emergency numbers.
    """
    theirs, _ = FILES[name]
    text = "".join(_without(rendered, theirs))
    if name == "pjsip.conf":
        text = _TRANSPORT.sub(r"fz-transport-\1", text)
        text = text.replace(
            f"{_PHONES}\ntype = endpoint\n",
            f"{_PHONES}\ntype = endpoint\ntransport = fz-transport-udp\n",
        )
    if name == "extensions.conf" and outside is not None:
        text = "".join(_without(text, frozenset({"fz-emergency"}))) + "\n[fz-emergency]\n"
        text += "".join(f"exten => {n},1,Goto({outside},{n},1)\n" for n in EMERGENCY_NUMBERS)
    return _FIRST_LINE + text.strip("\n") + "\n"


def refuse_unknown_context(theirs: Theirs, outside: str) -> None:
    """Raise `NotWritten` if no context of theirs is called so; `ConfigUnreadable`.

    A call to 112 would else end in nothing.
    """
    sections = theirs.sections("extensions.conf")
    known = {section.name for section in sections} - FILES["extensions.conf"][0]
    if outside in known or any(each.values(UNFOLLOWED) for each in sections):
        return  # or what a program writes, which we do not run
    for name in _OTHER_DIALPLANS:
        path = theirs.etc / name
        if path.exists() and re.search(
            rf"\b{re.escape(outside)}\b", path.read_text(errors="replace")
        ):
            return
    mend = "name the one in which its phones dial out"
    if known:
        mend += f", of {', '.join(sorted(known)[:_MOST_SHOWN])}"
    raise NotWritten(
        f"nothing was written: {theirs.etc / 'extensions.conf'} has no context [{outside}], which "
        f"--outside names; {did_you_mean(outside, known, mend)}"
    )


def refuse_names_twice(theirs: Theirs, texts: Mapping[str, str]) -> None:
    """Raise `NotWritten` if a section of ours is there already; `ConfigUnreadable`."""
    for name, text in texts.items():
        own = {head[1] for line in text.splitlines() if (head := _HEAD.match(line))}
        for section in theirs.sections(name):
            if section.name in own:
                raise NotWritten(
                    f"{section.file} has a section [{section.name}] already, and ours is called so "
                    "too: name the phone, queue or user otherwise, there or in the settings"
                )


def write_included(theirs: Theirs, texts: Mapping[str, str], readers: int) -> None:
    """Write our files and the list of them; readable by us and this group. Raises `NotWritten`."""
    folder = theirs.folder
    if folder.exists():
        _refuse_changed(folder)
    else:
        folder.mkdir(mode=0o750)
    if os.geteuid() == 0:
        os.chown(folder, 0, readers)
    before = _listed(folder)
    sums = {name: [_sum(text.encode())] for name, text in texts.items()}
    # The list first: what a crash leaves behind, old or new, is then known as ours.
    either = {name: [*before.get(name, []), *sums[name]] for name in texts}
    write_private(folder / LIST, _as_list(either), group=readers)
    for name, text in texts.items():
        write_private(folder / name, text, group=readers)
    write_private(folder / LIST, _as_list(sums), group=readers)


def remove_included(theirs: Theirs) -> tuple[str, ...]:
    """Remove exactly what was written, and tell the names; raises `NotWritten`.

    An Asterisk does not load a file with an include that leads nowhere, so these must go first.
    """
    folder = theirs.folder
    if not (folder / LIST).exists():
        raise NotWritten(f"nothing of ours was written to {folder}")
    _refuse_changed(folder)
    if standing := list(_standing(theirs)):
        raise NotWritten(
            "first take out these lines, and reload, for Asterisk refuses a file with an include "
            "that leads nowhere:\n" + "\n".join(standing)
        )
    names = tuple(name for name in _listed(folder) if (folder / name).exists())
    for name in (*names, LIST):
        (folder / name).unlink()
    if not any(folder.iterdir()):
        folder.rmdir()
    return names


def _without(text: str, sections: frozenset[str]) -> Iterator[str]:
    """The lines outside of these sections, with the comments that stand above each section."""
    waiting: list[str] = []
    is_left_out = False
    for line in text.splitlines(keepends=True):
        head = _HEAD.match(line)
        if head is not None:
            is_left_out = head[1] in sections
        elif line.startswith(";") or not line.strip():
            waiting.append(line)
            continue
        if not is_left_out:
            yield from waiting
            yield line
        waiting = []


def _refuse_changed(folder: Path) -> None:
    listed = _listed(folder)
    if not listed:
        raise NotWritten(f"{folder} is there and holds no list of ours; name another folder")
    for name, written in listed.items():
        path = folder / name
        if path.exists() and _sum(path.read_bytes()) not in written:
            raise NotWritten(
                f"{path} was changed since it was written, and is left alone with all the others; "
                "put it back as it was, or remove it yourself"
            )


def _listed(folder: Path) -> dict[str, list[str]]:
    """For each file that was written the checksums it may have."""
    try:
        found = json.loads((folder / LIST).read_text())
    except (OSError, ValueError):
        return {}
    files = found.get("files") if isinstance(found, dict) else None
    if not isinstance(files, dict):
        return {}
    return {name: [str(each) for each in files[name]] for name in FILES if name in files}


def _standing(theirs: Theirs) -> Iterator[str]:
    """Their lines that include a file of ours, by whatever path or pattern."""
    ours = {os.path.normpath(theirs.folder / name) for name in FILES}
    for path in sorted(theirs.etc.glob("*.conf")):
        for include in _INCLUDE.finditer(path.read_text(errors="replace")):
            named = os.path.normpath(theirs.etc / include["named"])
            if any(fnmatch(each, named) for each in ours):
                yield f"{path}: {include[0].strip()}"


def _as_list(sums: Mapping[str, list[str]]) -> str:
    return json.dumps({"version": 1, "files": dict(sums)}, indent=1) + "\n"


def _sum(text: bytes) -> str:
    return hashlib.sha256(text).hexdigest()
