"""What systemd is told of us: ready, alive, stopping; nothing where no systemd asks for it.

The protocol is that of sd_notify(3): lines of NAME=value in one datagram to the unix socket that
`NOTIFY_SOCKET` names. A datagram that cannot be sent is let go of, for the supervisor draws its own
conclusions from silence; a second is waited for what is said once: "ready", "stopping", the wish to
be started anew.
"""

from __future__ import annotations

import os
import socket
from collections.abc import MutableMapping
from typing import Final, Self

STEP_S: Final = 300.0  # the longest step of a start: to fetch Asterisk
_WITHIN_S: Final = 1.0
_LONGEST_STATUS: Final = 200  # characters


class Notifier:
    """The supervisor's ear. `watchdog_s`: so often a sign of life is wanted; None for never."""

    def __init__(self, address: str | None = None, watchdog_s: float | None = None) -> None:
        """`address`: of a unix socket, a path or `@name`; None where nobody listens."""
        self.watchdog_s = watchdog_s
        self._address = address.replace("@", "\0", 1) if address and address[0] == "@" else address
        self._is_ready = False

    @classmethod
    def of(cls, environment: MutableMapping[str, str]) -> Self:
        """Take what systemd said out of the environment: programs that we start are not us."""
        address = environment.pop("NOTIFY_SOCKET", "")
        period = environment.pop("WATCHDOG_USEC", "")
        whose = environment.pop("WATCHDOG_PID", "")
        is_ours = whose in ("", str(os.getpid())) and period.isdecimal() and int(period) > 0
        watchdog_s = int(period) / 1e6 if address and is_ours else None
        return cls(address if address[:1] in ("/", "@") else None, watchdog_s)

    @property
    def is_heard(self) -> bool:
        """Whether there is a supervisor, and what we print goes to the system's journal."""
        return bool(self._address)

    def ready(self, status: str) -> None:
        """The first call would be answered."""
        self._is_ready = True
        self._send(f"READY=1\nSTATUS={_line(status)}", within_s=_WITHIN_S)

    def progress(self, text: str) -> None:
        """What we are at; a start that gets on may take `STEP_S` more from here."""
        more = "" if self._is_ready else f"\nEXTEND_TIMEOUT_USEC={round(STEP_S * 1e6)}"
        self._send(f"STATUS={_line(text)}{more}")

    def alive(self) -> None:
        """A sign of life."""
        self._send("WATCHDOG=1")

    def give_up(self) -> None:
        """Ask to be killed and started anew, as if no sign of life had come for too long."""
        self._send("WATCHDOG=trigger", within_s=_WITHIN_S)

    def stopping(self) -> None:
        """The end has begun."""
        self._send("STOPPING=1\nSTATUS=ending; calls go on in Asterisk", within_s=_WITHIN_S)

    def _send(self, text: str, *, within_s: float = 0.0) -> None:
        if not self._address:
            return
        kind = socket.SOCK_DGRAM | socket.SOCK_CLOEXEC
        try:
            with socket.socket(socket.AF_UNIX, kind) as opened:
                opened.settimeout(within_s)
                opened.sendto(text.encode(), self._address)
        except OSError:
            return


def _line(text: str) -> str:
    return " ".join(text.split())[:_LONGEST_STATUS]
