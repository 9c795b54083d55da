"""Unit: a folder or dialplan that settings name and that is not there is told at their own line."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from ivr import resources
from ivr.cannot_start import CannotStart
from ivr.cli import app
from ivr.settings.settings import load_settings
from ivr.starting.preparation import load_plans

_GOOD = """\
version: 1
lines:
  - number: "100"
    name: German
    language: de
    dialplan: de/main.yaml
queues:
  - id: service
"""


def _written(folder: Path, text: str) -> Path:
    path = folder / "freizeichen.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def _refused(path: Path) -> str:
    with pytest.raises((CannotStart, resources.ResourceMissing)) as raised:
        load_plans(load_settings(path))
    return str(raised.value)


@pytest.mark.parametrize(("words", "why"), [("nowhere", "is not there"), ("file", "is a file")])
def test_a_folder_of_dialplans_that_is_none_is_told_at_its_line_with_what_belongs_there(
    tmp_path: Path, words: str, why: str
) -> None:
    (tmp_path / "file").write_text("")
    path = _written(tmp_path, _GOOD + f"dialplans: {tmp_path / words}\n")
    told = _refused(path)
    assert f"{path}:9: dialplans: {tmp_path / words} {why}; " in told
    assert "expected a folder that holds de/main.yaml: make it" in told
    checked = CliRunner().invoke(app, ["dialplan", "check", "--settings", str(path)])
    assert checked.exit_code == 1
    assert told in checked.output


def test_recordings_that_are_not_there_are_told_at_their_line(tmp_path: Path) -> None:
    path = _written(tmp_path, _GOOD + "recorded_prompts: /nonexistent\n")
    checked = CliRunner().invoke(app, ["prompts", "check", "--settings", str(path)])
    assert checked.exit_code == 1
    assert f"{path}:9: recorded_prompts: /nonexistent is not there; expected" in checked.output


def test_a_dialplan_that_is_not_there_is_told_at_the_line_that_names_it_with_its_mend(
    tmp_path: Path,
) -> None:
    path = _written(tmp_path, _GOOD.replace("de/main.yaml", "de/mian.yaml"))
    told = _refused(path)
    where = f"{path}:6: lines.0.dialplan: there is no file de/mian.yaml in {resources.dialplans()};"
    assert f"{where} did you mean 'de/main.yaml'?" in told
    checked = CliRunner().invoke(app, ["dialplan", "check", "--settings", str(path)])
    assert checked.exit_code == 1
    assert where in checked.output
    assert "de/main.yaml, en/main.yaml" in _refused(
        _written(tmp_path, _GOOD.replace("de/main.yaml", "fr/special.yaml"))
    )


def test_what_a_variable_names_is_told_of_the_variable(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FREIZEICHEN_DIALPLANS", "/nonexistent")
    told = _refused(_written(tmp_path, _GOOD))
    assert told.startswith("environment FREIZEICHEN_DIALPLANS: /nonexistent is not there; ")
