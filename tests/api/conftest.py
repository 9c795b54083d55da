"""What the API reads records from."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from queues.store import Store


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """A real store, with nothing in it."""
    opened = Store.open(
        f"sqlite:///{tmp_path}/home/store.db", key_file=tmp_path / "home/store.key", node="here"
    )
    yield opened
    opened.close()
