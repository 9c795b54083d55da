"""A rate over time as a day file writes it: a small formula, never a program."""

import ast
from collections.abc import Callable, Mapping
from math import pi
from typing import Final

import numpy as np

from queues.simulation.laws import Floats

Value = Floats | float
_Formula = Callable[[Value], Value]

_TWO: Final[Mapping[type[ast.operator], Callable[..., Value]]] = {
    ast.Add: np.add,
    ast.Sub: np.subtract,
    ast.Mult: np.multiply,
    ast.Div: np.divide,
    ast.Pow: np.power,
}
_FUNCTIONS: Final[Mapping[str, tuple[int, Callable[..., Value]]]] = {
    "sin": (1, np.sin),
    "cos": (1, np.cos),
    "exp": (1, np.exp),
    "sqrt": (1, np.sqrt),
    "abs": (1, np.abs),
    "max": (2, np.maximum),
    "min": (2, np.minimum),
}
_MOST_CHARACTERS: Final = 300
ALLOWED: Final = f"numbers, pi, + - * / **, and {', '.join(_FUNCTIONS)}"


class NotAFormula(ValueError):
    """The text is no formula that is known here; says what was expected."""


def formula(text: str, variable: str) -> Callable[[Floats], Floats]:
    """Give the formula of one variable, for whole arrays; raises `NotAFormula`."""
    if len(text) > _MOST_CHARACTERS:
        raise NotAFormula(f"expected a formula of at most {_MOST_CHARACTERS} characters")
    try:
        inner = _part(ast.parse(text.strip(), mode="eval").body, variable)
    except (SyntaxError, RecursionError, MemoryError):
        raise NotAFormula(f"expected a formula of {variable}, {ALLOWED}") from None

    def whole(values: Floats) -> Floats:
        with np.errstate(all="ignore"):
            return np.broadcast_to(np.asarray(inner(values), dtype=float), values.shape)

    return whole


def _part(node: ast.expr, variable: str) -> _Formula:
    match node:
        case ast.Constant(value=int() | float() as number) if not isinstance(number, bool):
            value = float(number)
            return lambda _: value
        case ast.Name(id="pi"):
            return lambda _: pi
        case ast.Name(id=name) if name == variable:
            return lambda values: values
        case ast.UnaryOp(op=ast.USub(), operand=inner):
            part = _part(inner, variable)
            return lambda values: -part(values)
        case ast.BinOp(op=operator, left=left, right=right) if type(operator) in _TWO:
            both, first, second = (
                _TWO[type(operator)],
                _part(left, variable),
                _part(right, variable),
            )
            return lambda values: both(first(values), second(values))
        case ast.Call(func=ast.Name(id=name), args=arguments, keywords=[]) if name in _FUNCTIONS:
            count, function = _FUNCTIONS[name]
            if len(arguments) != count:
                raise NotAFormula(f"expected {count} value(s) in {name}(...)")
            parts = [_part(each, variable) for each in arguments]
            return lambda values: function(*(part(values) for part in parts))
        case _:
            raise NotAFormula(f"expected only {variable}, {ALLOWED}")
