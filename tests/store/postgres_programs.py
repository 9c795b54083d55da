"""PostgreSQL's programs for the tests: this machine's, or Debian's package unpacked into the cache.

Nothing is installed into the system: apt fetches what is missing with lists of its own, and the
packages are unpacked as plain files. The suite is the machine's own, so that its libraries fit.
"""

from __future__ import annotations

import functools
import shutil
from dataclasses import dataclass
from pathlib import Path

from ivr import resources
from tests import debian

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
    return programs_in(debian.unpacked(root, "postgresql"))


def programs_in(root: Path) -> PostgresPrograms:
    """The programs of an unpacked root."""
    found = _newest(root)
    assert found is not None, f"{root} holds no PostgreSQL; delete it and run the tests again"
    libraries = [str(path) for path in sorted(root.glob("usr/lib/*-linux-gnu"))]
    return PostgresPrograms(found, ":".join(libraries))


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
