"""How a text becomes speech: espeak-ng as a program of its own, text in by stdin, sound out."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from dataclasses import dataclass

from ivr.speech.sound import Sound, SoundBroken, read_wav

_TIMEOUT_S = 60


class SynthesiserMissing(Exception):
    """There is no program that can speak prompts; the operator must install one."""

    code = "synthesiser_missing"

    def __init__(self) -> None:
        super().__init__(
            "espeak-ng was not found, so prompts cannot be spoken; "
            "install it (Debian: apt-get install espeak-ng), or record every prompt"
        )


class SynthesisFailed(Exception):
    """espeak-ng ran, but gave no speech for this text."""

    code = "synthesis_failed"


@dataclass(frozen=True, slots=True)
class EspeakNg:
    """espeak-ng, started by `command` (program and fixed arguments)."""

    command: Sequence[str]

    def speak(self, text: str, *, voice: str, speed: int) -> tuple[Sound, int]:
        """Samples and their rate in Hz. `speed` is in words a minute.

        Raises `SynthesiserMissing` or `SynthesisFailed`.
        """
        arguments = ["-v", voice, "-s", str(speed), "-b", "1", "--stdin", "--stdout"]
        try:
            ended = subprocess.run(  # noqa: S603  (a fixed program; the text goes by stdin)
                [*self.command, *arguments],
                input=text.encode(),
                capture_output=True,
                timeout=_TIMEOUT_S,
                check=False,
            )
        except FileNotFoundError:
            raise SynthesiserMissing from None
        except subprocess.TimeoutExpired:
            raise SynthesisFailed(f"espeak-ng gave no speech within {_TIMEOUT_S} s") from None
        except OSError as error:
            raise SynthesisFailed(f"espeak-ng cannot be started: {error.strerror}") from None
        if ended.returncode != 0:
            said = ended.stderr.decode(errors="replace").strip().splitlines() or ["it said nothing"]
            raise SynthesisFailed(
                f"espeak-ng ended with status {ended.returncode} (voice '{voice}'): {said[0][:200]}"
            )
        try:
            return read_wav(ended.stdout)
        except SoundBroken as error:
            raise SynthesisFailed(f"what espeak-ng gave (voice '{voice}') {error}") from None
