"""A clean Debian that runs: its systemd is process 1 of namespaces and a network of its own.

Needs root with the right to mount. Nothing of the machine that the tests run on can be changed from
inside, except what is bound into it; what needs the internet runs in the machine's own network.
"""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

_BOOT = Path(__file__).parent / "boot.sh"
_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_UP_S, _DOWN_S, _LOOK_S = 30.0, 30.0, 0.1
_KEPT = ("PIP_", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "no_proxy")


@dataclass(frozen=True, slots=True)
class Machine:
    """A running machine: its root as seen from here, and the id of its first process."""

    root: Path
    pid: int

    def inside(self, *, online: bool = False) -> list[str]:
        """What stands before a command that runs in it; with `online` in our own network."""
        spaces = ["--mount", "--pid", "--uts", "--ipc", "--cgroup", *([] if online else ["--net"])]
        kept = [f"{name}={value}" for name, value in os.environ.items() if name.startswith(_KEPT)]
        clean = ["env", "-i", f"PATH={_PATH}", "HOME=/root", "LANG=C.UTF-8", "TERM=dumb", *kept]
        return ["nsenter", "--target", str(self.pid), *spaces, "--", *clean]

    def network(self) -> list[str]:
        """What stands before a command of ours that only shares its network."""
        return ["nsenter", f"--net=/proc/{self.pid}/ns/net", "--"]

    def run(self, *words: str) -> str:
        """What a command in it prints, whatever its exit status is."""
        done = subprocess.run(
            [*self.inside(), *words], capture_output=True, text=True, check=False, timeout=60
        )
        return done.stdout + done.stderr


@contextmanager
def booted(root: Path) -> Iterator[Machine]:
    """The machine of this root, for the block."""
    group, console = f"freizeichen-test-{os.getpid()}", root.parent / "console"
    console.touch()
    spaces = ["--pid", "--mount", "--uts", "--ipc", "--net"]
    words = ["unshare", "--fork", "--kill-child", *spaces]
    process = subprocess.Popen(
        [*words, "sh", str(_BOOT), str(root), group, str(console)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        machine = Machine(root, _first_process(process))
        _wait_booted(machine, process, console)
        yield machine
    finally:
        process.kill()  # with it goes all that is in the namespaces
        process.communicate(timeout=_DOWN_S)
        _remove(group, root.parent)


def _first_process(process: subprocess.Popen[str]) -> int:
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children")
    until = time.monotonic() + _UP_S
    while process.poll() is None and time.monotonic() < until:
        if found := children.read_text().split():
            return int(found[0])
        time.sleep(_LOOK_S)
    raise AssertionError(f"no namespaces: {_said(process)}")


def _wait_booted(machine: Machine, process: subprocess.Popen[str], console: Path) -> None:
    until, said = time.monotonic() + _UP_S, ""
    while time.monotonic() < until:
        assert process.poll() is None, f"no systemd: {_said(process)}{console.read_text()}"
        name = Path(f"/proc/{machine.pid}/comm").read_text().strip()
        said = machine.run("systemctl", "is-system-running") if name == "systemd" else name
        if said.strip() in {"running", "degraded"}:
            return
        time.sleep(_LOOK_S)
    raise AssertionError(f"systemd is {said.strip()} after {_UP_S} s: {console.read_text()}")


def _said(process: subprocess.Popen[str]) -> str:
    with suppress(subprocess.TimeoutExpired):
        return process.communicate(timeout=1)[1]
    return "it said nothing"


def _remove(group: str, folder: Path) -> None:
    """Take the cgroup away again, and those that systemd made below it."""
    place = folder / "cgroups"
    place.mkdir(exist_ok=True)
    script = (
        f"mount --make-rprivate / && mount -t cgroup2 cgroup2 {place} && "
        f"find {place}/{group} -depth -type d -exec rmdir {{}} ;"
    )
    words = ["unshare", "--mount", "sh", "-c", script.replace(" ;", " \\;")]
    subprocess.run(words, capture_output=True, check=False)
