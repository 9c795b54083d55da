"""What systemd would be to a service: a unix datagram socket that hears what it is told."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


class Supervisor:
    """Keeps every message, with the time (monotonic) at which it was read."""

    def __init__(self, path: Path) -> None:
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(str(path))
        path.chmod(0o666)  # the service may run as another account, as under systemd
        self._socket.setblocking(False)
        self.path = path
        self.heard: list[tuple[float, dict[str, str]]] = []

    def environment(self, watchdog_s: float) -> dict[str, str]:
        """What a unit with this watchdog gives its process."""
        return {"NOTIFY_SOCKET": str(self.path), "WATCHDOG_USEC": str(round(watchdog_s * 1e6))}

    def listen(self) -> None:
        """Read what lies there."""
        while True:
            try:
                data = self._socket.recv(65_536)
            except BlockingIOError:
                return
            pairs = (line.split("=", 1) for line in data.decode().splitlines())
            self.heard.append((time.monotonic(), dict(pairs)))

    def times(self, name: str, since_s: float = 0.0) -> list[float]:
        """When this was told, after a moment."""
        self.listen()
        return [at for at, told in self.heard if name in told and at > since_s]

    def close(self) -> None:
        """Be deaf."""
        self._socket.close()


@contextmanager
def supervisor(folder: Path) -> Iterator[Supervisor]:
    """A supervisor with its socket in this folder."""
    opened = Supervisor(folder / "notify")
    try:
        yield opened
    finally:
        opened.close()
