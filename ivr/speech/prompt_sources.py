"""What each prompt is to be made from: a recording where one lies in its place, else its text."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from ivr.dialplan.plan import Plan
from ivr.speech.synthesiser import Synthesiser
from ivr.speech.voices import Voices

BUILDER_VERSION = 2  # raise it when the same text shall sound different


class PromptsDiffer(Exception):
    """Two dialplans of one language mean different things by one prompt; their author must act."""

    code = "prompts_differ"


class RecordingBroken(Exception):
    """A recorded prompt cannot be used; whoever recorded it must act."""

    code = "recording_broken"


@dataclass(frozen=True, slots=True)
class Wanted:
    """One prompt to be had, `name` being `<language>/<prompt id>`, `plan` the file with its text.

    `recording` is the file that lies in its place, readable or not; `key` names everything that the
    prompt's sound depends on.
    """

    name: str
    plan: str
    text: str
    voice: str
    speed: int
    speaker: Synthesiser
    by: str  # "recording", or the program that speaks it
    recording: Path | None
    key: str


def wanted_prompts(plans: Iterable[Plan], recorded: Path, voices: Voices) -> list[Wanted]:
    """The prompts of all plans, in order of name. Raises `PromptsDiffer` or `VoiceUnusable`."""
    found: dict[str, Wanted] = {}
    for plan in plans:
        speaker = voices.of(plan.language)
        identity = tuple(speaker.identity(plan.voice))
        for prompt, text in plan.prompts.items():
            name = f"{plan.language}/{prompt}"
            recording = recorded / f"{name}.wav"
            if os.path.lexists(recording):  # a link to nowhere is a recording that went wrong
                made_from: Sequence[str] = ("recorded", _content(recording))
                here, by = recording, "recording"
            else:
                made_from = ("spoken", text, *identity, str(plan.speed))
                here, by = None, identity[0]
            key = sha256(json.dumps([BUILDER_VERSION, *made_from]).encode())
            wanted = Wanted(name, plan.file, text, plan.voice, plan.speed, speaker, by, here, key)
            earlier = found.setdefault(name, wanted)
            if (earlier.text, earlier.key) != (wanted.text, wanted.key):
                raise PromptsDiffer(
                    f"{plan.file}: prompt '{prompt}' has another text or voice than in "
                    f"{earlier.plan}; rename one of the two, or make them alike"
                )
    return [found[name] for name in sorted(found)]


def sha256(data: bytes) -> str:
    """The digest of some bytes, in hexadecimal."""
    return hashlib.sha256(data).hexdigest()


def _content(recording: Path) -> str:
    try:
        return sha256(recording.read_bytes())
    except OSError:
        return "unreadable"  # never what a prompt was made from; the build names the file
