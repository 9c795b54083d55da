"""A service of its own for a bench: its folder, settings and ports, started and ended."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from ivr import resources
from ivr.bench.ports import free_ports_environment
from ivr.place.runfile import RunFile, read_run_file

READY_S = 300.0
_ENDS_S = 30.0


class BenchFailed(Exception):
    """A bench could not be run; the text says why."""


@dataclass(frozen=True, slots=True)
class RunningSite:
    """A service that answers calls."""

    folder: Path
    pid: int
    run: RunFile
    ready_after_s: float  # from the command until a call would be answered

    def resident_bytes(self) -> int:
        """How much memory the service takes now."""
        return resident_bytes(self.pid)


def resident_bytes(pid: int) -> int:
    """How much memory a process takes now."""
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


@contextmanager
def bench_folder() -> Iterator[Path]:
    """An empty folder that an ordinary account can reach."""
    with tempfile.TemporaryDirectory(prefix="freizeichen-bench-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        yield folder


def start_service(folder: Path, environment: Mapping[str, str]) -> subprocess.Popen[bytes]:
    """The command in this folder; what it prints goes to the end of the file `output`."""
    with (folder / "output").open("ab") as output:
        return subprocess.Popen(
            [sys.executable, "-m", "ivr.cli", "up"],
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env={**os.environ, **environment},
        )


@contextmanager
def running_site(
    folder: Path, *, settings: str | None = None, environment: Mapping[str, str] | None = None
) -> Iterator[RunningSite]:
    """Start `freizeichen up` in this folder; the example's settings, unless others are given.

    Raises `BenchFailed` with what the command printed when it does not come up.
    """
    file = folder / "freizeichen.yaml"
    if settings is not None:
        file.write_text(settings, encoding="utf-8")
    elif not file.exists():
        shutil.copy(resources.example_settings(), file)
    (folder / ".freizeichen" / "run.json").unlink(missing_ok=True)
    (folder / "output").unlink(missing_ok=True)
    began = time.monotonic()
    process = start_service(folder, environment or free_ports_environment())
    try:
        while not (folder / ".freizeichen" / "run.json").exists():
            if process.poll() is not None or time.monotonic() - began > READY_S:
                raise BenchFailed((folder / "output").read_text(errors="replace"))
            time.sleep(0.01)
        ready_after_s = time.monotonic() - began
        yield RunningSite(
            folder, process.pid, read_run_file(folder / ".freizeichen"), ready_after_s
        )
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(_ENDS_S)
