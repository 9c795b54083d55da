"""SIP messages of the bench's plain phones: what is read of one, and what is said. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from aiosipua import (
    AuthChallenge,
    SipDigestAuth,
    build_credentials,
    parse_auth,
    stringify_auth,
)

_LONG_NAMES = {"v": "via", "f": "from", "t": "to", "i": "call-id", "m": "contact"}


@dataclass(frozen=True, slots=True)
class Message:
    """A request (`method` and `status` 0) or a response; header names are small letters."""

    method: str  # of a response: that of its CSeq
    status: int
    headers: Mapping[str, tuple[str, ...]]
    body: str

    def __repr__(self) -> str:
        return f"Message({self.method}, {self.status})"

    def first(self, name: str) -> str:
        """The first header of this name, or an empty text."""
        return self.headers.get(name, ("",))[0]

    @property
    def call_id(self) -> str:
        """The Call-ID."""
        return self.first("call-id")

    @property
    def contact(self) -> str:
        """The address where requests of this dialog go."""
        return self.first("contact").partition("<")[2].partition(">")[0]

    @property
    def rtp_port(self) -> int | None:
        """The port of the sound that the SDP names."""
        for line in self.body.splitlines():
            if line.startswith("m=audio "):
                return int(line.split()[1])
        return None


def read_message(data: bytes) -> Message | None:
    """The message in a datagram; None for what is none."""
    head, _, body = data.decode(errors="replace").partition("\r\n\r\n")
    first, *lines = head.split("\r\n")
    headers: dict[str, tuple[str, ...]] = {}
    for line in lines:
        name, colon, value = line.partition(":")
        name = _LONG_NAMES.get(name.strip().lower(), name.strip().lower())
        if colon:
            headers[name] = (*headers.get(name, ()), value.strip())
    words = first.split()
    if len(words) < 3 or "call-id" not in headers or "cseq" not in headers:
        return None
    if words[0] == "SIP/2.0":
        return Message(headers["cseq"][0].split()[-1], int(words[1]), headers, body)
    return Message(words[0], 0, headers, body)


def response(
    to: Message, status: str, tag: str, *, contact: str | None = None, body: str = ""
) -> bytes:
    """The response to a request."""
    lines = [f"SIP/2.0 {status}"]
    lines += [f"Via: {via}" for via in to.headers.get("via", ())]
    lines += [f"Record-Route: {route}" for route in to.headers.get("record-route", ())]
    whom = to.first("to")
    whom = whom if "tag=" in whom else f"{whom};tag={tag}"
    lines += [f"From: {to.first('from')}", f"To: {whom}"]
    lines += [f"Call-ID: {to.call_id}", f"CSeq: {to.first('cseq')}"]
    return _text(lines, contact, body)


def request(
    method: str,
    uri: str,
    headers: Sequence[tuple[str, str]],
    *,
    contact: str | None = None,
    body: str = "",
) -> bytes:
    """A request with these headers."""
    lines = [f"{method} {uri} SIP/2.0", *(f"{name}: {value}" for name, value in headers)]
    return _text([*lines, "Max-Forwards: 70"], contact, body)


def _text(lines: list[str], contact: str | None, body: str) -> bytes:
    if contact is not None:
        lines.append(f"Contact: <{contact}>")
    if body:
        lines.append("Content-Type: application/sdp")
    lines.append(f"Content-Length: {len(body)}")
    return ("\r\n".join(lines) + "\r\n\r\n" + body).encode()


def authorization(challenge: Message, method: str, uri: str, name: str, password: str) -> str:
    """The Authorization header that answers a 401; an empty text if it cannot be answered."""
    asked = parse_auth(challenge.first("www-authenticate"))
    if not isinstance(asked, AuthChallenge):
        return ""
    given = build_credentials(SipDigestAuth(name, password), asked, method, uri)
    return "" if given is None else stringify_auth(given)


def sound_description(host: str, port: int) -> str:
    """SDP that offers or accepts µ-law and keys."""
    lines = (
        "v=0",
        f"o=- {port} 1 IN IP4 {host}",
        "s=-",
        f"c=IN IP4 {host}",
        "t=0 0",
        f"m=audio {port} RTP/AVP 0 101",
        "a=rtpmap:0 PCMU/8000",
        "a=rtpmap:101 telephone-event/8000",
        "a=fmtp:101 0-16",
        "a=sendrecv",
    )
    return "\r\n".join(lines) + "\r\n"
