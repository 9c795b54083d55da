"""Unit: a database's address leads to the same one from anywhere, or is refused at its line."""

from __future__ import annotations

from pathlib import Path

import pytest

from ivr.settings.settings import SettingsFaulty, load_settings

_GOOD = """\
version: 1
lines:
  - {number: "100", name: German, language: de, dialplan: de/main.yaml}
queues: [{id: service}]
store:
  url: "ADDRESS"
"""
_SECRET = "hunter2"


def _written(folder: Path, address: str, word: str = "url") -> Path:
    path = folder / "freizeichen.yaml"
    text = _GOOD.replace("ADDRESS", address).replace("url:", f"{word}:")
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize("word", ["url", "people_url"])
@pytest.mark.parametrize(
    ("address", "said"),
    [
        (f"mysql://user:{_SECRET}@host/calls", "that is known: sqlite:////folder/store.db or post"),
        (f"postgresql://user:{_SECRET}@host/calls", "postgresql+psycopg://user@host/database"),
        (f"postgresql+asyncpg://user:{_SECRET}@host/calls", "postgresql+psycopg://user@host/"),
        ("sqlite:///store.db", "four slashes before it, such as sqlite:////folder/store.db"),
        ("sqlite:///../store.db", "four slashes"),
        ("sqlite:///:memory:", "four slashes"),
        ("sqlite://", "of a database that is known"),
        ("sqlite:////folder/store.db?mode=ro", "of a database that is known"),
        ("/folder/store.db", "of a database that is known"),
        ("", "of a database that is known"),
    ],
)
def test_an_address_that_is_not_supported_or_not_whole_is_refused_at_its_line(
    tmp_path: Path, word: str, address: str, said: str
) -> None:
    with pytest.raises(SettingsFaulty) as raised:
        load_settings(_written(tmp_path, address, word))
    (fault,) = raised.value.faults
    assert f"freizeichen.yaml:6: store.{word}: expected " in fault
    assert said in fault
    assert _SECRET not in fault


@pytest.mark.parametrize(
    "address",
    [
        "sqlite:////srv/freizeichen/store.db",
        "postgresql+psycopg://user@host/database",
        "postgresql+psycopg://user:secret@host:5432/database?sslmode=require",
        "postgresql+psycopg:///database?host=/run/postgresql",
    ],
)
def test_whole_addresses_of_both_kinds_are_taken(tmp_path: Path, address: str) -> None:
    assert load_settings(_written(tmp_path, address)).store.url == address


def test_what_a_variable_says_of_it_is_told_of_the_variable(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FREIZEICHEN_STORE__URL", "sqlite:///store.db")
    with pytest.raises(SettingsFaulty, match="environment FREIZEICHEN_STORE__URL: expected the wh"):
        load_settings(_written(tmp_path, "sqlite:////srv/store.db"))
