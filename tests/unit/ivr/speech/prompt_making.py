"""Dialplans of a few prompts, recordings, and who speaks, for the tests of prompts."""

from __future__ import annotations

import json
import wave
from pathlib import Path

import numpy as np

from ivr.dialplan import Plan, load_plan
from ivr.speech.espeak import EspeakNg
from ivr.speech.prompts import BuildReport, build_prompts
from ivr.speech.sound import Sound
from ivr.speech.voices import Voices
from tests.programs import real_espeak

ROOT = Path(__file__).parents[4]
NOBODY = EspeakNg(("/nonexistent/espeak-ng",))


def plan(
    prompts: dict[str, str], *, language: str = "en", file: str = "a.yaml", speed: int = 150
) -> Plan:
    """A dialplan that says these prompts."""
    said = ", ".join(prompts)
    document = {"language": language, "speed": speed, "start": "bye", "prompts": prompts}
    nodes = f'"nodes": {{"bye": {{"goodbye": [{said}]}}}}'
    text = json.dumps(document, ensure_ascii=False)[:-1] + f", {nodes}}}"
    return load_plan(text, file=file, queues=[])


def shipped() -> list[Plan]:
    """The lines that ship."""
    files = sorted((ROOT / "dialplans").glob("*/*.yaml"))
    return [load_plan(f.read_bytes(), file=f.name, queues=["service"]) for f in files]


def build(
    out: Path, *plans: Plan, espeak: EspeakNg | None = None, voices: Voices | None = None
) -> BuildReport:
    """Build beside `recorded/`, by the espeak-ng of this machine."""
    voices = voices or Voices(espeak or real_espeak())
    return build_prompts(plans, out.parent / "recorded", out, voices)


def record(
    folder: Path, name: str, sound: Sound, rate: int, *, channels: int = 1, width: int = 2
) -> Path:
    """A recording of `width` bytes a sample, alike in all channels."""
    path = folder / f"{name}.wav"
    path.parent.mkdir(parents=True, exist_ok=True)
    full = 2 ** (8 * width - 1) - 1
    whole = np.repeat(np.rint(sound * full).astype("<i4"), channels)
    data = whole.view(np.uint8).reshape(-1, 4)[:, :width]
    with wave.open(str(path), "wb") as file:
        file.setnchannels(channels)
        file.setsampwidth(width)
        file.setframerate(rate)
        file.writeframes((data + 128 if width == 1 else data).astype(np.uint8).tobytes())
    return path


def tone(hertz: float, seconds: float, rate: int, level: float = 0.3) -> Sound:
    return level * np.sin(2 * np.pi * hertz * np.arange(round(seconds * rate)) / rate)


def pitch(sound: Sound, rate: int) -> float:
    """The strongest tone, in Hz."""
    return float(np.argmax(np.abs(np.fft.rfft(sound))) * rate / len(sound))
