"""What the last build noted: what each sound file was made from, and whether it is still that.

A file counts as good only if it was made from what its prompt is made from now, and its content is
what was written. A note that cannot be read counts as none: everything is made anew.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from ivr.speech.prompt_sources import Wanted, sha256
from ivr.speech.sound import write_whole

_MANIFEST = "manifest.json"


@dataclass(frozen=True, slots=True)
class Kept:
    """One line of the manifest: what a file was made from, and what it holds."""

    key: str
    sha256: str
    seconds: float


def read_manifest(out: Path) -> dict[str, Kept]:
    """The files of the last build by name, `<language>/<prompt id>`."""
    try:
        files = json.loads((out / _MANIFEST).read_bytes())["files"]
        return {
            name: Kept(str(entry["key"]), str(entry["sha256"]), float(entry["seconds"]))
            for name, entry in files.items()
            if _is_name(name)
        }
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return {}


def write_manifest(out: Path, manifest: Mapping[str, Kept]) -> None:
    """Note what the files of a build are. Raises `OSError`, the earlier note then being whole."""
    files = {name: asdict(kept) for name, kept in manifest.items()}
    write_whole(out / _MANIFEST, json.dumps({"files": files}, indent=1).encode() + b"\n")


def is_good(wanted: Wanted, manifest: Mapping[str, Kept], out: Path) -> bool:
    """Whether the file of a prompt is there and needs not be made anew."""
    kept = manifest.get(wanted.name)
    if kept is None or kept.key not in (wanted.key, wanted.key_instead):
        return False
    try:
        return sha256((out / f"{wanted.name}.wav").read_bytes()) == kept.sha256
    except OSError:
        return False


def left_halves(out: Path) -> list[Path]:
    """The hidden files that builds which were killed could not take away."""
    return [*out.glob("*/.*.wav.????????"), *out.glob(f".{_MANIFEST}.????????")]


def _is_name(name: str) -> bool:
    language, _, prompt = name.partition("/")
    return all(part.replace("_", "").isalnum() and part.isascii() for part in (language, prompt))
