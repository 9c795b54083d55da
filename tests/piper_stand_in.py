"""A program with Piper's command line, whose voices are tones.

What it does as Piper does: each line of standard input is a text, each sentence of it is spoken, a
pause of `--sentence_silence` lies between two, `--length_scale` stretches what is spoken but not
the pause, `-f -` writes a WAV file of 16 bit to standard output; a text without words gives nothing
at all and status 0; a file that is missing or broken ends in a traceback and status 1.
A voice is a file with `tone <hertz>` in it.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
import wave
from pathlib import Path

import numpy as np

SECONDS_A_LETTER = 0.06


def install(folder: Path) -> Path:
    """Put the program into a folder; gives its path."""
    program = folder / "piper"
    program.write_text(f'#!/bin/sh\nexec {sys.executable} {Path(__file__).resolve()} "$@"\n')
    program.chmod(0o755)
    return program


def make_voice(file: Path, hertz: int, *, length_scale: float = 1.0, rate: int = 22050) -> Path:
    """A voice: its two files."""
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(f"tone {hertz}")
    inference = {"noise_scale": 0.667, "length_scale": length_scale, "noise_w": 0.8}
    description = {"audio": {"sample_rate": rate}, "inference": inference, "num_symbols": 256}
    file.with_name(f"{file.name}.json").write_text(json.dumps(description))
    return file


def _speak() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("-m", required=True)
    parser.add_argument("-c", required=True)
    parser.add_argument("-f", required=True, choices=["-"])
    parser.add_argument("--length_scale", type=float, required=True)
    parser.add_argument("--sentence_silence", type=float, required=True)
    asked = parser.parse_args()
    description = json.loads(Path(asked.c).read_text())
    rate, _ = description["audio"]["sample_rate"], description["num_symbols"]
    kind, _, hertz = Path(asked.m).read_text().partition(" ")
    if kind != "tone":
        raise ValueError(f"Load model from {asked.m} failed:Protobuf parsing failed.")
    spoken = []
    for line in sys.stdin:
        sentences = [s for s in re.split(r"(?<=[.!?])\s", line) if re.search(r"\w", s)]
        for number, sentence in enumerate(sentences):
            if number:
                spoken.append(np.zeros(int(rate * asked.sentence_silence)))
            letters = len(re.findall(r"\w", sentence))
            at = np.arange(round(rate * letters * SECONDS_A_LETTER * asked.length_scale)) / rate
            spoken.append(np.sin(2 * np.pi * float(hertz) * at) * np.abs(np.sin(9 * at)))
    if not spoken:
        return
    with wave.open(sys.stdout.buffer, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes((np.concatenate(spoken) * 32767).astype("<i2").tobytes())


if __name__ == "__main__":
    _speak()
