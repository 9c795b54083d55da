"""Which sound file each prompt gets, and which are still good: a recorded one, else a spoken one.

A recording that cannot be used is no reason to answer no calls: its prompt is spoken, and the
report names the recording.

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
from ivr.speech.recording import RecordingUnusable, read_recording
from ivr.speech.sound import RATE, SoundBroken, to_telephone, write_whole
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
class UnusedRecording:
    """A recording that cannot be used, so that its prompt is spoken; `str()` is the line to show.

    `prompt` is `<language>/<prompt id>`; `message` says what is wrong and the mend.
    """

    file: Path
    prompt: str
    message: str

    def __str__(self) -> str:
        return f"{self.file}: {self.message}; until then its text is spoken"


@dataclass(frozen=True, slots=True)
class BuildReport:
    """What a build did: all prompts in order of name, and the names of files it removed.

    `unused` are the recordings that cannot be used, in order of prompt, also those of files that
    were still good.
    """

    out: Path
    prompts: tuple[BuiltPrompt, ...]
    removed: tuple[str, ...]
    unused: tuple[UnusedRecording, ...]


@dataclass(frozen=True, slots=True)
class _Made:
    """The WAV file of a prompt, and which key of `Wanted` it was made by."""

    data: bytes
    key: str


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
        made: dict[str, _Made] = {}
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


def _make(wanted: Wanted) -> _Made:
    if wanted.recording is None:
        return _Made(_spoken(wanted), wanted.key)
    try:
        return _Made(even_wav(read_recording(wanted.recording).sound), wanted.key)
    except RecordingUnusable as unusable:
        try:
            return _Made(_spoken(wanted), wanted.key_instead or wanted.key)
        except (SynthesiserMissing, SynthesisFailed, VoiceUnusable) as error:
            raise RecordingBroken(
                f"{wanted.recording}: {unusable}; its text cannot be spoken instead: {error}"
            ) from None


def _spoken(wanted: Wanted) -> bytes:
    try:
        sound, rate = wanted.speaker.speak(wanted.text, voice=wanted.voice, speed=wanted.speed)
        return even_wav(to_telephone(sound, rate))
    except SoundBroken as error:
        raise SynthesisFailed(f"prompt '{wanted.name}' {error}; has it words?") from None
    except SynthesisFailed as error:
        raise SynthesisFailed(f"prompt '{wanted.name}': {error}") from None


def _unused(wanted: Wanted) -> UnusedRecording | None:
    """What is wrong with a recording whose prompt was spoken."""
    if wanted.recording is None:
        return None
    try:
        read_recording(wanted.recording)
    except RecordingUnusable as error:
        return UnusedRecording(wanted.recording, wanted.name, str(error))
    return None  # mended since, while this build went on; the next one takes it


def _store(
    out: Path, wanted: Sequence[Wanted], made: Mapping[str, _Made], old: Mapping[str, Kept]
) -> BuildReport:
    for half in left_halves(out):
        with contextlib.suppress(OSError):
            half.unlink()
    manifest: dict[str, Kept] = {}
    prompts, unused = [], []
    for prompt in wanted:
        new = made.get(prompt.name)
        if new is not None:
            write_whole(out / f"{prompt.name}.wav", new.data)
            seconds = (len(new.data) - _HEADER) / 2 / RATE
            manifest[prompt.name] = Kept(new.key, sha256(new.data), round(seconds, 3))
        else:
            manifest[prompt.name] = old[prompt.name]
        kept = manifest[prompt.name]
        source: Source = "spoken" if prompt.recording is None else "recorded"
        by = prompt.by
        if kept.key == prompt.key_instead:
            source, by = "spoken", prompt.speaker.identity(prompt.voice)[0]
            unused.append(_unused(prompt))
        prompts.append(BuiltPrompt(prompt.name, source, by, kept.seconds, new is not None))
    removed = tuple(sorted(set(old) - set(manifest)))
    if made or removed:
        write_manifest(out, manifest)
    for name in removed:  # only what a build of ours wrote is ever deleted
        (out / f"{name}.wav").unlink(missing_ok=True)
    return BuildReport(out, tuple(prompts), removed, tuple(filter(None, unused)))
