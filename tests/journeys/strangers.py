"""What anybody may send: a caller's SIP with text in every header, requests, garbage on ports."""

from __future__ import annotations

import os
import socket
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self
from urllib.parse import quote

import httpx

from ivr.asterisk.audiosocket import frames

HOST = "127.0.0.1"
_WITHIN_S = 5.0
_ALL_METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "HEAD")


@dataclass
class TrunkLine:
    """A SIP peer at the trunk's address, as raw text; nothing is checked or mended on the way."""

    sip_port: int
    _socket: socket.socket = field(
        default_factory=lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM), repr=False
    )

    def __enter__(self) -> Self:
        self._socket.bind((HOST, 0))
        self._socket.settimeout(_WITHIN_S)
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()

    def send(self, method: str, to: str, lines: Sequence[str], body: str = "") -> None:
        """Send a request with these header lines besides Via and the body's length."""
        port = self._socket.getsockname()[1]
        head = [
            f"{method} sip:{to}@{HOST}:{self.sip_port} SIP/2.0",
            f"Via: SIP/2.0/UDP {HOST}:{port};branch=z9hG4bK{uuid.uuid4().hex};rport",
            *lines,
            f"Content-Length: {len(body.encode())}",
        ]
        data = "\r\n".join([*head, "", body]).encode()
        self._socket.sendto(data, (HOST, self.sip_port))

    def response(self, status: int) -> str:
        """The next response with this status, as it was sent."""
        while True:
            text = self._socket.recv(65_536).decode(errors="replace")
            if text.startswith(f"SIP/2.0 {status} "):
                return text

    def answer(self, method: str) -> tuple[int, str]:
        """The final status of the last request of this method, and To as it was answered."""
        while True:
            text = self._socket.recv(65_536).decode(errors="replace")
            rows = text.split("\r\n")
            if not text.startswith("SIP/2.0 ") or text.startswith("SIP/2.0 1"):
                continue
            if any(row.startswith("CSeq:") and row.endswith(method) for row in rows):
                to = next(row for row in rows if row.startswith("To:"))
                return int(rows[0].split()[1]), to


@dataclass(frozen=True)
class Caller:
    """Who calls over the trunk: every text that SIP carries of a person."""

    number: str
    name: str
    call_id: str
    headers: Mapping[str, str]
    session: str  # into the SDP
    farewell: str  # into the Reason of the BYE

    def request(self, number: int, method: str, to: str) -> list[str]:
        """The header lines of a request of this caller's dialog."""
        return [
            f'From: "{self.name}" <sip:{quote(self.number)}@{HOST}>;tag=t-{self.call_id}',
            to,
            f"Call-ID: {self.call_id}",
            f"CSeq: {number} {method}",
            f'Contact: "{self.name}" <sip:{quote(self.number)}@{HOST}:9>',
            "Max-Forwards: 70",
            *(f"{name}: {value}" for name, value in self.headers.items()),
        ]

    def offer(self) -> str:
        """SDP with this caller's text wherever it may stand."""
        rows = [
            "v=0",
            f"o={self.session} 1 1 IN IP4 {HOST}",
            f"s={self.session}",
            f"i={self.session}",
            f"c=IN IP4 {HOST}",
            "t=0 0",
            "m=audio 40000 RTP/AVP 0 101",
            "a=rtpmap:0 PCMU/8000",
            "a=rtpmap:101 telephone-event/8000",
            f"a=x-{self.session}:{self.session}",
        ]
        return "\r\n".join([*rows, ""])


def call(line: TrunkLine, caller: Caller, number: str = "100") -> tuple[int, str]:
    """Call and wait for the answer; gives its status, and To as it was answered."""
    to, typed = f'To: "{caller.name}" <sip:{number}@{HOST}>', "Content-Type: application/sdp"
    line.send("INVITE", number, [*caller.request(1, "INVITE", to), typed], caller.offer())
    status, answered_to = line.answer("INVITE")
    line.send("ACK", number, caller.request(1, "ACK", answered_to))
    return status, answered_to


def call_and_leave(line: TrunkLine, caller: Caller, number: str = "100") -> int:
    """Call, and hang up with a reason once answered; gives the status of the INVITE."""
    status, answered_to = call(line, caller, number)
    if status == 200:
        why = f'Reason: Q.850;cause=16;text="{caller.farewell}"'
        line.send("BYE", number, [*caller.request(2, "BYE", answered_to), why])
        line.answer("BYE")
    return status


