"""How an input or a fact is written down: JSON values under the names of its fields."""

from collections.abc import Iterable
from dataclasses import dataclass, field, fields, is_dataclass
from enum import Enum
from math import isfinite
from operator import attrgetter
from typing import Final

from queues.centre.facts.fact import Fact
from queues.centre.inputs.input import Input
from queues.centre.values.json_values import Plain

_AS_THEY_ARE: Final = frozenset((type(None), bool, int, str))

_names: Final[dict[type, tuple[str, ...]]] = {}  # of the fields of each type seen so far


@dataclass(frozen=True, slots=True)
class Records:
    """What stood in the fields of records of one type, which change meanwhile: field by field."""

    names: tuple[str, ...]
    columns: tuple[tuple[object, ...], ...] = field(repr=False)


def plain(fact: Fact) -> dict[str, Plain]:
    """Give a fact as JSON values: `type`, `v` (version) and its fields; times in Unix seconds."""
    return {"type": fact.TYPE, "v": fact.VERSION, **payload_of(fact)}


def payload_of(what: Input | Fact) -> dict[str, Plain]:
    """Give the fields of an input or a fact as JSON values.

    Raises ValueError for a number that JSON does not know (infinite, or none at all) and TypeError
    for a value that has no place there, so that nothing is written that cannot be read back.
    """
    return object_as_json(what)


def object_as_json(value: object) -> dict[str, Plain]:
    """Give the fields of a dataclass as JSON values, without those that are derived from others."""
    return {name: _value(getattr(value, name)) for name in _stored_fields(type(value))}


def records(kind: type, values: Iterable[object]) -> Records:
    """Take what stands in the fields of these just now: a tenth of the time that JSON takes.

    A tuple a field and not a record: thousands of new objects would bring the collector along.
    """
    names, there = _stored_fields(kind), tuple(values)
    return Records(names, tuple(tuple(map(attrgetter(name), there)) for name in names))


def _stored_fields(kind: type) -> tuple[str, ...]:
    names = _names.get(kind)
    if names is None:
        if not is_dataclass(kind):
            raise TypeError(f"{kind.__name__} has no place in an input or a fact")
        names = _names[kind] = tuple(
            each.name for each in fields(kind) if "derived" not in each.metadata
        )
    return names


def _value(value: object) -> Plain:
    if type(value) in _AS_THEY_ARE:
        return value  # type: ignore[return-value]  # one of the four types above
    match value:
        case float():
            if not isfinite(value):
                raise ValueError("a number that is infinite, or none, cannot be written down")
            return value
        case Enum():
            return str(value.value)
        case dict():
            return value  # JSON already
        case tuple():
            return [_value(item) for item in value]
        case Records():
            return [
                {name: _value(item) for name, item in zip(value.names, row, strict=True)}
                for row in zip(*value.columns, strict=True)
            ]
        case _:
            return object_as_json(value)
