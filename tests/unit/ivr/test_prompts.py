"""Prompts: real espeak-ng, recordings and the cache; the files are measured, not trusted."""

from __future__ import annotations

import io
import json
import sys
import wave
from pathlib import Path

import numpy as np
import pytest

from ivr.dialplan import Plan, load_plan
from ivr.speech.espeak import EspeakNg, SynthesiserMissing, SynthesisFailed
from ivr.speech.prompts import (
    BuildReport,
    PromptsDiffer,
    RecordingBroken,
    build_prompts,
    missing_prompts,
)
from ivr.speech.sound import Sound, SoundBroken, read_wav, to_telephone
from tests.programs import real_espeak

ROOT = Path(__file__).parents[3]
NOBODY = EspeakNg(("/nonexistent/espeak-ng",))


def plan(prompts: dict[str, str], *, language: str = "en", file: str = "a.yaml") -> Plan:
    said = ", ".join(prompts)
    document = {"language": language, "start": "bye", "prompts": prompts}
    nodes = f'"nodes": {{"bye": {{"goodbye": [{said}]}}}}'
    text = json.dumps(document, ensure_ascii=False)[:-1] + f", {nodes}}}"
    return load_plan(text, file=file, queues=[])


def build(out: Path, *plans: Plan, synthesiser: EspeakNg | None = None) -> BuildReport:
    return build_prompts(plans, out.parent / "recorded", out, synthesiser or real_espeak())


def record(folder: Path, name: str, sound: Sound, rate: int, channels: int = 1) -> Path:
    path = folder / f"{name}.wav"
    path.parent.mkdir(parents=True, exist_ok=True)
    with wave.open(str(path), "wb") as file:
        file.setnchannels(channels)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(np.repeat((sound * 32767).astype("<i2"), channels).tobytes())
    return path


def tone(hertz: float, seconds: float, rate: int) -> Sound:
    return 0.3 * np.sin(2 * np.pi * hertz * np.arange(round(seconds * rate)) / rate)


def shipped() -> list[Plan]:
    files = sorted((ROOT / "dialplans").glob("*/*.yaml"))
    return [load_plan(f.read_bytes(), file=f.name, queues=["service"]) for f in files]


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> BuildReport:
    """The three shipped lines, spoken by the espeak-ng of this machine."""
    return build(tmp_path_factory.mktemp("prompts") / "out", *shipped())


def test_every_prompt_of_the_shipped_lines_is_speech_a_telephone_can_carry(
    built: BuildReport,
) -> None:
    assert len(built.prompts) == sum(len(plan.prompts) for plan in shipped())
    levels = []
    for prompt in built.prompts:
        with wave.open(str(built.out / f"{prompt.name}.wav")) as file:
            shape = file.getframerate(), file.getnchannels(), file.getsampwidth()
            samples = np.frombuffer(file.readframes(file.getnframes()), "<i2") / 32768
        assert shape == (8000, 1, 2)
        assert len(samples) / 8000 == pytest.approx(prompt.seconds, abs=0.001)
        assert np.abs(samples).max() < 0.75, f"{prompt.name} is near clipping"
        frames = samples[: len(samples) // 80 * 80].reshape(-1, 80)
        loud = np.sqrt(np.mean(np.square(frames), axis=1))
        levels.append(20 * np.log10(np.sqrt(np.mean(np.square(loud[loud > loud.max() / 30])))))
        assert np.flatnonzero(loud > 0.003)[0] < 15, f"{prompt.name} begins with silence"
        assert len(loud) - np.flatnonzero(loud > 0.003)[-1] < 40, f"{prompt.name} ends in silence"
        spectrum = np.square(np.abs(np.fft.rfft(samples)))
        carried = spectrum[len(spectrum) // 20 : len(spectrum) * 9 // 10].sum()  # 200 to 3600 Hz
        assert carried > 0.5 * spectrum.sum(), f"{prompt.name} lies outside a telephone's band"
    assert max(levels) - min(levels) < 1.5, "prompts are not evenly loud"


def test_welcome_and_main_menu_are_short_in_each_language(built: BuildReport) -> None:
    seconds = {prompt.name: prompt.seconds for prompt in built.prompts}
    for language in ("de", "en", "ko"):
        assert 1 < seconds[f"{language}/welcome"] < 6
        assert 5 < seconds[f"{language}/main_menu"] < 20
    assert max(seconds.values()) < 25


def test_a_second_build_makes_nothing_and_needs_no_espeak(built: BuildReport) -> None:
    before = {path: path.stat().st_mtime_ns for path in built.out.rglob("*")}
    again = build(built.out, *shipped(), synthesiser=NOBODY)
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


def test_a_file_damaged_since_the_last_build_is_missing_and_made_anew(tmp_path: Path) -> None:
    out, one = tmp_path / "out", plan({"a": "One."})
    build(out, one)
    good = (out / "en" / "a.wav").read_bytes()
    (out / "en" / "a.wav").write_bytes(good[:100])
    assert missing_prompts([one], tmp_path / "recorded", out) == ("en/a",)
    build(out, one)
    assert (out / "en" / "a.wav").read_bytes() == good
    (out / "manifest.json").write_text("{broken")
    assert build(out, one).prompts[0].made


@pytest.mark.parametrize(("rate", "channels"), [(8000, 1), (16000, 2), (44100, 2), (48000, 1)])
def test_a_recorded_file_wins_over_the_spoken_one(tmp_path: Path, rate: int, channels: int) -> None:
    record(tmp_path / "recorded", "en/a", tone(700, 1.5, rate), rate, channels)
    report = build(tmp_path / "out", plan({"a": "Not spoken."}), synthesiser=NOBODY)
    assert report.prompts[0].source == "recorded"
    sound, got = read_wav((tmp_path / "out" / "en" / "a.wav").read_bytes())
    assert (got, len(sound) / got) == (8000, pytest.approx(1.65, abs=0.1))
    peak = np.argmax(np.abs(np.fft.rfft(sound))) * got / len(sound)
    assert peak == pytest.approx(700, abs=5)


def test_a_recording_taken_away_is_spoken_again(tmp_path: Path) -> None:
    path = record(tmp_path / "recorded", "en/a", tone(700, 1, 16000), 16000)
    out, one = tmp_path / "out", plan({"a": "One."})
    build(out, one)
    path.unlink()
    assert [(p.source, p.made) for p in build(out, one).prompts] == [("spoken", True)]


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "is no WAV file"),
        (b"ID3 is no WAV at all", "is no WAV file"),
        (b"RIFF\x04\x00\x00\x00WAVE", "ends before its sound begins"),
        ("silence", "is silent"),
        ("8 bit", "must be PCM of 16 bit"),
        ("32 kHz", "must be PCM of 16 bit"),
    ],
)
def test_a_broken_recording_is_named_and_nothing_is_built(
    tmp_path: Path, content: bytes | str, why: str
) -> None:
    path = record(
        tmp_path / "recorded", "en/a", np.zeros(8000), 32000 if "kHz" in str(content) else 8000
    )
    if isinstance(content, bytes):
        path.write_bytes(content)
    elif content == "8 bit":
        eight = io.BytesIO()
        with wave.open(eight, "wb") as file:
            file.setnchannels(1)
            file.setsampwidth(1)
            file.setframerate(8000)
            file.writeframes(b"\x80\xff" * 4000)
        path.write_bytes(eight.getvalue())
    with pytest.raises(RecordingBroken, match=why) as refused:
        build(tmp_path / "out", plan({"a": "One.", "b": "Two."}))
    assert str(path) in str(refused.value)
    assert not (tmp_path / "out").exists()


