"""Which row an input or a fact becomes, and which input or fact a row stands for."""

import re
from collections.abc import Mapping
from dataclasses import fields
from types import MappingProxyType
from typing import Any, Final, TypeVar, get_args

from queues.centre.facts.fact import Fact
from queues.centre.inputs.input import Input
from queues.centre.journal.plain import payload_of
from queues.centre.journal.reading import Reader, Unfit, reader_of
from queues.centre.journal.row import JournalRow, Kind
from queues.centre.journal.row_faults import RowUnreadable
from queues.centre.journal.upcasters import upcast

INPUTS: Final[Mapping[str, type[Input]]] = MappingProxyType(
    {kind.TYPE: kind for kind in get_args(Input)}
)
FACTS: Final[Mapping[str, type[Fact]]] = MappingProxyType(
    {kind.TYPE: kind for kind in get_args(Fact)}
)
_SUBJECTS: Final = ("call", "agent", "offer", "place")
_KINDS: Final[tuple[Any, ...]] = (*INPUTS.values(), *FACTS.values())
_READERS: Final[Mapping[str, Reader]] = {kind.TYPE: reader_of(kind) for kind in _KINDS}
_OUR_NAME: Final = re.compile(r"[a-z][a-z_]{0,39}")

_Known = TypeVar("_Known", bound=Input | Fact)


def input_row(what: Input, *, seq: int, at: float, epoch: int, node: str) -> JournalRow:
    """Give the row of an input that came at `at` (Unix seconds)."""
    return _row("input", what, seq, at, epoch, node)


def fact_row(fact: Fact, *, seq: int, epoch: int, node: str) -> JournalRow:
    """Give the row of a fact."""
    return _row("fact", fact, seq, fact.at, epoch, node)


def read_input(row: JournalRow) -> Input:
    """Give the input that a row stands for; raises `RowUnreadable`."""
    return _read(row, "input", INPUTS)


def read_fact(row: JournalRow) -> Fact:
    """Give the fact that a row stands for; raises `RowUnreadable`."""
    return _read(row, "fact", FACTS)


def subject_of(what: Input | Fact) -> str:
    """Give the id of the call, else agent, offer or place that this is about, or an empty text."""
    name = _SUBJECT_FIELDS[what.TYPE]
    return "" if name is None else str(getattr(what, name))


def _subject_field(kind: type[Input] | type[Fact]) -> str | None:
    names = {field.name for field in fields(kind)}
    return next((name for name in _SUBJECTS if name in names), None)


_SUBJECT_FIELDS: Final = {kind.TYPE: _subject_field(kind) for kind in _KINDS}


def _row(kind: Kind, what: Input | Fact, seq: int, at: float, epoch: int, node: str) -> JournalRow:
    return JournalRow(
        seq, at, epoch, node, kind, what.TYPE, what.VERSION, subject_of(what), payload_of(what)
    )


def _read(row: JournalRow, kind: Kind, known: Mapping[str, type[_Known]]) -> _Known:
    if row.kind != kind:
        raise RowUnreadable(row.seq, f"expected a row of kind '{kind}'")
    made = known.get(row.type)
    if made is None:
        raise RowUnreadable(
            row.seq,
            f"no {kind} of type {_shown(row.type)} is known; start the release that wrote it",
        )
    try:
        version, payload = upcast(row.type, row.version, row.payload)
    except (LookupError, TypeError, ValueError, AttributeError):
        raise RowUnreadable(
            row.seq, f"{kind} '{row.type}' has not the fields of its version; the row is damaged"
        ) from None
    if version != made.VERSION:
        raise RowUnreadable(
            row.seq,
            f"{kind} '{row.type}' has a version that is not known; expected {made.VERSION} or one"
            " that leads to it; start the release that wrote it, or a newer one",
        )
    try:
        value: _Known = _READERS[row.type](payload)
    except Unfit as unfit:
        raise RowUnreadable(
            row.seq,
            f"{kind} '{row.type}': expected {unfit.where or 'the payload'} to be {unfit.expected}",
        ) from None
    return value


def _shown(name: str) -> str:
    """Give a type's name if it looks like one of ours: a damaged row may hold anything."""
    return f"'{name}'" if _OUR_NAME.fullmatch(name) else "(not a name)"
