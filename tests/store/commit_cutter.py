"""A wire to PostgreSQL that can break just after a COMMIT has arrived and before its answer is."""

from __future__ import annotations

import contextlib
import selectors
import socket
import threading
from pathlib import Path
from types import TracebackType

_CHUNK = 65_536


class CommitCutter:
    """Listens in a folder as the server would, and passes everything on, until told to cut."""

    def __init__(self, folder: Path, server: Path) -> None:
        self._server = str(server)
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(folder / server.name))
        self._listener.listen()
        self._armed = False
        self._sockets: list[socket.socket] = []
        self._threads: list[threading.Thread] = []
        self.cuts = 0

    def __enter__(self) -> CommitCutter:
        self._begin(self._accept)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for each in (self._listener, *self._sockets):
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
        for thread in list(self._threads):
            thread.join(10)
        for each in (self._listener, *self._sockets):
            each.close()

    def cut_next_commit(self) -> None:
        """Let the next COMMIT reach the server, and nothing come back."""
        self._armed = True

    def _begin(self, work: object, *arguments: socket.socket) -> None:
        thread = threading.Thread(target=work, args=arguments)  # type: ignore[arg-type]
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                server = socket.socket(socket.AF_UNIX)
                self._sockets += [client, server]
                server.connect(self._server)
                self._begin(self._pass_on, client, server)

    def _pass_on(self, client: socket.socket, server: socket.socket) -> None:
        with selectors.DefaultSelector() as selector, contextlib.suppress(OSError):
            for each in (client, server):
                selector.register(each, selectors.EVENT_READ)
            cut = False
            while not cut:
                for key, _ in selector.select():
                    data = key.fileobj.recv(_CHUNK)  # type: ignore[union-attr]
                    if not data:
                        raise OSError
                    if key.fileobj is client:
                        cut = self._armed and b"COMMIT" in data
                        server.sendall(data)
                        if cut:
                            server.recv(_CHUNK)  # the commit is done, and nobody hears of it
                            break
                    else:
                        client.sendall(data)
            self._armed = False
            self.cuts += 1
        for each in (client, server):
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
