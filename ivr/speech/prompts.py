"""Which sound file each prompt gets, and which are still good: a recorded one, else a spoken one.

Nothing is written before every prompt could be made; each file then appears whole, and the manifest
last. A file counts as good only if it was made from the same text, voice, speed and builder, and
its content is still what was written.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from ivr.dialplan.plan import Plan
from ivr.speech.espeak import EspeakNg, SynthesiserMissing, SynthesisFailed
from ivr.speech.sound import (
    RATE,
    SoundBroken,
    levelled,
    read_wav,
    to_telephone,
    trimmed,
    wav_bytes,
    write_whole,
)

BUILDER_VERSION = 1  # raise it when the same text shall sound different
_MANIFEST = "manifest.json"
_AT_ONCE = 2

Source = Literal["spoken", "recorded"]
Progress = Callable[[int, int, str], None]


class PromptsDiffer(Exception):
    """Two dialplans of one language mean different things by one prompt; their author must act."""

    code = "prompts_differ"


class RecordingBroken(Exception):
    """A recorded prompt cannot be used; whoever recorded it must act."""

    code = "recording_broken"


@dataclass(frozen=True, slots=True)
class BuiltPrompt:
    """One sound file. `name` is `<language>/<prompt id>`; `made` is False if it was still good."""

    name: str
    source: Source
    seconds: float
    made: bool


@dataclass(frozen=True, slots=True)
class BuildReport:
    """What a build did: all prompts in order of name, and the names of files it removed."""

    out: Path
    prompts: tuple[BuiltPrompt, ...]
    removed: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Wanted:
    """One prompt to be had: `key` names everything its sound depends on."""

    name: str
    text: str
    voice: str
    speed: int
    recording: Path | None
    key: str


@dataclass(frozen=True, slots=True)
class _Kept:
    """One line of the manifest: what a file was made from, and what it holds."""

    key: str
    sha256: str
    seconds: float


def build_prompts(
    plans: Sequence[Plan],
    recorded: Path,
    out: Path,
    synthesiser: EspeakNg | None,
    *,
    progress: Progress | None = None,
) -> BuildReport:
    """Make `<out>/<language>/<id>.wav` for every prompt of the plans: 8 kHz, mono, 16 bit.

    `recorded` holds recordings by the same names, which win. `synthesiser` may be None if all
    prompts are recorded or still good. `progress` is told (ready, all, name) as each prompt is
    ready. Raises `PromptsDiffer`, `RecordingBroken`, `SynthesiserMissing`,
    `SynthesisFailed` or `OSError`, and has then changed nothing, but for an `OSError` in the middle
    of writing, after which the next build mends what is missing.
    """
    if out.resolve() == recorded.resolve():
        raise RecordingBroken(f"{out}: prompts cannot be built into the recordings; choose another")
    wanted = _wanted(plans, recorded)
    manifest = _read_manifest(out)
    missing = [w for w in wanted if not _is_good(w, manifest, out)]
    if synthesiser is None and any(w.recording is None for w in missing):
        raise SynthesiserMissing
    ready = len(wanted) - len(missing)
    made: dict[str, bytes] = {}
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        jobs = [pool.submit(_make, prompt, synthesiser) for prompt in missing]
        try:
            for prompt, job in zip(missing, jobs, strict=True):
                made[prompt.name] = job.result()
                ready += 1
                if progress is not None:
                    progress(ready, len(wanted), prompt.name)
        finally:
            pool.shutdown(cancel_futures=True)
    return _store(out, wanted, made, manifest)


def missing_prompts(plans: Sequence[Plan], recorded: Path, out: Path) -> tuple[str, ...]:
    """The prompts a build would have to make, as `<language>/<id>`. Raises `PromptsDiffer`."""
    manifest = _read_manifest(out)
    wanted = _wanted(plans, recorded)
    return tuple(w.name for w in wanted if not _is_good(w, manifest, out))


def _wanted(plans: Iterable[Plan], recorded: Path) -> list[_Wanted]:
    found: dict[str, tuple[_Wanted, str]] = {}
    for plan in plans:
        for prompt, text in plan.prompts.items():
            name = f"{plan.language}/{prompt}"
            recording = recorded / f"{name}.wav"
            source = recording.read_bytes() if recording.is_file() else None
            made_from = ["recorded", _sha256(source)] if source is not None else ["spoken", text]
            made_from += [] if source is not None else [plan.voice, str(plan.speed)]
            wanted = _Wanted(
                name,
                text,
                plan.voice,
                plan.speed,
                recording if source is not None else None,
                _sha256(json.dumps([BUILDER_VERSION, *made_from]).encode()),
            )
            earlier, file = found.setdefault(name, (wanted, plan.file))
            if (earlier.text, earlier.key) != (wanted.text, wanted.key):
                raise PromptsDiffer(
                    f"{plan.file}: prompt '{prompt}' has another text or voice than in {file}; "
                    "rename one of the two, or make them alike"
                )
    return [found[name][0] for name in sorted(found)]


def _make(wanted: _Wanted, synthesiser: EspeakNg | None) -> bytes:
    if wanted.recording is not None:
        try:
            sound, rate = read_wav(wanted.recording.read_bytes())
            return wav_bytes(levelled(trimmed(to_telephone(sound, rate))))
        except SoundBroken as error:
            raise RecordingBroken(
                f"{wanted.recording}: the recording {error}; record it anew or delete it"
            ) from None
    if synthesiser is None:
        raise SynthesiserMissing
    try:
        sound, rate = synthesiser.speak(wanted.text, voice=wanted.voice, speed=wanted.speed)
        return wav_bytes(levelled(trimmed(to_telephone(sound, rate))))
    except SoundBroken as error:
        raise SynthesisFailed(f"prompt '{wanted.name}' {error}; has it words?") from None
    except SynthesisFailed as error:
        raise SynthesisFailed(f"prompt '{wanted.name}': {error}") from None


def _store(
    out: Path, wanted: Sequence[_Wanted], made: Mapping[str, bytes], old: Mapping[str, _Kept]
) -> BuildReport:
    manifest: dict[str, _Kept] = {}
    prompts = []
    for prompt in wanted:
        data = made.get(prompt.name)
        if data is not None:
            write_whole(out / f"{prompt.name}.wav", data)
            seconds = (len(data) - 44) / 2 / RATE
            manifest[prompt.name] = _Kept(prompt.key, _sha256(data), round(seconds, 3))
        else:
            manifest[prompt.name] = old[prompt.name]
        source: Source = "spoken" if prompt.recording is None else "recorded"
        seconds = manifest[prompt.name].seconds
        prompts.append(BuiltPrompt(prompt.name, source, seconds, data is not None))
    removed = tuple(sorted(set(old) - set(manifest)))
    if made or removed:
        files = {
            name: {"key": kept.key, "sha256": kept.sha256, "seconds": kept.seconds}
            for name, kept in manifest.items()
        }
        write_whole(out / _MANIFEST, json.dumps({"files": files}, indent=1).encode() + b"\n")
    for name in removed:  # only what a build of ours wrote is ever deleted
        (out / f"{name}.wav").unlink(missing_ok=True)
    return BuildReport(out, tuple(prompts), removed)


def _is_good(wanted: _Wanted, manifest: Mapping[str, _Kept], out: Path) -> bool:
    kept = manifest.get(wanted.name)
    if kept is None or kept.key != wanted.key:
        return False
    try:
        return _sha256((out / f"{wanted.name}.wav").read_bytes()) == kept.sha256
    except OSError:
        return False


def _read_manifest(out: Path) -> dict[str, _Kept]:
    """What the last build noted; nothing if there was none or its note is broken."""
    try:
        files = json.loads((out / _MANIFEST).read_bytes())["files"]
        return {
            name: _Kept(str(entry["key"]), str(entry["sha256"]), float(entry["seconds"]))
            for name, entry in files.items()
            if _is_name(name)
        }
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return {}


def _is_name(name: str) -> bool:
    language, _, prompt = name.partition("/")
    return all(part.replace("_", "").isalnum() and part.isascii() for part in (language, prompt))


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
