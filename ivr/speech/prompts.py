"""Which sound file each prompt gets, and which are still good: a recorded one, else a spoken one.

Nothing is written before every prompt could be made; each file then appears whole, and the note of
what they are last. So a build that is killed, or finds the disk full, leaves whole files only, and
the next one makes anew whatever the note does not answer for. One build at a time writes a folder.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from ivr.dialplan.plan import Plan
from ivr.speech.loudness import even_wav
from ivr.speech.prompt_manifest import Kept, is_good, left_halves, read_manifest, write_manifest
from ivr.speech.prompt_sources import (
    PromptsDiffer,
    RecordingBroken,
    Wanted,
    sha256,
    wanted_prompts,
)
from ivr.speech.sound import RATE, SoundBroken, read_wav, to_telephone, write_whole
from ivr.speech.synthesiser import SynthesiserMissing, SynthesisFailed, VoiceUnusable
from ivr.speech.voices import Voices

_AT_ONCE = 2
_HEADER = 44  # bytes of a WAV file before its sound

Source = Literal["spoken", "recorded"]
Progress = Callable[[int, int, str], None]


class BuildUnderWay(Exception):
    """Another build writes the same folder at this moment; whoever started this one must wait."""

    code = "build_under_way"


# Why prompts were not built; the text of each says what to do.
NOT_BUILT = (
    PromptsDiffer,
    RecordingBroken,
    SynthesiserMissing,
    SynthesisFailed,
    VoiceUnusable,
    BuildUnderWay,
)


@dataclass(frozen=True, slots=True)
class BuiltPrompt:
    """One sound file. `name` is `<language>/<prompt id>`; `made` is False if it was still good.

    `by` is the program that speaks it, or "recording".
    """

    name: str
    source: Source
    by: str
    seconds: float
    made: bool


@dataclass(frozen=True, slots=True)
class BuildReport:
    """What a build did: all prompts in order of name, and the names of files it removed."""

    out: Path
    prompts: tuple[BuiltPrompt, ...]
    removed: tuple[str, ...]


def build_prompts(
    plans: Sequence[Plan],
    recorded: Path,
    out: Path,
    voices: Voices,
    *,
    progress: Progress | None = None,
) -> BuildReport:
    """Make `<out>/<language>/<id>.wav` for every prompt of the plans: 8 kHz, mono, 16 bit.

    `recorded` holds recordings by the same names, which win. No program has to be there if all
    prompts are recorded or still good. `progress` is told (ready, all, name) as each prompt is
    ready. Raises one of `NOT_BUILT` or `OSError`, and has then changed nothing, but for an
    `OSError` in the middle of writing, after which the next build mends what is missing.
    """
    if out.resolve() == recorded.resolve():
        raise RecordingBroken(f"{out}: prompts cannot be built into the recordings; choose another")
    wanted = wanted_prompts(plans, recorded, voices)
    with _alone(out):
        manifest = read_manifest(out)
        missing = [prompt for prompt in wanted if not is_good(prompt, manifest, out)]
        ready = len(wanted) - len(missing)
        made: dict[str, bytes] = {}
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            jobs = [pool.submit(_make, prompt) for prompt in missing]
            try:
                for prompt, job in zip(missing, jobs, strict=True):
                    made[prompt.name] = job.result()
                    ready += 1
                    if progress is not None:
                        progress(ready, len(wanted), prompt.name)
            finally:
                pool.shutdown(cancel_futures=True)
        return _store(out, wanted, made, manifest)


@contextlib.contextmanager
def _alone(out: Path) -> Iterator[None]:
    """Hold the folder; a build that fails leaves none that was not there."""
    ours = not out.exists()
    out.mkdir(parents=True, exist_ok=True)
    folder = os.open(out, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
        try:
            yield
        finally:
            if ours:
                with contextlib.suppress(OSError):  # only an empty folder can go
                    out.rmdir()
    except BlockingIOError:
        raise BuildUnderWay(
            f"{out}: another build is writing prompts here; wait until it has ended, "
            "then start again"
        ) from None
    finally:
        os.close(folder)


def _make(wanted: Wanted) -> bytes:
    if wanted.recording is not None:
        return _from_recording(wanted.recording)
    try:
        sound, rate = wanted.speaker.speak(wanted.text, voice=wanted.voice, speed=wanted.speed)
        return even_wav(to_telephone(sound, rate))
    except SoundBroken as error:
        raise SynthesisFailed(f"prompt '{wanted.name}' {error}; has it words?") from None
    except SynthesisFailed as error:
        raise SynthesisFailed(f"prompt '{wanted.name}': {error}") from None


def _from_recording(path: Path) -> bytes:
    try:
        return even_wav(to_telephone(*read_wav(path.read_bytes())))
    except OSError as error:
        raise RecordingBroken(
            f"{path}: the recording cannot be read ({error.strerror}); mend or delete it"
        ) from None
    except SoundBroken as error:
        raise RecordingBroken(
            f"{path}: the recording {error}; record it anew or delete it"
        ) from None


def _store(
    out: Path, wanted: Sequence[Wanted], made: Mapping[str, bytes], old: Mapping[str, Kept]
) -> BuildReport:
    for half in left_halves(out):
        with contextlib.suppress(OSError):
            half.unlink()
    manifest: dict[str, Kept] = {}
    prompts = []
    for prompt in wanted:
        data = made.get(prompt.name)
        if data is not None:
            write_whole(out / f"{prompt.name}.wav", data)
            seconds = (len(data) - _HEADER) / 2 / RATE
            manifest[prompt.name] = Kept(prompt.key, sha256(data), round(seconds, 3))
        else:
            manifest[prompt.name] = old[prompt.name]
        source: Source = "spoken" if prompt.recording is None else "recorded"
        seconds = manifest[prompt.name].seconds
        prompts.append(BuiltPrompt(prompt.name, source, prompt.by, seconds, data is not None))
    removed = tuple(sorted(set(old) - set(manifest)))
    if made or removed:
        write_manifest(out, manifest)
    for name in removed:  # only what a build of ours wrote is ever deleted
        (out / f"{name}.wav").unlink(missing_ok=True)
    return BuildReport(out, tuple(prompts), removed)
