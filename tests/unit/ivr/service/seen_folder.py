"""A folder that the units see: pytest's own lie in /tmp, and they have a /tmp of their own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.folders import folder_that_units_see


@pytest.fixture
def seen(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Such a folder, for a program and a cache that lie where they mostly do."""
    monkeypatch.delenv("FREIZEICHEN_CACHE", raising=False)
    monkeypatch.setattr("sys.executable", "/opt/freizeichen/bin/python")
    with folder_that_units_see() as folder:
        yield folder
