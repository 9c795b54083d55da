"""What each prompt is to be made from: a recording where one lies in its place, else its text."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from ivr.dialplan.plan import Plan
from ivr.speech.recording import RecordingUnusable, content
from ivr.speech.synthesiser import Synthesiser
from ivr.speech.voices import Voices

BUILDER_VERSION = 2  # raise it when the same text shall sound different


class PromptsDiffer(Exception):
    """Two dialplans of one language mean different things by one prompt; their author must act."""

    code = "prompts_differ"


class RecordingBroken(Exception):
    """A recorded prompt cannot be used nor its text be spoken; whoever recorded it must act."""

    code = "recording_broken"


@dataclass(frozen=True, slots=True)
class Wanted:
    """One prompt to be had, `name` being `<language>/<prompt id>`, `plan` the file with its text.

    `recording` is the file that lies in its place, readable or not; `key` names everything that the
    prompt's sound depends on, and `key_instead` the same for its text, spoken because this very
    recording cannot be used.
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
    key_instead: str | None


def wanted_prompts(plans: Iterable[Plan], recorded: Path, voices: Voices) -> list[Wanted]:
    """The prompts of all plans, in order of name. Raises `PromptsDiffer` or `VoiceUnusable`."""
    found: dict[str, Wanted] = {}
    for plan in plans:
        speaker = voices.of(plan.language)
        identity = tuple(speaker.identity(plan.voice))
        for prompt, text in plan.prompts.items():
            name = plan.sound(prompt)
            recording = recorded / f"{name}.wav"
            spoken = (text, *identity, str(plan.speed))
            instead: str | None
            here: Path | None
            if os.path.lexists(recording):  # a link to nowhere is a recording that went wrong
                recorded_as = _digest(recording)
                key = _key("recorded", recorded_as)
                instead = _key("instead of", recorded_as, *spoken)
                here, by = recording, "recording"
            else:
                key, instead = _key("spoken", *spoken), None
                here, by = None, identity[0]
            wanted = Wanted(
                name, plan.file, text, plan.voice, plan.speed, speaker, by, here, key, instead
            )
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


def _key(*made_from: str) -> str:
    return sha256(json.dumps([BUILDER_VERSION, *made_from]).encode())


def _digest(recording: Path) -> str:
    try:
        return sha256(content(recording))
    except RecordingUnusable:
        return "unreadable"  # never what a prompt was made from; the build names the file
