"""The machine: room on the disk, and a clock that is right."""

from __future__ import annotations

import ctypes
import os
import resource
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from ivr.doctor.database import seen_store
from ivr.doctor.finding import CannotLook, Check, Finding, fault, ok, warning
from ivr.doctor.house import House

_MB = 1_000_000
_LEAST_MB = 200  # below it a start with new prompts, or a day's journal, may not fit
_ENOUGH_MB = 1_000
_UNSYNCHRONISED = 5  # TIME_ERROR of adjtimex(2)
_TIMEX_BYTES = 512  # more than the kernel's struct timex
_BEHIND_S = 5.0


def look_at_disk(house: House) -> Iterator[Finding]:
    """There is room for journal, prompts and logs."""
    code = "disk"
    folder = _nearest(house.place.run_folder)
    found = os.statvfs(folder)
    free_mb = found.f_bavail * found.f_frsize // _MB
    inodes = found.f_favail if found.f_files else None
    limit = resource.getrlimit(resource.RLIMIT_FSIZE)[0]
    room = f"{free_mb} MB are free at {folder}"
    if limit != resource.RLIM_INFINITY and limit < _ENOUGH_MB * _MB:
        do = "take the limit on the size of files away (ulimit -f unlimited, LimitFSIZE=)"
        yield fault(code, f"no file may grow beyond {limit} bytes here", do)
    elif free_mb < _LEAST_MB:
        do = "free some space: what is said and promised can then no longer be written down"
        yield fault(code, room, do)
    elif inodes is not None and inodes < 1000:
        yield fault(code, f"the disk at {folder} takes {inodes} more files", "delete some files")
    elif free_mb < _ENOUGH_MB:
        yield warning(code, room, "free some space, or give it a larger disk")
    else:
        yield ok(code, room)


def look_at_synchronised(_house: House) -> Iterator[Finding]:
    """The clock is kept right by a time server."""
    code = "clock.synchronised"
    libc = ctypes.CDLL(None, use_errno=True)
    if not hasattr(libc, "adjtimex"):
        raise CannotLook("this system does not tell whether its clock is kept right", "look at it")
    state = libc.adjtimex(ctypes.create_string_buffer(_TIMEX_BYTES))
    if state == -1:
        reason = os.strerror(ctypes.get_errno())
        raise CannotLook(f"the clock's state cannot be read ({reason})", "look at 'timedatectl'")
    if state == _UNSYNCHRONISED:
        do = (
            "install chrony or turn on systemd-timesyncd; on a virtual machine whose host keeps "
            "its clock right this can stay"
        )
        yield warning(code, "no time server keeps the clock right, as far as the kernel knows", do)
    else:
        yield ok(code, "the clock is kept right")


def look_at_order(house: House) -> Iterator[Finding]:
    """The clock does not stand before what was already written down."""
    code = "clock.order"
    seen = seen_store(house)
    if seen is None or seen.last_at is None:
        raise CannotLook("there is no journal yet to compare the clock with", "look again later")
    behind_s = seen.last_at - time.time()
    if behind_s > _BEHIND_S:
        last = datetime.fromtimestamp(seen.last_at, UTC).isoformat(timespec="seconds")
        do = "set the clock right before the next start; hours and promises go by it"
        yield fault(code, f"the clock stands before the journal's last row ({last})", do)
    else:
        yield ok(code, "the clock stands after all that was written down")


def _nearest(path: Path) -> Path:
    while not path.exists():
        path = path.parent
    return path


CHECKS = (
    Check(("disk",), look_at_disk),
    Check(("clock.synchronised",), look_at_synchronised),
    Check(("clock.order",), look_at_order),
)
