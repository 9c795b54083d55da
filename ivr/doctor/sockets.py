"""Which addresses a process listens at, read from the kernel's own tables."""

from __future__ import annotations

import ipaddress
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from ivr.doctor.finding import CannotLook

_LISTENS, _UNCONNECTED = "0A", "07"


@dataclass(frozen=True, slots=True, order=True)
class Listening:
    """An address where a process takes what comes."""

    kind: Literal["tcp", "udp"]
    port: int
    address: str

    @property
    def is_loopback(self) -> bool:
        """Whether only this machine reaches it."""
        return ipaddress.ip_address(self.address).is_loopback

    def __str__(self) -> str:
        return f"{self.kind} {self.address}:{self.port}"


def listening_of(pid: int) -> tuple[Listening, ...]:
    """Every address where this process listens, in order; raises `CannotLook`."""
    try:
        own = set(_inodes(pid))
        return tuple(sorted(set(_of(pid, own))))
    except OSError as error:
        raise CannotLook(
            f"the sockets of process {pid} cannot be seen ({error.strerror})",
            "run this as the account that runs it, or as root",
        ) from None


def _inodes(pid: int) -> Iterator[str]:
    folder = f"/proc/{pid}/fd"
    for name in os.listdir(folder):
        try:
            target = os.readlink(f"{folder}/{name}")
        except FileNotFoundError:
            continue  # closed since
        if target.startswith("socket:["):
            yield target[8:-1]


def _of(pid: int, own: set[str]) -> Iterator[Listening]:
    kinds: tuple[Literal["tcp", "udp"], ...] = ("tcp", "udp")
    for kind in kinds:
        state = _LISTENS if kind == "tcp" else _UNCONNECTED
        for table in (kind, f"{kind}6"):
            path = Path(f"/proc/{pid}/net/{table}")
            for row in path.read_text().splitlines()[1:] if path.exists() else ():
                words = row.split()
                if words[9] in own and words[3] == state:
                    address, _, port = words[1].partition(":")
                    yield Listening(kind, int(port, 16), _address(address))


def _address(text: str) -> str:
    """The kernel writes words of 32 bits in the machine's own order."""
    raw = b"".join(bytes.fromhex(text[at : at + 8])[::-1] for at in range(0, len(text), 8))
    found = ipaddress.ip_address(raw)
    mapped = found.ipv4_mapped if isinstance(found, ipaddress.IPv6Address) else None
    return str(mapped or found)
