"""Debian's packages as plain files: nothing is installed, no script runs, no root is needed."""

from __future__ import annotations

import fcntl
import os
import subprocess
import tempfile
from pathlib import Path

MACHINE = Path("/var/lib/dpkg/status")


def unpacked(root: Path, package: str) -> Path:
    """A folder with a package and what it needs, made by the first who asks."""
    root.parent.mkdir(parents=True, exist_ok=True)
    with root.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # another worker of the tests may fetch it just now
        if not root.exists():
            unpack(root, package)
    return root


def unpack(root: Path, package: str, status: Path = MACHINE) -> None:
    """Unpack a package, and what it needs beyond those of this dpkg status, to `root`."""
    with tempfile.TemporaryDirectory(dir=root.parent, prefix=f"{package}-") as name:
        work = Path(name)
        for folder in ("lists/partial", "cache/archives/partial", "root"):
            (work / folder).mkdir(parents=True)
        values = {
            "Dir::State::lists": work / "lists",
            "Dir::State::status": status,
            "Dir::Cache": work / "cache",
            "Acquire::Languages": "none",
            "Acquire::Retries": "3",
            "APT::Sandbox::User": "",
            "Debug::NoLocking": "1",
        }
        options = [word for key, value in values.items() for word in ("-o", f"{key}={value}")]
        apt = ["apt-get", "-qq", *options]
        wanted = ["install", "--yes", "--no-install-recommends", "--download-only", package]
        _run([*apt, "update"], package)
        _run([*apt, *wanted], package)
        for package in sorted((work / "cache" / "archives").glob("*.deb")):
            _run(["dpkg-deb", "--extract", str(package), str(work / "root")], package)
        (work / "root").chmod(0o755)
        (work / "root").rename(root)


def _run(command: list[str], package: str) -> None:
    done = subprocess.run(
        command,
        env=dict(os.environ, LC_ALL="C", DEBIAN_FRONTEND="noninteractive"),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
    )
    assert done.returncode == 0, (
        f"{command[0]} failed, and this machine has not what a test needs; install Debian's "
        f"package '{package}', or mend its package source: {done.stderr.splitlines()[-1:]}"
    )
