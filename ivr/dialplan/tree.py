"""Which YAML a dialplan may use: mappings, lists and plain text with their lines; no surprises.

Built from the parser's events, not from constructed values: so `no` stays text, each value knows
its line, a key given twice is seen, and a file that nests, refers or grows without end is left at
once.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NoReturn

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    Event,
    MappingEndEvent,
    MappingStartEvent,
    NodeEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
)
from ruamel.yaml.reader import ReaderError

from ivr.dialplan.faults import Findings

MAX_BYTES = 200_000
MAX_DEPTH = 8
_BOM = "\ufeff"


@dataclass(slots=True)
class Text:
    """A scalar as it was written, with escapes resolved."""

    line: int
    text: str


@dataclass(slots=True)
class Items:
    """A list."""

    line: int
    items: list[Tree] = field(default_factory=list)


@dataclass(slots=True)
class Table:
    """A mapping; `keys` holds each key with the line it stands in."""

    line: int
    keys: dict[str, int] = field(default_factory=dict)
    values: dict[str, Tree] = field(default_factory=dict)


Tree = Text | Items | Table


def read_tree(source: str | bytes, findings: Findings) -> Table:
    """The file's top-level mapping. Raises `DialplanFaulty` if it cannot be read as one."""
    text = _decode(source, findings)
    builder = _Builder(findings)
    try:
        for event in YAML(typ="safe", pure=True).parse(text):
            builder.take(event)
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        problem = ", ".join(part for part in (error.context, error.problem) if part)
        findings.stop(mark.line + 1 if mark else 1, f"is not YAML: {problem}; {_mend(problem)}")
    except ReaderError as error:
        findings.stop(
            text.count("\n", 0, error.position) + 1,
            "holds a control character; delete it, or write the line anew",
        )
    except (YAMLError, ValueError):
        findings.stop(1, "is not YAML; compare it with the example in dialplans/README.md")
    root = builder.root
    if isinstance(root, Table):
        return root
    if root is None or (isinstance(root, Text) and not root.text):
        findings.stop(1, "is empty; write at least 'language', 'start', 'prompts' and 'nodes'")
    findings.stop(root.line, "is no mapping; begin with lines like 'language: de'")


def _decode(source: str | bytes, findings: Findings) -> str:
    size = len(source) if isinstance(source, bytes) else len(source.encode("utf-8", "replace"))
    if size > MAX_BYTES:
        findings.stop(1, f"has {size} bytes, at most {MAX_BYTES} are read; make it smaller")
    if isinstance(source, str):
        return source.removeprefix(_BOM)
    text = ""
    try:
        text = source.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = source.count(b"\n", 0, error.start) + 1
        findings.stop(
            line, f"is not UTF-8 (byte 0x{source[error.start]:02x}); save the file as UTF-8"
        )
    return text


def _mend(problem: str) -> str:
    if "alias" in problem or "anchor" in problem:
        return "write the keys * and # in quotes"
    if "\\t" in problem or "tab" in problem:
        return "indent with spaces, not with tabs"
    return "check indentation, colons and quotes in this line and the one before"


class _Builder:
    """Puts events together into a tree, without recursion."""

    def __init__(self, findings: Findings) -> None:
        self.root: Tree | None = None
        self._findings = findings
        self._open: list[Items | Table] = []
        self._key: list[Text | None] = []  # for each open mapping the key that waits for its value
        self._documents = 0

    def take(self, event: Event) -> None:
        """Take one event. Raises `DialplanFaulty` if the file is not to be read on."""
        line = event.start_mark.line + 1
        match event:
            case DocumentStartEvent():
                self._documents += 1
                if self._documents > 1:
                    self._stop(line, "a second document begins; one file holds one dialplan")
            case AliasEvent():
                self._refuse_anchor(line)
            case ScalarEvent():
                self._check(event, line)
                self._place(Text(line, event.value))
            case MappingStartEvent():
                self._check(event, line)
                self._enter(Table(line))
            case SequenceStartEvent():
                self._check(event, line)
                self._enter(Items(line))
            case MappingEndEvent() | SequenceEndEvent():
                self._open.pop()
                self._key.pop()

    def _check(self, event: NodeEvent, line: int) -> None:
        if event.anchor is not None:
            self._refuse_anchor(line)
        if getattr(event, "tag", None) is not None:
            self._stop(line, "tags (!) are no part of the language; put the text in quotes")

    def _refuse_anchor(self, line: int) -> NoReturn:
        self._stop(
            line,
            "anchors and aliases (& and *) are no part of the language; "
            "write it out, and the keys * and # in quotes",
        )

    def _enter(self, opened: Items | Table) -> None:
        if len(self._open) >= MAX_DEPTH:
            self._stop(opened.line, f"nests deeper than {MAX_DEPTH} levels; make it flatter")
        self._place(opened)
        self._open.append(opened)
        self._key.append(None)

    def _place(self, value: Tree) -> None:
        if not self._open:
            self.root = value
            return
        parent, key = self._open[-1], self._key[-1]
        if isinstance(parent, Items):
            parent.items.append(value)
        elif key is None:
            if not isinstance(value, Text):
                self._stop(value.line, "a list or mapping stands where a name belongs; name it")
            self._key[-1] = value
        else:
            self._key[-1] = None
            if key.text in parent.keys:
                first = parent.keys[key.text]
                self._findings.add(
                    key.line, f"'{key.text}' is given twice, first in line {first}; keep one"
                )
            else:
                parent.keys[key.text] = key.line
                parent.values[key.text] = value

    def _stop(self, line: int, message: str) -> NoReturn:
        self._findings.stop(line, message)
