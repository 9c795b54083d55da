"""What systemd would be to a service: a unix datagram socket that hears what it is told."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


class Supervisor:
    """Keeps every message, with the time (monotonic) at which it came."""

    def __init__(self, path: Path) -> None:
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(str(path))
        path.chmod(0o666)  # the service may run as another account, as under systemd
        self._socket.settimeout(0.1)
        self._ends = threading.Event()
        self.path = path
        self.heard: list[tuple[float, dict[str, str]]] = []
        self._thread = threading.Thread(target=self._listen, name="supervisor")
        self._thread.start()

    def environment(self, watchdog_s: float) -> dict[str, str]:
        """What a unit with this watchdog gives its process."""
        return {"NOTIFY_SOCKET": str(self.path), "WATCHDOG_USEC": str(round(watchdog_s * 1e6))}

    def times(self, name: str, since_s: float = 0.0) -> list[float]:
        """When this was told, after a moment."""
        return [at for at, told in tuple(self.heard) if name in told and at > since_s]

    def close(self) -> None:
        """Be deaf."""
        self._ends.set()
        self._thread.join(5)
        self._socket.close()

    def _listen(self) -> None:  # at once, for the kernel keeps but a few messages
        while not self._ends.is_set():
            try:
                data = self._socket.recv(65_536)
            except TimeoutError:
                continue
            pairs = (line.split("=", 1) for line in data.decode().splitlines())
            self.heard.append((time.monotonic(), dict(pairs)))


@contextmanager
def supervisor(folder: Path) -> Iterator[Supervisor]:
    """A supervisor with its socket in this folder."""
    opened = Supervisor(folder / "notify")
    try:
        yield opened
    finally:
        opened.close()
