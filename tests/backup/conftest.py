"""A place with settings, and a file for its backup."""

from __future__ import annotations

from pathlib import Path

import pytest

from ivr.place.place import Place, find_place
from ivr.settings.settings import Settings, load_settings
from tests.backup.backups import EXAMPLE


@pytest.fixture
def place(tmp_path: Path) -> Place:
    folder = tmp_path / "place"
    folder.mkdir()
    (folder / "freizeichen.yaml").write_text(EXAMPLE.read_text())
    return find_place(folder / "freizeichen.yaml")


@pytest.fixture
def settings(place: Place) -> Settings:
    return load_settings(place.settings_file)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "backups" / "one.backup"
