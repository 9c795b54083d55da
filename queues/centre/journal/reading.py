"""How JSON values become the values of a dataclass again, driven by the types of its fields.

A reader is made once for each type. It takes nothing that the type does not name: no other field,
no missing field, no string for a number. What it says of a value that does not fit is where it
stands and what was expected, never the value itself.
"""

import types
from collections.abc import Callable
from dataclasses import fields, is_dataclass
from enum import Enum
from functools import cache
from math import isfinite
from typing import Any, Final, NewType, Union, get_args, get_origin, get_type_hints

Reader = Callable[[object], Any]

_EXACT: Final = 2**53  # beyond it a whole number may not be the same as a float


class Unfit(Exception):
    """A value is not what its place asks for. `where` is empty for the whole value."""

    def __init__(self, expected: str, where: str = "") -> None:
        super().__init__(f"{where or 'the payload'} is not {expected}")
        self.expected = expected
        self.where = where

    def within(self, outer: str) -> "Unfit":
        """Give the same, seen from one level further out."""
        if not self.where or self.where.startswith("["):
            return Unfit(self.expected, outer + self.where)
        return Unfit(self.expected, f"{outer}.{self.where}")


@cache
def reader_of(kind: Any) -> Reader:
    """Give what reads a value of this type; raises TypeError for a type that JSON cannot hold."""
    if isinstance(kind, NewType):
        return reader_of(kind.__supertype__)
    if kind in _SIMPLE:
        return _SIMPLE[kind]
    if get_origin(kind) in (types.UnionType, Union):
        return _optional(kind)
    if get_origin(kind) is dict:
        return _json_object
    if get_origin(kind) is tuple and get_args(kind)[1:] == (...,):
        return _tuple(reader_of(get_args(kind)[0]))
    if isinstance(kind, type) and issubclass(kind, Enum):
        return _enum(kind)
    if is_dataclass(kind) and isinstance(kind, type):
        return _object(kind)
    raise TypeError(f"{kind} cannot be read from JSON")


def _text(value: object) -> str:
    if type(value) is str:
        return value
    raise Unfit("a string")


def _whole(value: object) -> int:
    if type(value) is int:
        return value
    raise Unfit("a whole number")


def _number(value: object) -> float:
    if type(value) is float and isfinite(value):
        return value
    if type(value) is int and abs(value) <= _EXACT:
        return float(value)
    raise Unfit("a finite number")


def _flag(value: object) -> bool:
    if type(value) is bool:
        return value
    raise Unfit("true or false")


def _json_object(value: object) -> dict[str, Any]:
    if type(value) is dict:
        return value
    raise Unfit("an object")


_SIMPLE: dict[Any, Reader] = {
    str: _text,
    int: _whole,
    float: _number,
    bool: _flag,
}


def _optional(kind: Any) -> Reader:
    others = [part for part in get_args(kind) if part is not type(None)]
    if len(others) != 1:
        raise TypeError(f"{kind} cannot be read from JSON: more than one type")
    read = reader_of(others[0])

    def optional(value: object) -> Any:
        if value is None:
            return None
        try:
            return read(value)
        except Unfit as unfit:
            if unfit.where:
                raise
            raise Unfit(f"{unfit.expected} or null") from None

    return optional


def _tuple(read: Reader) -> Reader:
    def all_of(value: object) -> tuple[Any, ...]:
        if type(value) is not list:
            raise Unfit("a list")
        made = []
        for number, item in enumerate(value):
            try:
                made.append(read(item))
            except Unfit as unfit:
                raise unfit.within(f"[{number}]") from None
        return tuple(made)

    return all_of


def _enum(kind: type[Enum]) -> Reader:
    members = {member.value: member for member in kind}
    expected = "one of " + ", ".join(str(value) for value in members)

    def member(value: object) -> Enum:
        found = members.get(value) if isinstance(value, str) else None
        if found is None:
            raise Unfit(expected)
        return found

    return member


def _quick(read: Reader) -> tuple[type | None, Reader]:
    """Give the type of which every value may be taken as it is, so that most need no call."""
    return (str if read is _text else int if read is _whole else None), read


def _object(kind: type) -> Reader:
    hints = get_type_hints(kind)
    stored = [field.name for field in fields(kind) if "derived" not in field.metadata]
    readers = tuple((name, *_quick(reader_of(hints[name]))) for name in stored)
    names = frozenset(stored)
    expected = "an object with just the fields " + (", ".join(sorted(names)) or "(none)")

    def whole(value: object) -> Any:
        if type(value) is not dict or value.keys() != names:
            raise Unfit(expected)
        made = []
        for name, plain, read in readers:
            item = value[name]
            if type(item) is plain:
                made.append(item)
                continue
            try:
                made.append(read(item))
            except Unfit as unfit:
                raise unfit.within(name) from None
        return kind(*made)

    return whole
