"""A bare AMI session, for tests of what Asterisk itself answers."""

from __future__ import annotations

import socket
from contextlib import suppress
from types import TracebackType


class AmiSession:
    """Signs in and asks; blocking, with a deadline on every read."""

    def __init__(self, port: int, secret: str, username: str = "freizeichen") -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=5)
        self._lines = self._socket.makefile("rb")
        self._lines.readline()
        self.login = self.ask({"Action": "Login", "Username": username, "Secret": secret})

    def ask(self, headers: dict[str, str]) -> dict[str, str]:
        """Send one action and give the headers of its response; events between are passed over."""
        text = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        self._socket.sendall(f"{text}ActionID: 1\r\n\r\n".encode())
        while True:
            message = self._message()
            if "Response" in message:
                return message

    def _message(self) -> dict[str, str]:
        found: dict[str, str] = {}
        while (line := self._lines.readline().decode().rstrip("\r\n")) or not found:
            if not line:
                raise ConnectionError("Asterisk closed the link")
            name, _, value = line.partition(": ")
            found[name] = value
        return found

    def __enter__(self) -> AmiSession:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        # Asterisk takes one login a user: the next test must not come before this one has left.
        with suppress(OSError):
            self._socket.sendall(b"Action: Logoff\r\n\r\n")
            while self._lines.readline():
                pass
        self._lines.close()
        self._socket.close()
