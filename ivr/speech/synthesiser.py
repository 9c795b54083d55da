"""What a program that speaks has to offer, how it is run, and what is said if it does not."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from typing import Protocol

from ivr.speech.sound import Sound


class SynthesiserMissing(Exception):
    """There is no program that can speak prompts; the operator must install one."""

    code = "synthesiser_missing"

    def __init__(self) -> None:
        super().__init__(
            "espeak-ng was not found, so prompts cannot be spoken; "
            "install it (Debian: apt-get install espeak-ng), or record every prompt"
        )


class SynthesisFailed(Exception):
    """A program that speaks ran, but gave no speech for this text."""

    code = "synthesis_failed"


class VoiceUnusable(Exception):
    """A voice of the settings cannot speak; the operator must mend or take back a setting."""

    code = "voice_unusable"


class Synthesiser(Protocol):
    """Turns text into speech. `voice` is one of espeak-ng's, as a dialplan names it."""

    def identity(self, voice: str) -> Sequence[str]:
        """All that the sound depends on besides text and speed; its first word is the program."""

    def speak(self, text: str, *, voice: str, speed: int) -> tuple[Sound, int]:
        """Samples and their rate in Hz; `speed` is in words a minute.

        Raises `SynthesiserMissing`, `SynthesisFailed` or `VoiceUnusable`.
        """


def run(
    name: str, command: Sequence[str], text: str, *, timeout_s: float
) -> subprocess.CompletedProcess[bytes]:
    """Run a program with the text on its standard input, until it ends.

    Raises `SynthesisFailed`, or `FileNotFoundError` if there is no such program.
    """
    try:
        return subprocess.run(  # noqa: S603  (a program of the settings; the text goes by stdin)
            command, input=text.encode(), capture_output=True, timeout=timeout_s, check=False
        )
    except FileNotFoundError:
        raise
    except subprocess.TimeoutExpired:
        raise SynthesisFailed(f"{name} gave no speech within {timeout_s:g} s") from None
    except OSError as error:
        raise SynthesisFailed(f"{name} cannot be started: {error.strerror}") from None


def complaint(stderr: bytes, *, line: int) -> str:
    """The line of what a program complained about that says most: its first (0) or last (-1)."""
    said = stderr.decode(errors="replace").strip().splitlines() or ["it said nothing"]
    return said[line].strip()[:200]
