"""Whether Vosk can use a model's folder: tried in a process of its own, and remembered.

Vosk ends the whole process on some damaged files, most of all on a graph that was cut. So a folder
is loaded and heard with once beside us. What passed is remembered in the cache by the sizes and
times of its files, which costs a look at each file; what failed is tried again.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import os
import signal
import subprocess
import sys
from contextlib import suppress
from enum import IntEnum
from pathlib import Path

_DEADLINE_S = 120.0
_CHILD = "ivr.speech.try_model"


class TrialEnd(IntEnum):
    """How the process that tries a model ends, unless it crashes."""

    PASSED = 0
    NOT_LOADED = 10
    NOT_HEARD = 11


def trial_fault(folder: Path, language: str, cache: Path) -> str | None:
    """Why Vosk cannot use a whole folder, as the rest of a sentence; None if it can.

    Takes about 3 s and 500 MB in another process the first time, nothing later.
    """
    passed = cache / "tried-models" / _fingerprint(folder)
    if os.path.isfile(passed):
        return None
    fault = _tried(folder, language)
    if fault is None:
        with suppress(OSError):  # a cache that is not ours costs a trial at each start
            passed.parent.mkdir(parents=True, exist_ok=True)
            passed.touch()
    return fault


def was_tried(folder: Path, cache: Path) -> bool:
    """Whether this folder has passed its trial before."""
    return os.path.isfile(cache / "tried-models" / _fingerprint(folder))


def _fingerprint(folder: Path) -> str:
    """Changes with any file of a folder, and with Vosk, but not with the folder's place."""
    seen = [f"vosk {importlib.metadata.version('vosk')}"]
    for place, folders, names in os.walk(folder, followlinks=True):
        folders.sort()
        for name in sorted(names):
            path = Path(place, name)
            with suppress(OSError):  # a link to nowhere, or a file of others
                found = path.stat()
                seen.append(f"{path.relative_to(folder)} {found.st_size} {found.st_mtime_ns}")
    return hashlib.sha256("\n".join(seen).encode(errors="surrogateescape")).hexdigest()


def _tried(folder: Path, language: str) -> str | None:
    # The child finds what we found, and nothing of the folder we happen to be in.
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    try:
        ended = subprocess.run(  # noqa: S603 - this Python and a module of ours
            [sys.executable, "-P", "-m", _CHILD, str(folder.absolute()), language],
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            timeout=_DEADLINE_S,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return f"Vosk does not load it within {_DEADLINE_S:.0f} s"
    except OSError as error:
        return f"its trial could not be started: {error.strerror}"
    match ended.returncode:
        case TrialEnd.PASSED:
            return None
        case TrialEnd.NOT_LOADED:
            return "Vosk cannot load it"
        case TrialEnd.NOT_HEARD:
            return "Vosk loads it, but cannot hear with it"
        case code if code == -signal.SIGKILL:
            return "its trial was killed; loading takes about 500 MB of memory"
        case code if code in {-signal.SIGINT, -signal.SIGTERM}:
            return "its trial was ended"
        case code if code < 0:
            return f"Vosk crashes on it ({signal.Signals(-code).name})"
        case code:
            return f"its trial did not run (exit status {code})"
