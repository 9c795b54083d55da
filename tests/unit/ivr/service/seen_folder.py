"""A folder that the units see: pytest's own lie in /tmp, and they have a /tmp of their own."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from ivr import resources


@pytest.fixture
def seen(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder beside what tests keep, for a program and a cache that lie where they mostly do."""
    tests = resources.cache_folder() / "tests"
    tests.mkdir(parents=True, exist_ok=True)
    monkeypatch.delenv("FREIZEICHEN_CACHE", raising=False)
    monkeypatch.setattr("sys.executable", "/opt/freizeichen/bin/python")
    with tempfile.TemporaryDirectory(prefix="seen-", dir=tests) as name:
        Path(name).chmod(0o755)
        yield Path(name)
