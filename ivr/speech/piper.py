"""How a text becomes speech with a Piper voice: the program of the settings, text in, WAV out.

Piper is licensed under the GPL: it is a program that someone may have beside us, never a part of
what we ship. It is asked only for what all its releases know: `-m`, `-c`, `-f -`, `--length_scale`
and `--sentence_silence`, with one line of text by stdin.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from dataclasses import dataclass
from pathlib import Path

from ivr.speech.sound import Sound, SoundBroken, read_wav
from ivr.speech.synthesiser import SynthesisFailed, VoiceUnusable, complaint, run

OWN_PACE = 150  # words a minute that a voice is taken to speak by itself: a dialplan's default
_SENTENCE_PAUSE_S = 0.25
_TIMEOUT_S = 180  # loading a large voice and 600 characters on a slow machine


@dataclass(frozen=True, slots=True)
class Piper:
    """The voice of one language: `voice` is its `.onnx` file, with its `.onnx.json` beside it.

    `program` is looked up on PATH if it has no folder.
    """

    language: str
    voice: Path
    program: Path

    def identity(self, voice: str) -> tuple[str, ...]:
        """The program and the content of the voice's two files. Raises `VoiceUnusable`.

        `voice` is not used: it is a name of espeak-ng's.
        """
        return ("piper", self._sha256(self.voice), self._sha256(self._description))

    def speak(self, text: str, *, voice: str, speed: int) -> tuple[Sound, int]:
        """Samples and their rate in Hz. `speed` is in words a minute, 150 being the voice's own.

        Raises `VoiceUnusable` or `SynthesisFailed`.
        """
        scale = self._length_scale() * OWN_PACE / speed
        files = ["-m", str(self.voice.absolute()), "-c", str(self._description.absolute())]
        pace = ["--length_scale", f"{scale:.4f}", "--sentence_silence", str(_SENTENCE_PAUSE_S)]
        try:
            ended = run(
                "piper",
                [self._found_program(), *files, "-f", "-", *pace],
                " ".join(text.split()),  # a line break would begin another text
                timeout_s=_TIMEOUT_S,
            )
        except FileNotFoundError:  # what its first line names is gone
            raise self._program_missing() from None
        if ended.returncode != 0:
            raise VoiceUnusable(
                f"{self._setting}: piper ended with status {ended.returncode} for {self.voice}: "
                f"{complaint(ended.stderr, line=-1)}; fetch the voice's two files anew, see that "
                f"speech.piper ({self.program}) is the program of piper-tts, or take the voice "
                "out of the settings"
            )
        try:
            return read_wav(ended.stdout)
        except SoundBroken as error:
            raise SynthesisFailed(
                f"what piper gave ({self._setting}) {error}; has it words?"
            ) from None

    @property
    def _setting(self) -> str:
        return f"speech.voices.{self.language}"

    @property
    def _description(self) -> Path:
        return self.voice.with_name(f"{self.voice.name}.json")

    def _found_program(self) -> str:
        found = shutil.which(self.program)
        if found is None:
            raise self._program_missing()
        return found

    def _program_missing(self) -> VoiceUnusable:
        return VoiceUnusable(
            f"speech.piper: the program '{self.program}' cannot be run, and {self._setting} needs "
            "it; install piper-tts, name its program by its full path, or take the voice out of "
            "the settings"
        )

    def _length_scale(self) -> float:
        """How long the voice holds each sound by itself, of its description."""
        try:
            description = json.loads(self._description.read_bytes())
            scale = float(description.get("inference", {}).get("length_scale", 1.0))
            if not (description["audio"]["sample_rate"] and 0.05 <= scale <= 20):
                raise ValueError
        except OSError as error:
            raise self._file_unreadable(self._description, error) from None
        except (ValueError, KeyError, TypeError, AttributeError):
            raise VoiceUnusable(
                f"{self._setting}: {self._description} does not describe a Piper voice; "
                "fetch the voice's two files anew, or take the voice out of the settings"
            ) from None
        return scale

    def _sha256(self, path: Path) -> str:
        try:
            with path.open("rb") as file:
                return hashlib.file_digest(file, "sha256").hexdigest()
        except OSError as error:
            raise self._file_unreadable(path, error) from None

    def _file_unreadable(self, path: Path, error: OSError) -> VoiceUnusable:
        return VoiceUnusable(
            f"{self._setting}: {path} cannot be read ({error.strerror}); name the .onnx file of a "
            "Piper voice, with its .onnx.json beside it, or take the voice out of the settings, "
            "and espeak-ng speaks"
        )
