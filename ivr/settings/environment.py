"""Which environment variable a setting came from, and which of them cannot be what they say.

A variable is the prefix, then the setting's place with `__` between its parts:
`FREIZEICHEN_SPEECH__MODELS` is `speech.models`. Lists and tables are given as JSON.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from types import UnionType
from typing import Any, Final, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

PREFIX: Final = "FREIZEICHEN_"
_BETWEEN = "__"
_OTHER_VARIABLES = frozenset({"FREIZEICHEN_CACHE", "FREIZEICHEN_SETTINGS"})


def unknown_variables(environment: Mapping[str, str], known: Iterable[str]) -> list[str]:
    """A line for each variable with our prefix that names none of the known settings."""
    names = {name.upper() for name in known}
    return [
        f"environment {name}: there is no such setting; unset it or check the spelling"
        for name in sorted(environment)
        if name.upper().startswith(PREFIX)
        and name.upper() not in _OTHER_VARIABLES
        and _place(name)[0].upper() not in names
    ]


def not_json(environment: Mapping[str, str], settings: type[BaseModel]) -> list[str]:
    """A line for each variable of a list or a table whose value is not JSON."""
    return [
        f"environment {name}: {message}"
        for name in sorted(environment)
        if name.upper().startswith(PREFIX)
        and (message := expected(_place(name), settings)) is not None
        and _parsed(environment[name]) is None
    ]


def expected(place: Sequence[Any], settings: type[BaseModel]) -> str | None:
    """What a variable of this place must hold, if that is a list or a table, with an example."""
    field = _field(place, settings)
    if field is None:
        return None
    kind = _without_none(field.annotation)
    if field.examples:
        example = json.dumps(field.examples[0])
        return f"expected JSON, such as {example}; mend or unset it"
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        one = _variable([*place, next(iter(kind.model_fields))])
        return f"expected JSON, such as {{}}; mend it, or set one value of it as {one}"
    return None


def variable_behind(place: Sequence[Any], environment: Mapping[str, str]) -> str | None:
    """The variable, as it is set, that holds the value of a setting's place, or should."""
    set_as = {name.upper(): name for name in environment}
    for length in range(len(place), 0, -1):
        name = set_as.get(_variable(place[:length]))
        if name is not None and _holds(environment[name], place[length:]):
            return name
    return None


def _variable(place: Sequence[Any]) -> str:
    return PREFIX + _BETWEEN.join(str(part) for part in place).upper()


def _place(name: str) -> list[str]:
    return name[len(PREFIX) :].lower().split(_BETWEEN)


def _parsed(value: str) -> tuple[Any] | None:
    try:
        return (json.loads(value),)
    except (ValueError, RecursionError):
        return None


def _holds(value: str, rest: Sequence[Any]) -> bool:
    """Whether JSON goes down to a place, of which the last part may be what is missing."""
    if not rest:
        return True
    parsed = _parsed(value)
    node: Any = parsed[0] if parsed else None
    for part in rest[:-1]:
        try:
            node = node[part]
        except (KeyError, IndexError, TypeError):
            return False
    return isinstance(node, dict | list)


def _field(place: Sequence[Any], settings: type[BaseModel]) -> FieldInfo | None:
    field = None
    model: Any = settings
    for part in place:
        if not (isinstance(model, type) and issubclass(model, BaseModel)):
            return None
        field = model.model_fields.get(part)
        if field is None:
            return None
        model = _without_none(field.annotation)
    return field


def _without_none(annotation: Any) -> Any:
    if get_origin(annotation) is not UnionType:
        return annotation
    kinds = [kind for kind in get_args(annotation) if kind is not type(None)]
    return kinds[0] if len(kinds) == 1 else annotation
