"""What is wrong with the prompts that would be played now, each with its file and the mend.

A prompt is missing or out of date, or too long; a recording cannot be read, is clipped, nearly
silent, too short or too long, or lies where no dialplan asks for it. Recordings in languages that
no line speaks are left alone.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

from ivr.dialplan.faults import nearest
from ivr.dialplan.plan import Plan
from ivr.speech.loudness import even_wav
from ivr.speech.prompt_manifest import Kept, is_good, read_manifest
from ivr.speech.prompt_sources import Wanted, wanted_prompts
from ivr.speech.pydub_quietly import AudioSegment
from ivr.speech.recording import RecordingUnusable, read_recording
from ivr.speech.sound import read_segment
from ivr.speech.voices import Voices

LONGEST_S = 20.0  # beyond it callers forget what a prompt began with
FAINTEST_DBFS = -45.0  # speech below it can only be raised together with the noise of its room
_LIMIT = 0.97  # of full scale: the highest value of µ-law, and of converters that stop short of it
# Samples in a row at the limit that are more than the top of a wave: 2 at 8 kHz, 4 at 48 kHz, and
# one more with 8 bit. Of 114 spoken prompts none had them at full scale, and all at 2 dB over it.
_SHORTEST_RUN, _ONE_MORE_FOR_EACH_HZ = 2, 20_000
# Below full scale: of the samples within 2 % of the highest, or 8 steps of 16 (8) bit, half lie at
# it. Of 66 spoken prompts at five levels none did; all did that were cut by 3 dB and made softer.
_NEAR, _NEAR_STEPS, _SHARE_OF_NEAR, _FEWEST_BELOW_FULL = 0.02, 8, 0.5, 3
_SOUND_FILES = frozenset(
    {".wav", ".wave", ".mp3", ".ogg", ".opus", ".flac", ".m4a", ".aac", ".aif", ".aiff", ".wma"}
    | {".gsm", ".g722", ".sln", ".sln16", ".ulaw", ".alaw", ".raw", ".au"}
)
_LANGUAGE = re.compile(r"[a-z]{2,3}")

Kind = Literal[
    "missing", "outdated", "unreadable", "clipped", "faint", "too_short", "too_long", "unused"
]
_NOT_BUILT: Final[dict[Kind, str]] = {"missing": "missing", "outdated": "out of date"}


@dataclass(frozen=True, slots=True)
class PromptFault:
    """One thing to mend. `prompt` is `<language>/<prompt id>`; `str()` is the line to show."""

    file: Path
    prompt: str
    kind: Kind
    message: str

    def __str__(self) -> str:
        return f"{self.file}: {self.message}"


def check_prompts(
    plans: Sequence[Plan],
    recorded: Path,
    out: Path,
    voices: Voices,
    *,
    longest_s: float = LONGEST_S,
) -> tuple[PromptFault, ...]:
    """Every fault of the plans' prompts in `out` and of the recordings, in order of prompt.

    Raises `PromptsDiffer` or `VoiceUnusable`.
    """
    manifest = read_manifest(out)
    wanted = wanted_prompts(plans, recorded, voices)
    faults: list[PromptFault] = []
    for prompt in wanted:
        if prompt.recording is not None:
            heard = list(_faults_of_recording(prompt.name, prompt.recording, longest_s))
            faults += heard
            if any(fault.kind == "unreadable" for fault in heard):
                continue  # that it was not built follows from this
        faults += _faults_of_file(prompt, manifest, out, longest_s)
    languages = {plan.language for plan in plans}
    faults += _unused(recorded, {prompt.name for prompt in wanted}, languages)
    return tuple(sorted(faults, key=lambda fault: (fault.prompt, fault.kind, str(fault.file))))


def grouped(faults: Sequence[PromptFault]) -> tuple[PromptFault, ...]:
    """The faults in the same order, with one for all files of a language that are not built.

    One such file stays as it is; several become a fault of their folder, in place of the first.
    """
    of_each: dict[tuple[str, str], list[PromptFault]] = {}
    for fault in faults:
        if fault.kind in _NOT_BUILT:
            of_each.setdefault((fault.kind, _language(fault)), []).append(fault)
    told: list[PromptFault] = []
    for fault in faults:
        alike = of_each.get((fault.kind, _language(fault)), [fault])
        if len(alike) == 1:
            told.append(fault)
        elif fault is alike[0]:
            what = _NOT_BUILT[fault.kind]
            message = f"{len(alike)} prompts are {what}; run 'freizeichen prompts build'"
            told.append(PromptFault(fault.file.parent, _language(fault), fault.kind, message))
    return tuple(told)


def clipped_places(segment: AudioSegment, *, below_full: bool = True) -> int:
    """How often the sound of any channel stays at its limit for longer than a voice does.

    The limit is full scale, or, for sound that was cut and then made softer, the channel's own
    highest value: if it is reached again and again, and hardly anything comes near without. Our
    own files are looked at for full scale alone: their peaks are rounded on purpose.
    """
    full = float(segment.max_possible_amplitude)
    samples = np.frombuffer(segment.raw_data, f"<i{segment.sample_width}").astype(np.float64)
    size = np.abs(samples.reshape(-1, segment.channels).T)
    fine = segment.sample_width > 1
    shortest = _SHORTEST_RUN + (not fine) + segment.frame_rate // _ONE_MORE_FOR_EACH_HZ
    step = full / 2**15 if fine else 0.0  # +32767 and -32768 are both limits
    places = 0
    for channel in size:
        limit = channel.max(initial=0.0)
        at_limit = channel >= limit - step
        found = _runs(at_limit, shortest)
        if limit < _LIMIT * full:
            if not below_full or found < _FEWEST_BELOW_FULL:
                continue
            near = max(_NEAR * limit, _NEAR_STEPS * full / 2 ** (15 if fine else 7))
            share = np.mean(at_limit[channel >= limit - near])
            if share < _SHARE_OF_NEAR or limit <= 2 * near:
                continue
        places += found
    return places


def _runs(at_limit: NDArray[np.bool_], shortest: int) -> int:
    edges = np.diff(np.pad(at_limit, 1).astype(np.int8))
    lengths = np.flatnonzero(edges < 0) - np.flatnonzero(edges > 0)
    return int(np.count_nonzero(lengths >= shortest))


def _language(fault: PromptFault) -> str:
    return fault.prompt.partition("/")[0]


def _faults_of_recording(name: str, path: Path, longest_s: float) -> Iterator[PromptFault]:
    try:
        recording = read_recording(path)
    except RecordingUnusable as error:
        yield PromptFault(path, name, error.kind, str(error))
        return
    if places := clipped_places(recording.segment):
        yield PromptFault(
            path,
            name,
            "clipped",
            f"is clipped in {places} {'place' if places == 1 else 'places'}; "
            "record it anew with less gain",
        )
    if recording.level_dbfs < FAINTEST_DBFS:
        yield PromptFault(
            path,
            name,
            "faint",
            f"is nearly silent: its speech lies at {recording.level_dbfs:.0f} dB of full scale, "
            f"expected {FAINTEST_DBFS:.0f} or more; record it anew, closer to the mouth or with "
            "more gain",
        )
    seconds = len(read_segment(even_wav(recording.sound))) / 1000  # as callers would hear it
    if seconds > longest_s:
        yield PromptFault(path, name, "too_long", _too_long(seconds, longest_s, "the recording"))


def _too_long(seconds: float, longest_s: float, whose: str) -> str:
    return (
        f"lasts {seconds:.1f} s, more than the {longest_s:g} s that callers follow; "
        f"shorten {whose}, or make two prompts of it"
    )


def _faults_of_file(
    prompt: Wanted, manifest: dict[str, Kept], out: Path, longest_s: float
) -> Iterator[PromptFault]:
    path = out / f"{prompt.name}.wav"
    if not is_good(prompt, manifest, out):
        kind: Kind = "outdated" if path.exists() else "missing"
        message = f"is {_NOT_BUILT[kind]}; run 'freizeichen prompts build'"
        yield PromptFault(path, prompt.name, kind, message)
        return
    if clipped_places(read_segment(path.read_bytes()), below_full=False):
        message = "is clipped; choose another voice, or record the prompt"
        yield PromptFault(path, prompt.name, "clipped", message)
    kept = manifest[prompt.name]
    is_recorded = prompt.recording is not None and kept.key == prompt.key
    if kept.seconds > longest_s and not is_recorded:
        message = _too_long(kept.seconds, longest_s, f"its text in {prompt.plan}")
        yield PromptFault(path, prompt.name, "too_long", message)


def _unused(
    recorded: Path, wanted: Collection[str], languages: Collection[str]
) -> Iterator[PromptFault]:
    for path in sorted(recorded.rglob("*")):
        place = path.relative_to(recorded)
        folder = place.parts[0]
        if path.suffix.lower() not in _SOUND_FILES or path.name.startswith("."):
            continue
        if len(place.parts) > 1 and _LANGUAGE.fullmatch(folder) and folder not in languages:
            continue
        name = place.with_suffix("").as_posix()
        if name in wanted:
            if path.suffix != ".wav":
                message = f"is not used; save it as {path.stem}.wav, PCM of 16 bit, or delete it"
                yield PromptFault(path, name, "unused", message)
            continue
        guess = nearest(name, wanted)
        mend = f"name it {guess}.wav" if guess else "give it the name of a prompt"
        yield PromptFault(
            path, name, "unused", f"no dialplan has a prompt '{name}'; {mend}, or delete it"
        )
