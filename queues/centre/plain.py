"""How a fact is written down: JSON values under the names of its fields, with type and version."""

from dataclasses import fields, is_dataclass
from enum import Enum

from queues.centre.facts import Fact

Plain = None | bool | int | float | str | list["Plain"] | dict[str, "Plain"]


def plain(fact: Fact) -> dict[str, Plain]:
    """Give a fact as JSON values: `type`, `v` (version) and its fields; times in Unix seconds."""
    return {"type": fact.TYPE, "v": fact.VERSION, **_fields(fact)}


def _fields(value: object) -> dict[str, Plain]:
    if not is_dataclass(value):
        raise TypeError(f"{type(value).__name__} has no place in a fact")
    return {field.name: _value(getattr(value, field.name)) for field in fields(value)}


def _value(value: object) -> Plain:
    match value:
        case Enum():
            return str(value.value)
        case None | bool() | int() | float() | str():
            return value
        case tuple():
            return [_value(item) for item in value]
        case _:
            return _fields(value)