def test_one_prompt_with_two_texts_names_both_dialplans(tmp_path: Path) -> None:
    first, other = plan({"a": "One."}, file="x.yaml"), plan({"a": "Two."}, file="y.yaml")
    with pytest.raises(PromptsDiffer, match=r"y\.yaml: prompt 'a' .* x\.yaml"):
        build(tmp_path / "out", first, other)
    build(tmp_path / "out", first, plan({"a": "One."}, file="z.yaml"))
    build(tmp_path / "out", first, plan({"a": "Zwei."}, language="de", file="y.yaml"))


def test_without_espeak_it_is_said_what_to_do_and_nothing_is_built(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    for nobody in (NOBODY, None):
        with pytest.raises(SynthesiserMissing, match="install"):
            build_prompts([plan({"a": "One."})], tmp_path / "r", tmp_path / "out", nobody)
    assert not (tmp_path / "out").exists()


def test_a_failing_espeak_leaves_the_last_build_as_it_was(tmp_path: Path) -> None:
    out = tmp_path / "out"
    build(out, plan({"a": "One."}))
    before = {path: path.read_bytes() for path in out.rglob("*") if path.is_file()}
    failing = EspeakNg((sys.executable, "-c", "import sys; sys.exit('no such voice')"))
    with pytest.raises(SynthesisFailed, match=r"'en/b': espeak-ng ended with status 1 .*no such"):
        build(out, plan({"b": "Two."}), synthesiser=failing)
    babbling = EspeakNg((sys.executable, "-c", "print('hello')"))
    with pytest.raises(SynthesisFailed, match="is no WAV file"):
        build(out, plan({"b": "Two."}), synthesiser=babbling)
    with pytest.raises(SynthesisFailed, match="has it words"):
        build(out, plan({"b": "..."}))
    assert {path: path.read_bytes() for path in out.rglob("*") if path.is_file()} == before


def test_a_text_reaches_espeak_by_stdin_and_never_as_an_argument(tmp_path: Path) -> None:
    seen = tmp_path / "seen"
    script = f"import sys; open({str(seen)!r}, 'w').write(repr((sys.argv, sys.stdin.read())))"
    spy = EspeakNg((sys.executable, "-c", script))
    with pytest.raises(SynthesisFailed):
        build(tmp_path / "out", plan({"a": "--version; $(id)"}), synthesiser=spy)
    assert seen.read_text().count("$(id)") == 1
    assert "'--version; $(id)')" in seen.read_text()


def test_progress_is_told_up_to_the_last_prompt(tmp_path: Path) -> None:
    told: list[tuple[int, int, str]] = []
    build_prompts(
        [plan({"a": "One.", "b": "Two."})],
        tmp_path / "r",
        tmp_path / "out",
        real_espeak(),
        progress=lambda ready, total, name: told.append((ready, total, name)),
    )
    assert told == [(1, 2, "en/a"), (2, 2, "en/b")]


@pytest.mark.parametrize("rate", [16000, 22050, 44100, 48000])
def test_what_a_telephone_cannot_carry_is_gone_and_the_rest_is_untouched(rate: int) -> None:
    inside, outside = tone(1000, 1, rate), tone(min(5200, rate / 2 - 500), 1, rate)
    kept, gone = to_telephone(inside, rate)[800:-800], to_telephone(outside, rate)[800:-800]
    assert np.std(kept) == pytest.approx(np.std(inside), rel=1e-3)
    assert np.std(gone) < 1e-4
    between = tone(3800, 1, rate)
    assert np.std(to_telephone(between, rate)[800:-800]) < 0.2 * np.std(between)


def test_a_wav_cut_short_in_its_header_is_no_sound() -> None:
    for length in range(44):
        with pytest.raises(SoundBroken):
            read_wav((b"RIFF\xff\xff\xff\xffWAVEfmt \x10\x00\x00\x00" + bytes(24))[:length])
