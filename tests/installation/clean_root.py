"""A clean Debian 12, as somebody has it before the first line of the handbook is typed.

mmdebstrap makes it once, from the machine's own package source, into the cache folder; each test
gets a copy. What is added to Debian's smallest system is what the handbook asks for (systemd,
python3-venv), and what every installed Debian has and a test needs (dbus, iproute2).
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ivr import resources
from ivr.asterisk.install import package_source
from tests.debian import unpacked

SUITE = "bookworm"
PACKAGES = ("systemd", "systemd-sysv", "python3-venv", "dbus", "iproute2", "passwd")
_LAYOUT = f"1 {SUITE} {PACKAGES}"
_LONGEST_S = 300
_PIP = ("etc/pip.conf", "root/.config/pip/pip.conf", "root/.pip/pip.conf")
_LIKE_THE_MACHINE = (*_PIP, "etc/resolv.conf", "etc/ssl/certs/ca-certificates.crt")
# How the machine's apt gets what it fetches; the rest of its configuration is its own.
_APT = ("Acquire::Check-", "Acquire::ForceIP", "Acquire::http::", "Acquire::https::")


@contextmanager
def clean_root() -> Iterator[Path]:
    """The root of a clean Debian, for the block; its network, pip and apt are the machine's."""
    made = debian()
    with tempfile.TemporaryDirectory(prefix="clean-root-", dir=made.parent) as name:
        root = Path(name) / "root"
        subprocess.run(["cp", "-a", "--reflink=auto", str(made), str(root)], check=True)
        for each in _LIKE_THE_MACHINE:
            if (theirs := Path("/") / each).exists():
                (root / each).parent.mkdir(parents=True, exist_ok=True)
                (root / each).unlink(missing_ok=True)
                shutil.copyfile(theirs, root / each)
        # Nobody sits at its console, which is a file.
        (root / "etc/systemd/system/console-getty.service").symlink_to("/dev/null")
        yield root


def debian() -> Path:
    """What all copies are made of; made by the first who asks."""
    folder = resources.cache_folder() / "tests"
    folder.mkdir(parents=True, exist_ok=True)
    root = folder / f"debian-{hashlib.sha256(_LAYOUT.encode()).hexdigest()[:12]}"
    with (folder / "debian.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not root.exists():
            _make(root, folder)
    return root


def _make(root: Path, folder: Path) -> None:
    program = unpacked(folder / "mmdebstrap", "mmdebstrap")
    with _quick_disk(folder) as quick:
        command = [
            *("perl", str(program / "usr/bin/mmdebstrap"), "--mode=root", "--variant=minbase"),
            f"--include={','.join(PACKAGES)}",
            '--aptopt=APT::Install-Recommends "false"',
            *(f"--aptopt={line}" for line in _apt_options()),
            *(SUITE, str(quick / "root"), package_source()),
        ]
        environment = dict(os.environ, LC_ALL="C")
        environment["PATH"] = f"{program / 'usr/bin'}:{os.environ['PATH']}"  # its own helpers
        done = subprocess.run(
            command,
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=_LONGEST_S,
        )
        assert done.returncode == 0, f"no clean Debian could be made: {done.stderr[-2000:]}"
        new = root.with_name(root.name + ".new")
        shutil.rmtree(new, ignore_errors=True)
        subprocess.run(["cp", "-a", str(quick / "root"), str(new)], check=True)
    new.rename(root)


def _apt_options() -> list[str]:
    told = subprocess.run(["apt-config", "dump"], check=True, capture_output=True, text=True)
    return [line for line in told.stdout.splitlines() if line.startswith(_APT)]


@contextmanager
def _quick_disk(folder: Path) -> Iterator[Path]:
    """A folder that is not synced to the disk after each package: 28 s become of 76."""
    with tempfile.TemporaryDirectory(prefix="quick-", dir=folder) as name:
        mount = ["mount", "-t", "tmpfs", "-o", "size=1g,mode=0755", "tmpfs", name]
        is_quick = subprocess.run(mount, capture_output=True, check=False).returncode == 0
        try:
            yield Path(name)
        finally:
            if is_quick:
                subprocess.run(["umount", name], check=True)
