"""What is wrong with prompts: each fault is found in real files, and nothing else is."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from ivr.dialplan import Plan
from ivr.speech.espeak import EspeakNg
from ivr.speech.prompt_faults import PromptFault, check_prompts, clipped_places, grouped
from ivr.speech.prompt_sources import sha256
from ivr.speech.sound import Sound, read_segment, read_wav, to_telephone, wav_bytes
from ivr.speech.voices import Voices
from tests.programs import real_espeak
from tests.unit.ivr.speech.prompt_making import NOBODY, build, plan, record, shipped, tone

ONE = plan({"a": "One."}, file="dialplans/en/main.yaml")


def check(folder: Path, *plans: Plan, longest_s: float = 20.0) -> Sequence[PromptFault]:
    (folder / "recorded").mkdir(exist_ok=True)
    return check_prompts(
        plans, folder / "recorded", folder / "out", Voices(NOBODY), longest_s=longest_s
    )


def kinds(faults: Sequence[PromptFault]) -> list[tuple[str, str]]:
    return [(fault.prompt, fault.kind) for fault in faults]


def speech(text: str = "For a flat, press 1.", rate: int = 8000) -> Sound:
    sound, made_at = real_espeak().speak(text, voice="en-gb", speed=150)
    heard = to_telephone(sound, made_at)
    at = np.arange(round(len(heard) * rate / 8000)) * 8000 / rate
    slower = np.interp(at, np.arange(len(heard)), heard)
    return slower / np.abs(slower).max()


def test_the_shipped_lines_have_no_fault_once_they_are_built(tmp_path: Path) -> None:
    assert {fault.kind for fault in check(tmp_path, *shipped())} == {"missing"}
    build(tmp_path / "out", *shipped())
    assert check(tmp_path, *shipped()) == ()


def test_many_files_that_are_not_built_are_one_line_of_each_language(tmp_path: Path) -> None:
    record(tmp_path / "recorded", "en/stray", np.zeros(800), 8000)
    faults = check(tmp_path, *shipped())
    lines = [str(fault) for fault in grouped(faults)]
    assert len(lines) == 4
    for language in ("de", "en", "ko"):
        count = sum(f.kind == "missing" and f.prompt.startswith(language) for f in faults)
        told = f"{count} prompts are missing; run 'freizeichen prompts build'"
        assert f"{tmp_path / 'out' / language}: {told}" in lines
    assert any("stray.wav" in line for line in lines)  # what else is wrong stays a line of its own


def test_what_is_missing_or_out_of_date_is_named_with_the_mend(tmp_path: Path) -> None:
    build(tmp_path / "out", ONE)
    faults = check(tmp_path, plan({"a": "Two.", "b": "Three."}))
    assert kinds(faults) == [("en/a", "outdated"), ("en/b", "missing")]
    mend = "run 'freizeichen prompts build'"
    out = tmp_path / "out" / "en"
    assert [str(fault) for fault in faults] == [
        f"{out / 'a.wav'}: is out of date; {mend}",
        f"{out / 'b.wav'}: is missing; {mend}",
    ]
    assert grouped(faults) == faults  # one of each kind is not many
    (out / "a.wav").write_bytes(b"x")
    assert kinds(check(tmp_path, ONE)) == [("en/a", "outdated")]


@pytest.mark.parametrize("content", [b"", b"hello", b"RIFF\x04\x00\x00\x00WAVE"])
def test_a_recording_that_cannot_be_read_is_named_once(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "recorded" / "en" / "a.wav"
    path.parent.mkdir(parents=True)
    path.write_bytes(content)
    (fault,) = check(tmp_path, ONE)
    assert (fault.file, fault.prompt, fault.kind) == (path, "en/a", "unreadable")
    assert fault.message.endswith("record it anew or delete it")


def test_every_unreadable_recording_is_named_not_only_the_first(tmp_path: Path) -> None:
    for name in ("a.wav", "b.wav"):
        (tmp_path / "recorded" / "en" / name).mkdir(parents=True)
    faults = check(tmp_path, plan({"a": "One.", "b": "Two."}))
    assert kinds(faults) == [("en/a", "unreadable"), ("en/b", "unreadable")]
    assert faults[0].message == "cannot be read (Is a directory); mend or delete it"


@pytest.mark.parametrize(
    ("rate", "width"), [(8000, 1), (8000, 2), (16000, 3), (22050, 2), (48000, 2), (48000, 4)]
)
@pytest.mark.parametrize("over_db", [-3, 0, 6, 20])
def test_a_recording_is_clipped_if_its_peaks_were_cut_and_not_if_it_is_only_loud(
    tmp_path: Path, rate: int, width: int, over_db: int
) -> None:
    cut = np.clip(speech(rate=rate) * 10 ** (over_db / 20), -1, 1)
    record(tmp_path / "recorded", "en/a", cut, rate, width=width, channels=2)
    build(tmp_path / "out", ONE)
    clipped = [fault for fault in check(tmp_path, ONE) if fault.kind == "clipped"]
    assert bool(clipped) == (over_db > 0)
    for fault in clipped:
        assert fault.file == tmp_path / "recorded" / "en" / "a.wav"
        assert "record it anew with less gain" in fault.message


@pytest.mark.parametrize("rate", [8000, 44100, 192_000])
def test_a_tone_that_just_reaches_full_scale_is_not_clipped(tmp_path: Path, rate: int) -> None:
    path = record(tmp_path, "a", tone(100, 1, rate, level=1.0), rate)
    assert clipped_places(read_segment(path.read_bytes())) == 0
    path = record(tmp_path, "a", np.clip(tone(100, 1, rate, level=1.5), -1, 1), rate)
    assert clipped_places(read_segment(path.read_bytes())) == 200


@pytest.mark.parametrize(
    ("rate", "width", "over_db"),
    [(8000, 1, 0), (8000, 1, 12)]  # 8 bit do not show less
    + [(rate, width, db) for rate, width in [(8000, 2), (22050, 2), (48000, 3)] for db in (0, 4)],
)
@pytest.mark.parametrize("softer", [0.9, 0.5, 0.25])
def test_speech_that_was_cut_and_then_made_softer_is_clipped_and_clean_speech_is_not(
    tmp_path: Path, rate: int, width: int, softer: float, over_db: int
) -> None:
    cut = np.clip(speech(rate=rate) * 10 ** (over_db / 20), -1, 1) * softer
    path = record(tmp_path, "a", cut, rate, width=width)
    assert bool(clipped_places(read_segment(path.read_bytes()))) == (over_db > 0)


@pytest.mark.parametrize("rate", [8000, 44100, 192_000])
@pytest.mark.parametrize("level", [0.95, 0.3, 0.03])
@pytest.mark.parametrize("width", [1, 2])
def test_a_clean_tone_below_full_scale_is_not_clipped(
    tmp_path: Path, rate: int, level: float, width: int
) -> None:
    path = record(tmp_path, "a", tone(100, 1, rate, level=level), rate, width=width)
    assert clipped_places(read_segment(path.read_bytes())) == 0


def test_the_prompts_that_we_speak_are_not_clipped_at_any_level(tmp_path: Path) -> None:
    build(tmp_path / "out", *shipped())
    for file in sorted((tmp_path / "out").rglob("*.wav")):
        sound, rate = read_wav(file.read_bytes())
        for level in (1.0, 0.7, 0.2):
            path = record(tmp_path, "a", sound / np.abs(sound).max() * level, rate)
            assert clipped_places(read_segment(path.read_bytes())) == 0, (file, level)


def test_one_clipped_place_in_one_channel_is_found(tmp_path: Path) -> None:
    sound = np.zeros((8000, 2))
    sound[4000:4004, 1] = 1.0
    path = record(tmp_path, "a", sound.reshape(-1), 8000)
    data = bytearray(path.read_bytes())
    data[22:24] = b"\x02\x00"  # two channels
    assert clipped_places(read_segment(bytes(data))) == 1


def test_a_built_file_that_is_clipped_is_named(tmp_path: Path) -> None:
    build(tmp_path / "out", ONE)
    path, note = tmp_path / "out" / "en" / "a.wav", tmp_path / "out" / "manifest.json"
    path.write_bytes(wav_bytes(np.clip(tone(100, 1, 8000, level=2.0), -1, 1)))
    content = json.loads(note.read_text())
    content["files"]["en/a"]["sha256"] = sha256(path.read_bytes())
    note.write_text(json.dumps(content))
    (fault,) = check(tmp_path, ONE)
    assert (fault.file, fault.kind) == (path, "clipped")


@pytest.mark.parametrize(("level_db", "faint"), [(-20, False), (-34, False), (-52, True)])
def test_a_recording_that_is_nearly_silent_is_named(
    tmp_path: Path, level_db: int, *, faint: bool
) -> None:
    record(tmp_path / "recorded", "en/a", speech() * 10 ** ((level_db + 16) / 20), 8000)
    build(tmp_path / "out", ONE)
    found = [fault for fault in check(tmp_path, ONE) if fault.kind == "faint"]
    assert bool(found) == faint
    if faint:
        assert "is nearly silent: its speech lies at -5" in found[0].message


def test_a_silent_recording_is_named(tmp_path: Path) -> None:
    record(tmp_path / "recorded", "en/a", np.zeros(8000), 8000)
    faults = check(tmp_path, ONE)
    assert kinds(faults) == [("en/a", "faint"), ("en/a", "missing")]
    assert faults[0].message == "is silent; record it anew or delete it"


def test_a_prompt_longer_than_callers_follow_is_named_with_what_to_shorten(tmp_path: Path) -> None:
    record(tmp_path / "recorded", "en/b", tone(700, 21, 8000), 8000)
    long = plan({"a": "One, two, three. " * 20, "b": "x", "c": "Short."}, file="en/main.yaml")
    build(tmp_path / "out", long)
    spoken, recorded = check(tmp_path, long)
    assert kinds([spoken, recorded]) == [("en/a", "too_long"), ("en/b", "too_long")]
    assert spoken.file == tmp_path / "out" / "en" / "a.wav"
    assert "shorten its text in en/main.yaml, or make two prompts of it" in spoken.message
    assert recorded.file == tmp_path / "recorded" / "en" / "b.wav"
    assert "lasts 21.1 s, more than the 20 s" in recorded.message
    assert "shorten the recording" in recorded.message
    assert check(tmp_path, long, longest_s=60) == ()


def test_a_recording_that_is_too_long_or_too_short_is_named_before_it_is_built(
    tmp_path: Path,
) -> None:
    record(tmp_path / "recorded", "en/a", tone(700, 130, 8000), 8000)
    record(tmp_path / "recorded", "en/b", tone(700, 0.002, 16000), 16000)
    two = plan({"a": "One.", "b": "Two."})
    said = {(f.prompt, f.kind): f.message for f in check(tmp_path, two)}
    assert "lasts 130.1 s, more than the 20 s" in said["en/a", "too_long"]
    assert said["en/b", "too_short"].startswith("lasts 2 ms, which is no word; record it anew")
    build(tmp_path / "out", two)
    assert kinds(check(tmp_path, two)) == [("en/a", "too_long"), ("en/b", "too_short")]


def test_recordings_that_no_dialplan_uses_are_named_with_what_was_probably_meant(
    tmp_path: Path,
) -> None:
    recorded = tmp_path / "recorded"
    two = plan({"welcome": "One.", "goodbye": "Two."})
    for name in ("en/welcom", "en/old_menu", "welcome", "EN/goodbye", "fr/welcome", "en/.hidden"):
        record(recorded, name, tone(700, 1, 8000), 8000)
    (recorded / "en" / "goodbye.mp3").write_bytes(b"ID3")
    (recorded / "README.md").write_text("What lies here.")
    build(tmp_path / "out", two)
    unused = {str(f.file.relative_to(recorded)): f.message for f in check(tmp_path, two)}
    assert set(unused) == {
        "en/welcom.wav",
        "en/old_menu.wav",
        "welcome.wav",
        "EN/goodbye.wav",
        "en/goodbye.mp3",
    }
    assert "no dialplan has a prompt 'en/welcom'; name it en/welcome.wav" in unused["en/welcom.wav"]
    assert "name it en/welcome.wav" in unused["welcome.wav"]
    assert unused["en/goodbye.mp3"].startswith("is not used; save it as goodbye.wav, PCM")


def test_a_check_starts_no_program_and_changes_nothing(tmp_path: Path) -> None:
    build(tmp_path / "out", ONE)
    before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")}
    started = tmp_path / "started"
    spy = EspeakNg((sys.executable, "-c", f"open({str(started)!r}, 'w')"))
    (tmp_path / "recorded").mkdir()
    check_prompts([ONE, plan({"b": "x"})], tmp_path / "recorded", tmp_path / "out", Voices(spy))
    assert not started.exists()
    (tmp_path / "recorded").rmdir()
    assert {p: p.stat().st_mtime_ns for p in tmp_path.rglob("*") if p.is_file()} == {
        p: at for p, at in before.items() if p.is_file()
    }
