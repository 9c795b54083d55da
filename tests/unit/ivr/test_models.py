"""Speech models: where they lie, whether they are whole, and how they are fetched."""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from pathlib import Path

import httpx
import pytest
from typer.testing import CliRunner

from ivr.cli import models as command
from ivr.speech.models import (
    SOURCES,
    ModelRefused,
    ModelSource,
    ModelUnreachable,
    fetch_model,
    find_model,
    model_faults,
)

FILES = ("am/final.mdl", "conf/mfcc.conf", "graph/HCLr.fst", "graph/Gr.fst")
SOURCE = ModelSource("xx", "vosk-model-small-xx", site="https://models.invalid")


def archive(*names: str, extra: dict[str, bytes] | None = None) -> bytes:
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w") as packed:
        for name in names:
            packed.writestr(f"vosk-model-small-xx/{name}", b"x")
        for name, content in (extra or {}).items():
            packed.writestr(name, content)
    return held.getvalue()


def site(content: bytes, status: int = 200) -> httpx.Client:
    def answer(request: httpx.Request) -> httpx.Response:
        assert str(request.url) == "https://models.invalid/vosk-model-small-xx.zip"
        return httpx.Response(status, content=content)

    return httpx.Client(transport=httpx.MockTransport(answer))


def quietly(_done: int, _total: int | None) -> None:
    pass


def fetch(cache: Path, content: bytes, source: ModelSource = SOURCE) -> tuple[Path, str | None]:
    return fetch_model(source, cache, progress=quietly, client=site(content))


def whole(folder: Path) -> Path:
    for name in FILES:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(b"x")
    return folder


def test_a_model_is_fetched_with_progress_and_found_again(tmp_path: Path) -> None:
    content, told = archive(*FILES), []
    folder, sha256 = fetch_model(
        SOURCE,
        tmp_path,
        progress=lambda done, all_: told.append((done, all_)),
        client=site(content),
    )
    assert sha256 == hashlib.sha256(content).hexdigest()
    assert told[-1] == (len(content), len(content))
    assert model_faults(folder) == ()
    assert folder == tmp_path / "models" / "vosk-model-small-xx"
    assert fetch(tmp_path, b"not asked for again") == (folder, None)
    assert [p.name for p in folder.parent.iterdir() if p.name.startswith(".")] == []


def test_the_addresses_are_those_of_vosks_own_site() -> None:
    assert SOURCES["de"].url == "https://alphacephei.com/vosk/models/vosk-model-small-de-0.15.zip"
    assert SOURCES["en"].url.endswith("/vosk-model-small-en-us-0.15.zip")


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (archive(*FILES, extra={"../escaped": b"x"}), "outside its own folder"),
        (archive(*FILES, extra={"/tmp/escaped": b"x"}), "outside its own folder"),  # noqa: S108
        (archive(*FILES[:2]), "graph/HCLr.fst is missing"),
        (archive(*FILES)[:-40], "no archive"),
        (b"<html>", "no archive"),
    ],
)
def test_an_archive_that_is_no_model_leaves_nothing_behind(
    tmp_path: Path, content: bytes, why: str
) -> None:
    with pytest.raises(ModelRefused, match=why):
        fetch(tmp_path / "cache", content)
    assert [p for p in tmp_path.rglob("*") if p.is_file()] == []


def test_a_link_in_an_archive_is_refused(tmp_path: Path) -> None:
    held = io.BytesIO(archive(*FILES))
    with zipfile.ZipFile(held, "a") as packed:
        link = zipfile.ZipInfo("vosk-model-small-xx/link")
        link.external_attr = 0o120777 << 16
        packed.writestr(link, "/etc/passwd")
    with pytest.raises(ModelRefused, match="outside its own folder"):
        fetch(tmp_path, held.getvalue())


def test_another_checksum_than_the_pinned_one_is_refused(tmp_path: Path) -> None:
    pinned = ModelSource("xx", SOURCE.name, sha256="0" * 64, site=SOURCE.site)
    with pytest.raises(ModelRefused, match="was expected"):
        fetch(tmp_path, archive(*FILES), pinned)


def test_another_checksum_than_at_the_first_fetch_is_refused(tmp_path: Path) -> None:
    folder, _ = fetch(tmp_path, archive(*FILES))
    (folder / "am/final.mdl").unlink()
    with pytest.raises(ModelRefused, match="was expected"):
        fetch(tmp_path, archive(*FILES, "README"))
    assert fetch(tmp_path, archive(*FILES))[1] is not None
    assert model_faults(folder) == ()


def test_a_source_that_does_not_answer_is_one_line(tmp_path: Path) -> None:
    def refuse(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("no route\nat all", request=request)

    dead = httpx.Client(transport=httpx.MockTransport(refuse))
    with pytest.raises(ModelUnreachable, match=r"cannot be reached: no route$"):
        fetch_model(SOURCE, tmp_path, progress=quietly, client=dead)
    with pytest.raises(ModelUnreachable, match="status 404"):
        fetch_model(SOURCE, tmp_path, progress=quietly, client=site(b"", 404))


def test_a_folder_that_was_set_wins_and_is_not_replaced_when_broken(tmp_path: Path) -> None:
    mine = tmp_path / "mine"
    assert find_model("de", mine, tmp_path) == mine
    assert model_faults(mine) == ("there is no such folder",)
    assert find_model("de", None, tmp_path) is None
    assert find_model("tlh", None, tmp_path) is None
    fetched = whole(tmp_path / "models" / "vosk-model-small-de-0.15")
    assert find_model("de", None, tmp_path) == fetched


@pytest.mark.parametrize("name", FILES)
def test_a_broken_model_is_named_by_what_it_lacks(tmp_path: Path, name: str) -> None:
    folder = whole(tmp_path / "model")
    assert model_faults(folder) == ()
    (folder / name).write_bytes(b"")
    assert model_faults(folder) == (f"{name} is missing or empty",)


def test_the_command_lists_and_fails_in_one_line_when_nothing_can_be_reached(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FREIZEICHEN_CACHE", str(tmp_path))

    def unreachable(source: ModelSource, _cache: Path, **_: object) -> tuple[Path, None]:
        raise ModelUnreachable(f"{source.url} cannot be reached: no route")

    monkeypatch.setattr(command, "fetch_model", unreachable)
    runner = CliRunner()
    listed = runner.invoke(command.app, ["list", "--json"])
    assert listed.exit_code == 0
    rows = {row["language"]: row for row in json.loads(listed.stdout)["models"]}
    assert rows["de"]["ready"] is False
    fetched = runner.invoke(command.app, ["fetch", "de"])
    assert fetched.exit_code == 1
    assert fetched.stderr.count("\n") == 1
    assert "cannot be reached" in fetched.stderr
    as_json = runner.invoke(command.app, ["fetch", "de", "--json"])
    assert as_json.exit_code == 1
    assert json.loads(as_json.stdout)["models"][0]["error"]
    assert runner.invoke(command.app, ["fetch", "tlh"]).exit_code == 1


def test_the_command_names_a_broken_model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FREIZEICHEN_CACHE", str(tmp_path))
    (tmp_path / "models" / "vosk-model-small-de-0.15").mkdir(parents=True)
    listed = CliRunner().invoke(command.app, ["list"])
    assert listed.exit_code == 1
    assert "is broken: am/final.mdl is missing" in listed.stdout
