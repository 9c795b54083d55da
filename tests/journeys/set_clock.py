"""A wall clock that a test sets under programs that live: see `set_clock.c`."""

from __future__ import annotations

import shlex
import shutil
import struct
import subprocess
from pathlib import Path

from ivr import resources
from ivr.asterisk.install import Asterisk
from tests.debian import unpacked

_SOURCE = Path(__file__).with_name("set_clock.c")


class WallClock:
    """Stands so many seconds ahead of the true one, for the programs that are given it."""

    def __init__(self, folder: Path) -> None:
        """The folder is one that every account may read."""
        self._folder = folder
        self._file = folder / "wall_clock"
        self.set(0)
        library = folder / "set_clock.so"
        flags = ["-shared", "-fPIC", "-nostdlib", "-o", str(library), str(_SOURCE)]
        subprocess.run([*_compiler(), *flags], check=True)
        self.environment = {"LD_PRELOAD": str(library), "TEST_WALL_CLOCK": str(self._file)}

    def set(self, ahead_s: int) -> None:
        """Set it, at once."""
        with self._file.open("r+b" if self._file.exists() else "wb") as file:
            file.write(struct.pack("q", ahead_s))

    def asterisk(self, real: Asterisk) -> Path:
        """An Asterisk's program that goes by this clock, whatever environment it is given."""
        prefix = self._folder / "usr"
        for name, folder in (("lib/asterisk/modules", real.modules), ("share/asterisk", real.data)):
            (prefix / name).parent.mkdir(parents=True)
            (prefix / name).symlink_to(folder)
        words = shlex.join([*(f"{k}={v}" for k, v in self.environment.items()), *real.command])
        binary = prefix / "sbin/asterisk"
        binary.parent.mkdir()
        binary.write_text(f'#!/bin/sh\nexec env {words} "$@"\n')
        binary.chmod(0o755)
        return binary


def _compiler() -> list[str]:
    """This machine's C compiler, or a small one of Debian's, unpacked into the cache folder."""
    if cc := shutil.which("cc"):
        return [cc]
    root = unpacked(resources.cache_folder() / "tcc-1", "tcc")
    (home,) = root.glob("usr/lib/*/tcc")
    return [str(root / "usr/bin/tcc"), f"-B{home}"]
