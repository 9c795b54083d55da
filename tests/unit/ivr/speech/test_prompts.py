"""Prompts: real espeak-ng, recordings and the cache; the files are measured, not trusted."""

from __future__ import annotations

import os
import sys
import wave
from pathlib import Path

import numpy as np
import pytest

from ivr.speech.espeak import EspeakNg
from ivr.speech.prompt_faults import check_prompts
from ivr.speech.prompts import BuildReport, PromptsDiffer, RecordingBroken, build_prompts
from ivr.speech.sound import read_wav
from ivr.speech.synthesiser import SynthesiserMissing, SynthesisFailed
from ivr.speech.voices import Voices
from tests.programs import real_espeak
from tests.unit.ivr.speech.prompt_making import NOBODY, build, pitch, plan, record, shipped, tone


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> BuildReport:
    """The three shipped lines, spoken by the espeak-ng of this machine."""
    return build(tmp_path_factory.mktemp("prompts") / "out", *shipped())


def test_every_prompt_of_the_shipped_lines_is_speech_a_telephone_can_carry(
    built: BuildReport,
) -> None:
    assert len(built.prompts) == sum(len(plan.prompts) for plan in shipped())
    for prompt in built.prompts:
        with wave.open(str(built.out / f"{prompt.name}.wav")) as file:
            shape = file.getframerate(), file.getnchannels(), file.getsampwidth()
            samples = np.frombuffer(file.readframes(file.getnframes()), "<i2") / 32768
        assert shape == (8000, 1, 2)
        assert len(samples) / 8000 == pytest.approx(prompt.seconds, abs=0.001)
        assert np.abs(samples).max() < 0.75, f"{prompt.name} is near clipping"
        frames = samples[: len(samples) // 80 * 80].reshape(-1, 80)
        loud = np.sqrt(np.mean(np.square(frames), axis=1))
        assert np.flatnonzero(loud > 0.003)[0] < 15, f"{prompt.name} begins with silence"
        assert len(loud) - np.flatnonzero(loud > 0.003)[-1] < 40, f"{prompt.name} ends in silence"
        spectrum = np.square(np.abs(np.fft.rfft(samples)))
        carried = spectrum[len(spectrum) // 20 : len(spectrum) * 9 // 10].sum()  # 200 to 3600 Hz
        assert carried > 0.5 * spectrum.sum(), f"{prompt.name} lies outside a telephone's band"


def test_welcome_and_main_menu_are_short_in_each_language(built: BuildReport) -> None:
    seconds = {prompt.name: prompt.seconds for prompt in built.prompts}
    for language in ("de", "en", "ko"):
        assert 1 < seconds[f"{language}/welcome"] < 8
        assert 5 < seconds[f"{language}/main_menu"] < 20
    assert max(seconds.values()) < 25


def test_a_second_build_makes_nothing_and_needs_no_espeak(built: BuildReport) -> None:
    before = {path: path.stat().st_mtime_ns for path in built.out.rglob("*")}
    again = build(built.out, *shipped(), espeak=NOBODY)
    assert not any(prompt.made for prompt in again.prompts)
    assert {path: path.stat().st_mtime_ns for path in built.out.rglob("*")} == before


def test_only_what_changed_is_made_anew_and_what_is_unused_goes(tmp_path: Path) -> None:
    out = tmp_path / "out"
    build(out, plan({"a": "One.", "b": "Two."}))
    stranger = out / "en" / "not_ours.wav"
    stranger.write_bytes(b"x")
    report = build(out, plan({"b": "Two.", "c": "Three."}))
    assert [(p.name, p.made) for p in report.prompts] == [("en/b", False), ("en/c", True)]
    assert report.removed == ("en/a",)
    assert sorted(p.name for p in out.rglob("*.wav")) == ["b.wav", "c.wav", "not_ours.wav"]


def test_a_file_damaged_since_the_last_build_is_made_anew(tmp_path: Path) -> None:
    out, one = tmp_path / "out", plan({"a": "One."})
    build(out, one)
    good = (out / "en" / "a.wav").read_bytes()
    (out / "en" / "a.wav").write_bytes(good[:100])
    build(out, one)
    assert (out / "en" / "a.wav").read_bytes() == good


@pytest.mark.parametrize("note", ["{broken", "[]", '{"files": {"en/a": 1}}', "[" * 100_000, ""])
def test_a_note_that_cannot_be_read_only_costs_a_build(tmp_path: Path, note: str) -> None:
    out, one = tmp_path / "out", plan({"a": "One."})
    build(out, one)
    (out / "manifest.json").write_text(note)
    assert build(out, one).prompts[0].made
    assert not build(out, one, espeak=NOBODY).prompts[0].made


def test_a_note_never_leads_out_of_its_folder(tmp_path: Path) -> None:
    out, one = tmp_path / "out", plan({"a": "One."})
    build(out, one)
    victim = tmp_path / "victim.wav"
    victim.write_bytes(b"x")
    note = (out / "manifest.json").read_text()
    (out / "manifest.json").write_text(note.replace("en/a", "../victim"))
    build(out, one)
    assert victim.exists()


@pytest.mark.parametrize(("rate", "channels"), [(8000, 1), (16000, 2), (44100, 2), (48000, 1)])
def test_a_recorded_file_wins_over_the_spoken_one(tmp_path: Path, rate: int, channels: int) -> None:
    record(tmp_path / "recorded", "en/a", tone(700, 1.5, rate), rate, channels=channels)
    report = build(tmp_path / "out", plan({"a": "Not spoken."}), espeak=NOBODY)
    assert (report.prompts[0].source, report.prompts[0].by) == ("recorded", "recording")
    sound, got = read_wav((tmp_path / "out" / "en" / "a.wav").read_bytes())
    assert (got, len(sound) / got) == (8000, pytest.approx(1.65, abs=0.1))
    assert pitch(sound, got) == pytest.approx(700, abs=5)


def test_a_recording_taken_away_is_spoken_again(tmp_path: Path) -> None:
    path = record(tmp_path / "recorded", "en/a", tone(700, 1, 16000), 16000)
    out, one = tmp_path / "out", plan({"a": "One."})
    build(out, one)
    path.unlink()
    assert [(p.source, p.by, p.made) for p in build(out, one).prompts] == [
        ("spoken", "espeak-ng", True)
    ]


def test_faulty_recordings_are_all_named_and_spoken_while_every_other_prompt_is_built(
    tmp_path: Path,
) -> None:
    recorded, out = tmp_path / "recorded", tmp_path / "out"
    silent = record(recorded, "en/a", np.zeros(8000), 8000)
    short = record(recorded, "en/b", tone(700, 0.002, 16000), 16000)
    record(recorded, "en/c", tone(700, 1, 16000), 16000)
    texts = plan({"a": "One.", "b": "Two.", "c": "Three.", "d": "Four."})
    expected = [
        f"{silent}: is silent; record it anew or delete it; until then its text is spoken",
        f"{short}: lasts 2 ms, which is no word; record it anew or delete it; "
        "until then its text is spoken",
    ]
    report = build(out, texts)
    assert [str(each) for each in report.unused] == expected
    assert [(p.source, p.by) for p in report.prompts] == [
        ("spoken", "espeak-ng"),
        ("spoken", "espeak-ng"),
        ("recorded", "recording"),
        ("spoken", "espeak-ng"),
    ]
    again = build(out, texts, espeak=NOBODY)
    assert not any(prompt.made for prompt in again.prompts)
    assert [str(each) for each in again.unused] == expected  # told as long as they lie there
    spoken = (out / "en" / "a.wav").read_bytes()
    record(recorded, "en/a", tone(700, 1, 8000), 8000)
    mended = build(out, texts, espeak=NOBODY)
    assert next((p.source, p.made) for p in mended.prompts) == ("recorded", True)
    assert [each.prompt for each in mended.unused] == ["en/b"]
    assert (out / "en" / "a.wav").read_bytes() != spoken


def test_a_faulty_recording_whose_text_nobody_can_speak_is_named_with_both_reasons(
    tmp_path: Path,
) -> None:
    path = record(tmp_path / "recorded", "en/a", np.zeros(8000), 8000)
    with pytest.raises(RecordingBroken, match=r"is silent; .* espeak-ng was not found") as refused:
        build(tmp_path / "out", plan({"a": "One."}), espeak=NOBODY)
    assert str(path) in str(refused.value)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        ("a folder", "cannot be read (Is a directory)"),
        ("a link to nowhere", "cannot be read (No such file or directory)"),
        ("a link to a device", "is no ordinary file"),
        ("a pipe", "is no ordinary file"),
        ("too large", "is larger than 32 MB"),
    ],
)
@pytest.mark.timeout(20)
def test_whatever_lies_in_the_place_of_a_recording_neither_holds_a_build_nor_fills_the_memory(
    tmp_path: Path, kind: str, said: str
) -> None:
    path = tmp_path / "recorded" / "en" / "a.wav"
    path.parent.mkdir(parents=True)
    match kind:
        case "a folder":
            path.mkdir()
        case "a link to nowhere":
            path.symlink_to(tmp_path / "nowhere")
        case "a link to a device":
            path.symlink_to("/dev/zero")
        case "a pipe":
            os.mkfifo(path)
        case _:
            with path.open("wb") as file:
                file.truncate(50_000_000_000)  # of zeros, which take no room
    one = plan({"a": "One."})
    report = build(tmp_path / "out", one)
    assert [(each.file, said in each.message) for each in report.unused] == [(path, True)]
    assert report.prompts[0].source == "spoken"
    (fault,) = check_prompts([one], tmp_path / "recorded", tmp_path / "out", Voices(NOBODY))
    assert (fault.file, fault.kind, said in fault.message) == (path, "unreadable", True)


