"""How a bench says how far it is: a line a run, while the result is still to come."""

from __future__ import annotations

from collections.abc import Callable

Tell = Callable[[str], None]
