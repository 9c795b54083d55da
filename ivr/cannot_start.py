"""What ends a start, told to whoever started."""

from __future__ import annotations


class CannotStart(Exception):
    """The service cannot be started; the text says why and what to do."""
