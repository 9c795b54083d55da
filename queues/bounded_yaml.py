"""A reader of YAML files that keeps lines, and leaves at once what nests or grows without end.

An alias costs a file a few letters, whatever it stands for: ten of ten of ten of them would keep a
start busy for hours. A file that nests thousands deep would end in Python's own limit.
"""

from __future__ import annotations

from typing import Any, Final

from ruamel.yaml import YAML
from ruamel.yaml.composer import Composer, ComposerError
from ruamel.yaml.events import AliasEvent

DEEPEST: Final = 20  # levels; what we read has seven at most
MOST_VALUES: Final = 100_000  # once every alias is written out


def bounded_yaml() -> YAML:
    """Give a loader that raises `MarkedYAMLError` where a file passes the bounds."""
    yaml = YAML(typ="rt")
    yaml.Composer = _Bounded
    return yaml


class _Bounded(Composer):
    def __init__(self, loader: Any = None) -> None:
        super().__init__(loader)
        self._open: list[int] = [0]  # how many values each open list or mapping holds by now
        self._sizes: dict[int, int] = {}  # of nodes that are complete

    def compose_node(self, parent: Any, index: Any) -> Any:
        event = self.parser.peek_event()
        if len(self._open) > DEEPEST:
            raise ComposerError(None, None, f"nests deeper than {DEEPEST} levels", event.start_mark)
        if isinstance(event, AliasEvent):
            node = super().compose_node(parent, index)
            self._open[-1] += self._size_of(node, event)
            return node
        self._open.append(1)
        node = super().compose_node(parent, index)
        size = self._open.pop()
        if event.anchor is not None:
            self._sizes[id(node)] = size
        self._open[-1] += size
        return node

    def _size_of(self, node: Any, event: AliasEvent) -> int:
        size = self._sizes.get(id(node))
        if size is None:
            problem = f"the alias *{event.anchor} stands inside of what it refers to"
        elif self._open[-1] + size > MOST_VALUES:
            problem = f"its aliases (*) stand for more than {MOST_VALUES} values"
        else:
            return size
        raise ComposerError(None, None, problem, event.start_mark)
