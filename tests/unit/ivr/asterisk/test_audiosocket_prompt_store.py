"""Prompts in memory: what can be played, how much is kept, and what is said of a wrong file."""

from __future__ import annotations

import wave
from pathlib import Path

import numpy as np
import pytest

from ivr.asterisk.audiosocket.prompt_store import PromptStore, PromptUnusable, read_prompt


def write(
    path: Path, *, rate: int = 8000, channels: int = 1, width: int = 2, count: int = 4
) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with wave.open(str(path), "wb") as file:
        file.setframerate(rate)
        file.setnchannels(channels)
        file.setsampwidth(width)
        file.writeframes(bytes(range(1, 9))[: channels * width] * count)


def test_a_prompt_is_its_samples_and_cannot_be_changed(tmp_path: Path) -> None:
    write(tmp_path / "a.wav")
    samples = read_prompt(tmp_path / "a.wav")
    assert samples.dtype == np.int16
    assert samples.tolist() == [0x0201] * 4
    with pytest.raises(ValueError, match="read-only"):
        samples[0] = 1


@pytest.mark.parametrize(
    "wrong", [{"rate": 16000}, {"channels": 2}, {"width": 1}, {"count": 0}, {"count": 5_000_000}]
)
def test_a_file_that_a_telephone_cannot_play_is_named(
    tmp_path: Path, wrong: dict[str, int]
) -> None:
    write(tmp_path / "a.wav", **wrong)
    with pytest.raises(PromptUnusable, match=r"a\.wav"):
        read_prompt(tmp_path / "a.wav")


@pytest.mark.parametrize("content", [b"", b"RIFF", b"RIFF\xff\xff\xff\xffWAVEfmt ", b"x" * 500])
def test_a_file_that_is_no_wav_is_named(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a.wav").write_bytes(content)
    with pytest.raises(PromptUnusable, match=r"a\.wav is no WAV file"):
        read_prompt(tmp_path / "a.wav")


async def test_a_prompt_is_read_once(tmp_path: Path) -> None:
    write(tmp_path / "ko" / "welcome.wav")
    store = PromptStore(tmp_path)
    assert store.kept("ko/welcome") is None
    first = await store.get("ko/welcome")
    (tmp_path / "ko" / "welcome.wav").unlink()
    assert await store.get("ko/welcome") is first
    assert store.kept("ko/welcome") is first


async def test_a_missing_prompt_and_a_name_that_leaves_the_folder_are_refused(
    tmp_path: Path,
) -> None:
    write(tmp_path / "outside.wav")
    store = PromptStore(tmp_path / "prompts")
    for name in ("ko/nowhere", "../outside", "ko/../../outside", "/etc/passwd", ""):
        with pytest.raises(PromptUnusable):
            await store.get(name)


async def test_memory_is_bounded_and_what_was_not_asked_for_goes_first(tmp_path: Path) -> None:
    for name in "abc":
        write(tmp_path / "en" / f"{name}.wav", count=100)
    store = PromptStore(tmp_path, most_bytes=400)
    await store.get("en/a")
    await store.get("en/b")
    await store.get("en/a")
    await store.get("en/c")
    assert store.kept("en/b") is None
    kept = [store.kept(f"en/{name}") for name in "ac"]
    assert [None if samples is None else samples.nbytes for samples in kept] == [200, 200]


async def test_all_can_be_loaded_before_the_first_call_and_each_wrong_one_is_told(
    tmp_path: Path,
) -> None:
    write(tmp_path / "de" / "good.wav")
    write(tmp_path / "de" / "wrong.wav", rate=44100)
    store = PromptStore(tmp_path)
    faults = await store.load(["de/good", "de/wrong", "de/missing"])
    assert [("wrong" in str(fault), "missing" in str(fault)) for fault in faults] == [
        (True, False),
        (False, True),
    ]
    assert store.kept("de/good") is not None
