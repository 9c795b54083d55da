"""`freizeichen prompts` and `freizeichen dialplan`: what they say, and when they exit with 0."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner, Result

from ivr.cli import dialplan, prompts
from tests.piper_stand_in import install, make_voice
from tests.programs import real_espeak
from tests.unit.ivr.speech.prompt_making import record, tone

ROOT = Path(__file__).parents[4]
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
    assert report == {"sound": True, "complete": True, "missing": [], "faults": []}
    listed = json.loads(run_prompts("build", place, "--json").stdout)["prompts"]
    assert [(p["name"], p["source"], p["by"], p["made"]) for p in listed] == [
        ("en/closed", "spoken", "espeak-ng", False)
    ]


def test_check_names_every_fault_with_file_and_mend_and_exits_with_1(place: Path) -> None:
    loud = np.clip(tone(300, 25, 8000, level=3.0), -1, 1)
    path = record(place / "recorded", "en/closed", loud, 8000)
    stray = record(place / "recorded", "en/closd", loud, 8000)
    built = run_prompts("build", place)
    assert built.exit_code == 0
    found = run_prompts("check", place)
    assert (found.exit_code, found.stdout) == (1, "")
    assert built.stderr.splitlines()[1:] == found.stderr.splitlines()[1:]
    lines = found.stderr.splitlines()[1:]
    assert [line.split(": ", 1)[0] for line in lines] == [str(stray), str(path), str(path)]
    assert "; name it en/closed.wav, or delete it" in lines[0]
    assert "is clipped in 15000 places; record it anew with less gain" in lines[1]
    assert "lasts 25.1 s, more than the 20 s that callers follow; shorten the" in lines[2]
    told = run_prompts("check", place, "--json", "--longest", "30")
    assert (told.exit_code, told.stderr) == (1, "")
    report = json.loads(told.stdout)
    assert (report["sound"], report["complete"], report["missing"]) == (False, True, [])
    assert [(f["kind"], f["prompt"], f["file"]) for f in report["faults"]] == [
        ("unused", "en/closd", str(stray)),
        ("clipped", "en/closed", str(path)),
    ]
    rebuilt = json.loads(run_prompts("build", place, "--json", "--longest", "30").stdout)
    assert rebuilt["faults"] == report["faults"]


def test_build_names_a_recording_that_cannot_be_used_makes_the_rest_and_exits_with_1(
    place: Path,
) -> None:
    path = record(place / "recorded", "en/closed", np.zeros(8000), 8000)
    for _ in range(2):
        built = run_prompts("build", place)
        assert built.exit_code == 1
        assert "1 prompts" in built.stdout
        assert f"{path}: is silent; record it anew or delete it" in built.stderr
        assert "recordings that cannot be used: 1; their texts are spoken" in built.stderr
        assert (place / "out" / "en" / "closed.wav").exists()
    told = run_prompts("build", place, "--json")
    assert told.exit_code == 1
    (fault,) = json.loads(told.stdout)["faults"]
    assert (fault["kind"], fault["file"]) == ("faint", str(path))


def test_check_tells_many_missing_files_in_one_line_and_each_of_them_on_request(
    place: Path,
) -> None:
    plan = place / "dialplans" / "en" / "main.yaml"
    text = GOOD.read_text().replace("Goodbye.}", "Goodbye., more: And more.}")
    plan.write_text(text.replace("goodbye: closed", "goodbye: [closed, more]"))
    told = run_prompts("check", place)
    assert told.exit_code == 1
    (line,) = told.stderr.splitlines()[1:]
    assert line.endswith("en: 2 prompts are missing; run 'freizeichen prompts build'")
    each = run_prompts("check", place, "--all").stderr.splitlines()[1:]
    assert [line.split(": ")[0].rpartition("/")[2] for line in each] == ["closed.wav", "more.wav"]
    assert len(json.loads(run_prompts("check", place, "--json").stdout)["missing"]) == 2


def test_a_voice_of_the_settings_speaks_and_a_broken_one_is_named(place: Path) -> None:
    voice = make_voice(place / "voice.onnx", 500)
    with (place / "freizeichen.yaml").open("a") as file:
        file.write(f"speech: {{voices: {{en: {voice}}}, piper: {install(place)}}}\n")
    built = run_prompts("build", place)
    assert (built.exit_code, built.stderr) == (0, "")
    assert "1 prompts, " in built.stdout
    assert "1 by piper; 1 made now" in built.stdout
    assert run_prompts("check", place).exit_code == 0
    voice.unlink()
    for word in ("build", "check"):
        refused = run_prompts(word, place)
        assert refused.exit_code == 1
        assert f"speech.voices.en: {voice} cannot be read" in refused.stderr


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