def test_one_prompt_with_two_texts_names_both_dialplans(tmp_path: Path) -> None:
    first, other = plan({"a": "One."}, file="x.yaml"), plan({"a": "Two."}, file="y.yaml")
    with pytest.raises(PromptsDiffer, match=r"y\.yaml: prompt 'a' .* x\.yaml"):
        build(tmp_path / "out", first, other)
    build(tmp_path / "out", first, plan({"a": "One."}, file="z.yaml"))
    build(tmp_path / "out", first, plan({"a": "Zwei."}, language="de", file="y.yaml"))


@pytest.mark.parametrize("nobody", [NOBODY, EspeakNg(())])
def test_without_espeak_it_is_said_what_to_do_and_nothing_is_built(
    tmp_path: Path, nobody: EspeakNg
) -> None:
    with pytest.raises(SynthesiserMissing, match="install"):
        build(tmp_path / "out", plan({"a": "One."}), espeak=nobody)
    assert not (tmp_path / "out").exists()


def test_a_failing_espeak_leaves_the_last_build_as_it_was(tmp_path: Path) -> None:
    out = tmp_path / "out"
    build(out, plan({"a": "One."}))
    before = {path: path.read_bytes() for path in out.rglob("*") if path.is_file()}
    failing = EspeakNg((sys.executable, "-c", "import sys; sys.exit('no such voice')"))
    with pytest.raises(SynthesisFailed, match=r"'en/b': espeak-ng ended with status 1 .*no such"):
        build(out, plan({"b": "Two."}), espeak=failing)
    babbling = EspeakNg((sys.executable, "-c", "print('hello')"))
    with pytest.raises(SynthesisFailed, match="is no WAV file"):
        build(out, plan({"b": "Two."}), espeak=babbling)
    with pytest.raises(SynthesisFailed, match="has it words"):
        build(out, plan({"b": "..."}))
    assert {path: path.read_bytes() for path in out.rglob("*") if path.is_file()} == before


def test_a_text_reaches_espeak_by_stdin_and_never_as_an_argument(tmp_path: Path) -> None:
    seen = tmp_path / "seen"
    script = f"import sys; open({str(seen)!r}, 'w').write(repr((sys.argv, sys.stdin.read())))"
    spy = EspeakNg((sys.executable, "-c", script))
    with pytest.raises(SynthesisFailed):
        build(tmp_path / "out", plan({"a": "--version; $(id)"}), espeak=spy)
    assert seen.read_text().count("$(id)") == 1
    assert "'--version; $(id)')" in seen.read_text()


def test_progress_is_told_up_to_the_last_prompt(tmp_path: Path) -> None:
    told: list[tuple[int, int, str]] = []
    build_prompts(
        [plan({"a": "One.", "b": "Two."})],
        tmp_path / "r",
        tmp_path / "out",
        Voices(real_espeak()),
        progress=lambda ready, total, name: told.append((ready, total, name)),
    )
    assert told == [(1, 2, "en/a"), (2, 2, "en/b")]
