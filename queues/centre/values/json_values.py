"""What JSON can hold, as the centre writes it."""

from typing import NewType

Plain = None | bool | int | float | str | list["Plain"] | dict[str, "Plain"]

Snapshot = NewType("Snapshot", dict[str, Plain])  # the whole centre: `journal/snapshot.py`
