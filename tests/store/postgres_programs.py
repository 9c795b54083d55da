"""PostgreSQL's programs for the tests: this machine's, or Debian's package unpacked into the cache.

Nothing is installed into the system: apt fetches what is missing with lists of its own, and the
packages are unpacked as plain files. The suite is the machine's own, so that its libraries fit.
"""

from __future__ import annotations

import fcntl
import functools
import os
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

from ivr import resources

_NEEDED = ("initdb", "postgres")
_LAYOUT = 1  # counted up when what is unpacked changes


@dataclass(frozen=True, slots=True)
class PostgresPrograms:
    """Where the programs are, and what their environment needs."""

    folder: Path
    libraries: str

    def path(self, name: str) -> str:
        return str(self.folder / name)

    def environment(self) -> dict[str, str]:
        plain = {"PATH": "/usr/bin:/bin", "LC_ALL": "C"}
        return plain | ({"LD_LIBRARY_PATH": self.libraries} if self.libraries else {})


@functools.cache
def postgres_programs() -> PostgresPrograms:
    """The newest PostgreSQL of this machine, else the unpacked one."""
    found = _newest(Path("/")) or _on_path()
    if found is not None:
        return PostgresPrograms(found, "")
    root = resources.cache_folder() / f"postgresql-{_LAYOUT}"
    root.parent.mkdir(parents=True, exist_ok=True)
    with (root.parent / "postgresql.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # another worker of the tests may fetch it just now
        if not root.exists():
            fetch(root, Path("/var/lib/dpkg/status"))
    return unpacked(root)


def unpacked(root: Path) -> PostgresPrograms:
    """The programs of an unpacked root."""
    found = _newest(root)
    assert found is not None, f"{root} holds no PostgreSQL; delete it and run the tests again"
    libraries = [str(path) for path in sorted(root.glob("usr/lib/*-linux-gnu"))]
    return PostgresPrograms(found, ":".join(libraries))


def fetch(root: Path, status: Path) -> None:
    """Unpack PostgreSQL, and what it needs beyond the packages of this dpkg status, to `root`."""
    with tempfile.TemporaryDirectory(dir=root.parent, prefix="postgresql-") as name:
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
        wanted = ["install", "--yes", "--no-install-recommends", "--download-only", "postgresql"]
        _run([*apt, "update"])
        _run([*apt, *wanted])
        for package in sorted((work / "cache" / "archives").glob("*.deb")):
            _run(["dpkg-deb", "--extract", str(package), str(work / "root")])
        (work / "root").chmod(0o755)
        (work / "root").rename(root)


def _newest(root: Path) -> Path | None:
    folders = [
        folder
        for folder in root.glob("usr/lib/postgresql/*/bin")
        if all((folder / name).exists() for name in _NEEDED)
    ]
    return max(folders, key=lambda folder: int(folder.parent.name), default=None)


def _on_path() -> Path | None:
    found = [shutil.which(name) for name in _NEEDED]
    return Path(found[0]).resolve().parent if found[0] and all(found) else None


def _run(command: list[str]) -> None:
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
        f"{command[0]} failed, and this machine has no PostgreSQL; install Debian's package "
        f"'postgresql', or mend its package source: {done.stderr.splitlines()[-1:]}"
    )
