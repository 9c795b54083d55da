"""Who speaks a language: the Piper voice that the settings name for it, else espeak-ng."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from ivr.speech.espeak import EspeakNg
from ivr.speech.piper import Piper
from ivr.speech.synthesiser import Synthesiser


@dataclass(frozen=True, slots=True)
class Voices:
    """espeak-ng, and the languages that somebody else speaks."""

    espeak: EspeakNg
    piper: Mapping[str, Piper] = field(default_factory=dict)

    def of(self, language: str) -> Synthesiser:
        """Who speaks this language. A voice that is named but unusable is never replaced."""
        return self.piper.get(language, self.espeak)


def find_voices(espeak: Sequence[str] | None, voices: Mapping[str, Path], piper: Path) -> Voices:
    """The voices of the settings (`speech.voices`, `speech.piper`), and espeak-ng's command."""
    named = {language: Piper(language, file, piper) for language, file in voices.items()}
    return Voices(EspeakNg(espeak or ()), named)