def odd_packets(line: TrunkLine, caller: Caller) -> None:
    """Send what cannot be read, and what nobody asked for."""
    to = f"To: <sip:100@{HOST}>"
    text = f"{caller.session} {caller.number}"
    whole = caller.request(1, "INVITE", to)
    line.send("INVITE", "100", [*whole, "Content-Type: application/sdp"], text)
    line.send("INVITE", "100", [*whole, f"Content-Type: {caller.session}/{caller.session}"], text)
    line.send("INVITE", caller.number, caller.request(1, "INVITE", to), "")
    line.send("INVITE", "100", [row for row in whole if not row.startswith("CSeq")], text)
    line.send("INVITE", "100", [row.replace("1 INVITE", text) for row in whole], text)
    line.send(caller.session.upper(), "100", caller.request(1, caller.session.upper(), to), text)
    digest = f'Authorization: Digest username="{caller.session}", realm="{caller.session}", uri="x"'
    line.send("REGISTER", caller.number, [*caller.request(1, "REGISTER", to), digest])
    for method in ("MESSAGE", "INFO", "OPTIONS", "SUBSCRIBE", "PUBLISH", "REFER", "NOTIFY"):
        more = [f"Event: {caller.session}", f"Refer-To: <sip:{caller.number}@{HOST}>"]
        line.send(method, "100", [*caller.request(1, method, to), *more], text)


def listening_ports(pid: int) -> set[int]:
    """The TCP ports of 127.0.0.1 that a process listens on."""
    inodes = set()
    for entry in Path(f"/proc/{pid}/fd").iterdir():
        with suppress(OSError):
            inodes.add(os.readlink(entry))
    rows = [row.split() for row in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    return {
        int(row[1].split(":")[1], 16)
        for row in rows
        if row[3] == "0A" and f"socket:[{row[9]}]" in inodes
    }


def garbage_into(port: int, text: str) -> None:
    """Connect as a switch that sends nonsense for sound, each kind once."""
    raw = text.encode()
    hello = bytes([frames.Kind.IDENTITY]) + (16).to_bytes(2, "big") + uuid.uuid4().bytes
    wrong = [
        raw,
        bytes([frames.Kind.IDENTITY]) + len(raw).to_bytes(2, "big") + raw,
        hello + bytes([frames.Kind.AUDIO]) + len(raw).to_bytes(2, "big") + raw,
        hello + bytes([0xFF]) + len(raw).to_bytes(2, "big") + raw,
        b"GET /" + raw + b" HTTP/1.1\r\n\r\n",
    ]
    for data in wrong:
        with suppress(OSError), socket.create_connection((HOST, port), timeout=_WITHIN_S) as peer:
            peer.sendall(data)
            peer.settimeout(0.2)
            peer.recv(100)


def requests_of_all_kinds(address: str, token: str, text: str) -> Iterator[tuple[str, str]]:
    """Ask every route for what it must refuse, with the text in each place; gives the answers."""
    paths = httpx.get(f"{address}/openapi.json", timeout=5).json()["paths"]
    named = ("Idempotency-Key", "Last-Event-ID", "User-Agent", "Referer", "X-Request-ID")
    headers = dict.fromkeys(named, text)
    signs: list[dict[str, str]] = [
        {"Authorization": f"Bearer {token}"},
        {"Authorization": f"Bearer {text}"},
        {"Cookie": f"fz_session={text}; {text}={text}"},
        {"Authorization": f"Bearer {token}", "Origin": f"http://{text}.example"},
        {"Host": f"{text}.example"},
    ]
    bodies = [
        f'{{"reason": ["{text}"]}}',
        f'{{"{text}": "{text}"}}',
        f'{{"token": "{text}"}}',
        f'{{"reason": "{text}',
    ]
    with httpx.Client(base_url=address, timeout=5) as client:
        for template, known in paths.items():
            path = "/".join(text if part.startswith("{") else part for part in template.split("/"))
            if path.endswith("/live"):
                known = {}  # a stream: asked for in a wrong way only
            for method in (*_ALL_METHODS, text.upper()):
                for sign in signs if method.lower() in known else signs[1:3]:
                    for body in bodies if method.lower() in known else bodies[:1]:
                        answer = client.request(
                            method,
                            path,
                            params={"limit": text, "cursor": text, text: text},
                            headers=headers | sign | {"Content-Type": "application/json"},
                            content=body,
                        )
                        shown = f"{answer.status_code} {answer.headers!r} {answer.text}"
                        yield f"{method} {template}", shown
    port = int(address.rsplit(":", 1)[1])
    for number, line in enumerate(
        (f"{text} / HTTP/1.1", f"GET /{text}", f"GET / HTTP/1.1\r\n{text}\r\n {text}", text)
    ):
        with socket.create_connection((HOST, port), timeout=_WITHIN_S) as peer:
            peer.sendall(f"{line}\r\n\r\n".encode())
            yield f"raw {number}", peer.recv(65_536).decode(errors="replace")
