"""`freizeichen prompts` and `freizeichen dialplan`: what they say, and when they exit with 0."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from ivr.cli import dialplan, prompts
from tests.programs import real_espeak

ROOT = Path(__file__).parents[3]
GOOD = ROOT / "tests" / "corpus" / "dialplans" / "good" / "minimal.yaml"
BAD = ROOT / "tests" / "corpus" / "dialplans" / "bad" / "no_branch_for_silence.yaml"


SETTINGS = """\
version: 1
dialplans: {folder}/dialplans
recorded_prompts: {folder}/recorded
lines:
  - {{number: "100", name: One, language: en, dialplan: en/main.yaml}}
  - {{number: "200", name: Two, language: en, dialplan: {second}}}
queues:
  - id: service
"""


def settle(folder: Path, second: str = "en/main.yaml") -> None:
    text = SETTINGS.format(folder=folder, second=second)
    (folder / "freizeichen.yaml").write_text(text)


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A folder with settings and one sound dialplan."""
    (tmp_path / "dialplans" / "en").mkdir(parents=True)
    (tmp_path / "recorded").mkdir()
    (tmp_path / "dialplans" / "en" / "main.yaml").write_bytes(GOOD.read_bytes())
    settle(tmp_path)
    real_espeak()
    return tmp_path


def run_prompts(word: str, place: Path, *more: str) -> Result:
    where = ["--settings", str(place / "freizeichen.yaml"), "--out", str(place / "out")]
    return CliRunner().invoke(prompts.app, [word, *where, *more])


def test_check_names_what_is_missing_until_build_has_made_it(place: Path) -> None:
    missing = run_prompts("check", place)
    assert missing.exit_code == 1
    assert "en/closed.wav" in missing.stderr
    built = run_prompts("build", place)
    assert (built.exit_code, built.stderr) == (0, "")
    assert "1 prompts" in built.stdout
    assert run_prompts("check", place).exit_code == 0
    report = json.loads(run_prompts("check", place, "--json").stdout)
    assert report == {"complete": True, "missing": []}
    listed = json.loads(run_prompts("build", place, "--json").stdout)["prompts"]
    assert [(p["name"], p["source"], p["made"]) for p in listed] == [("en/closed", "spoken", False)]


def test_build_without_espeak_says_what_to_do_and_leaves_nothing(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(place))
    monkeypatch.setenv("FREIZEICHEN_CACHE", str(place / "cache"))
    refused = run_prompts("build", place)
    assert refused.exit_code == 1
    assert "espeak-ng was not found" in refused.stderr
    assert "install it" in refused.stderr
    assert not (place / "out").exists()


def test_build_of_a_broken_dialplan_tells_its_faults_and_leaves_nothing(place: Path) -> None:
    (place / "dialplans" / "en" / "second.yaml").write_bytes(BAD.read_bytes())
    settle(place, second="en/second.yaml")
    refused = run_prompts("build", place)
    assert refused.exit_code == 1
    assert "second.yaml:11: menu 'rechnung' has no branch for silence" in refused.stderr
    assert not (place / "out").exists()


def test_build_without_settings_or_into_a_file_says_so(place: Path) -> None:
    (place / "out").write_text("in the way")
    refused = run_prompts("build", place)
    assert refused.exit_code == 1
    assert "out:" in refused.stderr
    assert run_prompts("build", place / "nowhere").exit_code == 1


def test_dialplan_check_exits_with_0_only_if_every_file_may_answer_calls() -> None:
    sound = CliRunner().invoke(dialplan.app, ["check", str(GOOD)])
    assert (sound.exit_code, sound.stderr) == (0, "")
    assert "sound (1 nodes, 1 prompts)" in sound.stdout
    faulty = CliRunner().invoke(dialplan.app, ["check", str(GOOD), str(BAD), "nope.yaml"])
    assert faulty.exit_code == 1
    assert f"{BAD}:11: menu 'rechnung' has no branch for silence" in faulty.stderr
    assert "nope.yaml:1: cannot be read" in faulty.stderr


def test_dialplan_check_reports_as_json() -> None:
    result = CliRunner().invoke(dialplan.app, ["check", str(BAD), "--json"])
    report = json.loads(result.stdout)
    assert (result.exit_code, report["sound"], len(report["faults"])) == (1, False, 1)
    assert report["faults"][0]["line"] == 11
