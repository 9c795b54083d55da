"""Folders in which an Asterisk of the tests can live.

pytest closes its own folders to other accounts, again and again; Asterisk runs as another account
when the tests run as root.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def open_folder() -> Iterator[Path]:
    """A temporary folder that every account may enter and read."""
    with tempfile.TemporaryDirectory(prefix="freizeichen-test-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        yield folder
