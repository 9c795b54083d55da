"""Fixtures of what is kept."""

from __future__ import annotations

from pathlib import Path

import pytest

from ivr.place.place import Place


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path / "freizeichen.yaml", tmp_path / ".freizeichen", is_example=False)
