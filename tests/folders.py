"""Folders for tests: where an Asterisk can live, what units see, a disk that is nearly full.

pytest closes its own folders to other accounts, again and again; Asterisk runs as another account
when the tests run as root.
"""

from __future__ import annotations

import os
import resource
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from ivr import resources
from ivr.service.units import lies_in_a_home

_NOT_OF_THE_UNITS = (Path("/tmp"), Path("/var/tmp"))  # noqa: S108  (they have their own)


@contextmanager
def folder_that_units_see() -> Iterator[Path]:
    """A temporary folder outside of homes and of what each unit has for itself."""
    places = (resources.cache_folder(), Path("/opt"), Path("/srv"), Path.cwd())
    for place in places:
        hidden = any(place.resolve().is_relative_to(each) for each in _NOT_OF_THE_UNITS)
        if not hidden and not lies_in_a_home(place) and os.access(place, os.W_OK):
            break
    else:
        raise AssertionError(f"no folder here that units could see: none of {places}")
    with tempfile.TemporaryDirectory(prefix="freizeichen-test-", dir=place) as name:
        folder = Path(name)
        folder.chmod(0o755)
        yield folder


@contextmanager
def open_folder() -> Iterator[Path]:
    """A temporary folder that every account may enter and read."""
    with tempfile.TemporaryDirectory(prefix="freizeichen-test-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        yield folder


@contextmanager
def scarce_disk(folder: Path) -> Iterator[Callable[[], None]]:
    """A disk with some 100 kB left; the function it gives frees more.

    A small disk of its own where we may mount one, else a limit on the size of files.
    """
    mount = ["mount", "-t", "tmpfs", "-o", "size=1000k,mode=0700", "tmpfs", str(folder)]
    if subprocess.run(mount, capture_output=True, check=False).returncode == 0:
        try:
            ballast = folder / "ballast"
            ballast.write_bytes(bytes(400_000))
            yield ballast.unlink
        finally:
            subprocess.run(["umount", str(folder)], check=True)
        return
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (400_000, before[1]))
    try:
        yield lambda: resource.setrlimit(resource.RLIMIT_FSIZE, before)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
