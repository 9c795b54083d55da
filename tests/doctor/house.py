"""A house in which nothing is wrong: real service, real Asterisk, and ways to plant a fault."""

from __future__ import annotations

import shutil
import socket
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from ruamel.yaml import YAML

from ivr.doctor.examination import examine
from ivr.doctor.finding import Finding, State
from ivr.place.place import Place
from ivr.place.runfile import RUN_FOLDER
from tests.journeys.service import Service, console, running_service

NUMBER = "+4930123456"
LINES = [{"number": NUMBER, "name": "Town", "language": "ko", "dialplan": "ko/main.yaml"}]
_ECHOED = frozenset({"Via", "From", "To", "Call-ID", "CSeq"})
# That files say something else than the settings, if a fault was planted in them.
CHANGED = "asterisk.current"
_BAD = frozenset({State.FAULT, State.WARNING})
# Whether a time server keeps the clock of the machine that tests is not ours to say.
_NOT_OURS = frozenset({"clock.synchronised"})


class Provider:
    """A phone network: it `answers`, or is away; it `knows_us`, or registers nobody."""

    def __init__(self) -> None:
        self.answers = self.knows_us = True
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", 0))
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    @property
    def port(self) -> int:
        return int(self._socket.getsockname()[1])

    def _serve(self) -> None:
        while True:
            request, sender = self._socket.recvfrom(65_000)
            if not request:
                return
            lines = request.decode().split("\r\n")
            kept = [line for line in lines if line.split(":")[0] in _ECHOED]
            is_known = self.knows_us or not lines[0].startswith("REGISTER ")
            first = "SIP/2.0 200 OK" if is_known else "SIP/2.0 403 Forbidden"
            contact = [line for line in lines if line.startswith("Contact:")]
            answer = [first, *kept, *contact, "Expires: 300", "Content-Length: 0", "", ""]
            if self.answers and lines[0].startswith(("OPTIONS ", "REGISTER ")):
                self._socket.sendto("\r\n".join(answer).encode(), sender)

    def close(self) -> None:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as end:
            end.sendto(b"", ("127.0.0.1", self.port))
        self._thread.join(5)
        self._socket.close()


@dataclass(frozen=True, slots=True)
class House:
    """A running service in order, and its folder."""

    service: Service
    provider: Provider

    @property
    def trunk(self) -> dict[str, object]:
        """How settings name the provider."""
        return {"host": "127.0.0.1", "port": self.provider.port, "number": NUMBER}

    @property
    def run_folder(self) -> Path:
        return self.service.folder / RUN_FOLDER

    @property
    def etc(self) -> Path:
        return self.run_folder / "asterisk" / "etc"

    def etc_copy(self, folder: Path) -> Path:
        """Its Asterisk's files once more, for something to be planted in them."""
        return shutil.copytree(self.etc, folder / "etc")

    def console(self, line: str) -> str:
        return console(self.service, line)

    def settings_copy(self, **changes: object) -> Path:
        """Its settings with changes, for the same run folder; tables are joined, not replaced."""
        yaml = YAML(typ="safe")
        values = yaml.load(self.service.folder / "freizeichen.yaml")
        for name, value in changes.items():
            is_table = isinstance(value, dict) and isinstance(values.get(name), dict)
            values[name] = values[name] | value if is_table else value
        path = self.service.folder / "planted.yaml"
        yaml.dump(values, path)
        return path

    def look(
        self, *, settings: Path | None = None, theirs: Path | None = None, calls: bool = False
    ) -> list[Finding]:
        """What doctor finds."""
        file = settings or self.service.folder / "freizeichen.yaml"
        place = Place(file, self.run_folder, is_example=False)
        return list(examine(place, theirs=theirs, calls=calls))


def bad(findings: list[Finding], *, beside: str = "") -> dict[str, State]:
    """What is not in order, by its code; `beside` a code that follows from another."""
    return {
        each.code: each.state
        for each in findings
        if each.state in _BAD and each.code not in {*_NOT_OURS, beside}
    }


@contextmanager
def clean_house(folder: Path) -> Iterator[House]:
    """A service with one line and a provider that answers."""
    with closing(Provider()) as provider:
        trunk = {"host": "127.0.0.1", "port": provider.port, "number": NUMBER}
        trunk["keep_alive_s"] = 3600  # asked by tests alone: what was asked while away ends later
        emergency = {"number": "+49301112233"}
        with running_service(folder, lines=LINES, trunk=trunk, emergency=emergency) as service:
            yield House(service, provider)
