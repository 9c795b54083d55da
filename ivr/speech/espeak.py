"""How a text becomes speech: espeak-ng as a program of its own, text in by stdin, sound out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ivr.speech.sound import Sound, SoundBroken, read_wav
from ivr.speech.synthesiser import SynthesiserMissing, SynthesisFailed, complaint, run

__all__ = ["EspeakNg", "SynthesisFailed", "SynthesiserMissing"]

_TIMEOUT_S = 60


@dataclass(frozen=True, slots=True)
class EspeakNg:
    """espeak-ng, started by `command` (program and fixed arguments); empty if it is not there."""

    command: Sequence[str]

    def identity(self, voice: str) -> tuple[str, ...]:
        """The program and its voice."""
        return ("espeak-ng", voice)

    def speak(self, text: str, *, voice: str, speed: int) -> tuple[Sound, int]:
        """Samples and their rate in Hz. `speed` is in words a minute.

        Raises `SynthesiserMissing` or `SynthesisFailed`.
        """
        arguments = ["-v", voice, "-s", str(speed), "-b", "1", "--stdin", "--stdout"]
        if not self.command:
            raise SynthesiserMissing
        try:
            ended = run("espeak-ng", [*self.command, *arguments], text, timeout_s=_TIMEOUT_S)
        except FileNotFoundError:
            raise SynthesiserMissing from None
        if ended.returncode != 0:
            raise SynthesisFailed(
                f"espeak-ng ended with status {ended.returncode} (voice '{voice}'): "
                f"{complaint(ended.stderr, line=0)}"
            )
        try:
            return read_wav(ended.stdout)
        except SoundBroken as error:
            raise SynthesisFailed(f"what espeak-ng gave (voice '{voice}') {error}") from None
