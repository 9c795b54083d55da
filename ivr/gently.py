"""How a thread works through much at once without holding up the loop that carries sound.

The loop waits whenever Python works elsewhere, so such a thread lets it have its turn now and then.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from typing import Final, TypeVar

_BREATH_S: Final = 0.001

T = TypeVar("T")


def gently(items: Iterable[T], *, at_once: int = 50) -> Iterator[T]:
    """Give them all, with a breath behind every `at_once`; for a thread, never for the loop."""
    for count, item in enumerate(items, 1):
        yield item
        if count % at_once == 0:
            time.sleep(_BREATH_S)
