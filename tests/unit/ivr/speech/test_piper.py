"""Piper voices: a program with Piper's command line stands in, and the built files are measured."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from ivr.speech.piper import Piper
from ivr.speech.prompts import BuildReport
from ivr.speech.sound import read_wav
from ivr.speech.synthesiser import SynthesisFailed, VoiceUnusable
from ivr.speech.voices import Voices, find_voices
from tests.piper_stand_in import SECONDS_A_LETTER, install, make_voice
from tests.programs import real_espeak
from tests.unit.ivr.speech.prompt_making import NOBODY, build, pitch, plan

GERMAN = plan({"a": "Guten Tag.", "b": "Auf Wiederhören."}, language="de")
ENGLISH = plan({"a": "Hello."})


def voices(folder: Path, *, program: Path | None = None) -> Voices:
    """A German voice in `folder`, and espeak-ng."""
    program = program or install(folder)
    return find_voices(real_espeak().command, {"de": folder / "voice.onnx"}, program)


def made(report: BuildReport) -> list[tuple[str, str]]:
    return [(prompt.name, prompt.by) for prompt in report.prompts if prompt.made]


def heard_pitch(file: Path) -> float:
    return pitch(*read_wav(file.read_bytes()))


def test_a_language_with_a_voice_is_spoken_by_it_and_the_others_by_espeak(tmp_path: Path) -> None:
    make_voice(tmp_path / "voice.onnx", 500)
    report = build(tmp_path / "out", GERMAN, ENGLISH, voices=voices(tmp_path))
    assert made(report) == [("de/a", "piper"), ("de/b", "piper"), ("en/a", "espeak-ng")]
    assert heard_pitch(tmp_path / "out" / "de" / "a.wav") == pytest.approx(500, abs=5)


def test_another_voice_makes_anew_just_its_language(tmp_path: Path) -> None:
    file = make_voice(tmp_path / "voice.onnx", 500)
    build(tmp_path / "out", GERMAN, ENGLISH, voices=voices(tmp_path))
    make_voice(file, 700)
    report = build(tmp_path / "out", GERMAN, ENGLISH, voices=voices(tmp_path))
    assert made(report) == [("de/a", "piper"), ("de/b", "piper")]
    assert heard_pitch(tmp_path / "out" / "de" / "a.wav") == pytest.approx(700, abs=5)
    make_voice(file, 700, length_scale=1.1)  # its description is part of it
    assert len(made(build(tmp_path / "out", GERMAN, voices=voices(tmp_path)))) == 2


def test_a_voice_taken_out_of_the_settings_gives_its_language_back_to_espeak(
    tmp_path: Path,
) -> None:
    make_voice(tmp_path / "voice.onnx", 500)
    build(tmp_path / "out", GERMAN, voices=voices(tmp_path))
    report = build(tmp_path / "out", GERMAN, espeak=real_espeak())
    assert made(report) == [("de/a", "espeak-ng"), ("de/b", "espeak-ng")]


def test_a_voice_that_only_moved_makes_nothing_anew_and_needs_no_program(tmp_path: Path) -> None:
    make_voice(tmp_path / "voice.onnx", 500)
    build(tmp_path / "out", GERMAN, voices=voices(tmp_path))
    elsewhere = make_voice(tmp_path / "elsewhere" / "other.onnx", 500)
    moved = Voices(NOBODY, {"de": Piper("de", elsewhere, tmp_path / "no-program")})
    assert made(build(tmp_path / "out", GERMAN, voices=moved)) == []


@pytest.mark.parametrize(("speed", "own"), [(150, 1.0), (300, 1.0), (100, 1.0), (150, 1.5)])
def test_words_a_minute_stretch_the_voices_own_pace(tmp_path: Path, speed: int, own: float) -> None:
    file = make_voice(tmp_path / "voice.onnx", 500, length_scale=own)
    piper = Piper("de", file, install(tmp_path))
    sound, rate = piper.speak("Guten Tag", voice="de", speed=speed)
    expected = 8 * SECONDS_A_LETTER * own * 150 / speed
    assert len(sound) / rate == pytest.approx(expected, abs=0.001)


def test_sentences_have_a_pause_between_them_and_line_breaks_have_not(tmp_path: Path) -> None:
    piper = Piper("de", make_voice(tmp_path / "voice.onnx", 500), install(tmp_path))
    one = len(piper.speak("Guten Tag", voice="de", speed=150)[0])
    two, rate = piper.speak("Guten Tag.\nGuten\nTag.", voice="de", speed=150)
    assert len(two) / rate == pytest.approx(2 * one / rate + 0.25, abs=0.001)


def test_the_program_is_looked_up_on_the_path(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", f"{install(tmp_path).parent}:/usr/bin:/bin")
    piper = Piper("de", make_voice(tmp_path / "voice.onnx", 500), Path("piper"))
    assert len(piper.speak("Tag", voice="de", speed=150)[0]) > 0


def remove_voice(folder: Path) -> None:
    (folder / "voice.onnx").unlink()


def break_voice(folder: Path) -> None:
    (folder / "voice.onnx").write_text("version https://git-lfs.github.com/spec/v1")


def remove_description(folder: Path) -> None:
    (folder / "voice.onnx.json").unlink()


def break_description(folder: Path) -> None:
    (folder / "voice.onnx.json").write_text('{"audio": ')


def mistake_description(folder: Path) -> None:
    (folder / "voice.onnx.json").write_text(json.dumps(["a", "list"]))


def stretch_without_end(folder: Path) -> None:
    make_voice(folder / "voice.onnx", 500, length_scale=float("nan"))


def remove_program(folder: Path) -> None:
    (folder / "piper").unlink()


def lock_program(folder: Path) -> None:
    (folder / "piper").chmod(0o644)


def another_program(folder: Path) -> None:
    (folder / "piper").write_text(f"#!{sys.executable}\nraise SystemExit('no display')\n")


def program_of_a_gone_python(folder: Path) -> None:
    (folder / "piper").write_text("#!/nonexistent/python\n")


VOICE = r"speech\.voices\.de: .*"
MEND = ".*take the voice out of the settings"


@pytest.mark.parametrize(
    ("harm", "said"),
    [
        (remove_voice, VOICE + r"voice\.onnx cannot be read \(No such file" + MEND),
        (break_voice, VOICE + "status 1 .*Protobuf parsing failed.*fetch" + MEND),
        (remove_description, VOICE + r"voice\.onnx\.json cannot be read \(No such" + MEND),
        (break_description, VOICE + r"voice\.onnx\.json does not describe a Piper voice" + MEND),
        (mistake_description, VOICE + "does not describe a Piper voice" + MEND),
        (stretch_without_end, VOICE + "does not describe a Piper voice" + MEND),
        (remove_program, r"speech\.piper: .*/piper' cannot be run.*install piper-tts" + MEND),
        (lock_program, r"speech\.piper: .*/piper' cannot be run" + MEND),
        (another_program, VOICE + r"no display.*see that speech\.piper" + MEND),
        (program_of_a_gone_python, r"speech\.piper: .*/piper' cannot be run" + MEND),
    ],
)
def test_a_voice_or_program_that_fails_is_named_and_no_other_voice_speaks(
    tmp_path: Path, harm: Callable[[Path], None], said: str
) -> None:
    make_voice(tmp_path / "voice.onnx", 500)
    german = voices(tmp_path)
    harm(tmp_path)
    with pytest.raises(VoiceUnusable, match=said) as refused:
        build(tmp_path / "out", GERMAN, ENGLISH, voices=german)
    assert "\n" not in str(refused.value)
    assert not (tmp_path / "out").exists()


def test_a_text_without_words_is_named(tmp_path: Path) -> None:
    make_voice(tmp_path / "voice.onnx", 500)
    with pytest.raises(SynthesisFailed, match=r"'de/a': what piper gave .*; has it words\?"):
        build(tmp_path / "out", plan({"a": "..."}, language="de"), voices=voices(tmp_path))


def test_a_broken_voice_in_a_language_that_nobody_speaks_harms_nobody(tmp_path: Path) -> None:
    build(tmp_path / "out", ENGLISH, voices=voices(tmp_path, program=tmp_path / "none"))
